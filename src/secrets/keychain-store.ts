import { createRequire } from 'node:module';
import type { SecretStore } from '../roles/secret-store.ts';
import { checkName, checkValue } from './entry.ts';
import { readySecretService, unavailable } from './secret-service.ts';

/** The part of keytar that is used here. */
interface Keytar {
  getPassword(service: string, account: string): Promise<string | null>;
  setPassword(service: string, account: string, password: string): Promise<void>;
  deletePassword(service: string, account: string): Promise<boolean>;
  findCredentials(service: string): Promise<readonly { readonly account: string }[]>;
}

/** Keychain on macOS, Credential Manager on Windows, the Secret Service on Linux; see docs/adr on the keychain. */
export class KeychainStore implements SecretStore {
  readonly kind = 'keychain';
  readonly #env: NodeJS.ProcessEnv;
  readonly #service: string;
  readonly #mayPrompt: boolean;

  /** LATCHKEY_KEYCHAIN_SERVICE: the service name in place of `latchkey`. `mayPrompt`: see readySecretService. */
  constructor(env: NodeJS.ProcessEnv, { mayPrompt }: { mayPrompt: boolean }) {
    this.#env = env;
    this.#service = env['LATCHKEY_KEYCHAIN_SERVICE'] || 'latchkey';
    this.#mayPrompt = mayPrompt;
  }

  async get(name: string): Promise<string | undefined> {
    checkName(name);
    return (await this.#use((keytar) => keytar.getPassword(this.#service, name))) ?? undefined;
  }

  async set(name: string, value: string): Promise<void> {
    checkName(name);
    checkValue(name, value);
    await this.#use((keytar) => keytar.setPassword(this.#service, name, value));
  }

  async delete(name: string): Promise<boolean> {
    checkName(name);
    return this.#use((keytar) => keytar.deletePassword(this.#service, name));
  }

  async names(): Promise<string[]> {
    const found = await this.#use((keytar) => keytar.findCredentials(this.#service));
    return found.map(({ account }) => account).sort();
  }

  async #use<T>(operation: (keytar: Keytar) => Promise<T>): Promise<T> {
    const keytar = await loadKeytar();
    if (process.platform !== 'win32' && process.platform !== 'darwin') {
      await readySecretService(this.#env, { service: this.#service }, { mayPrompt: this.#mayPrompt });
    }
    try {
      return await operation(keytar);
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      throw unavailable(`it says “${said}”`, 'Look at the system’s own keychain program.', error);
    }
  }
}

async function loadKeytar(): Promise<Keytar> {
  try {
    return (await import('keytar')).default;
  } catch (error) {
    throw unavailable(whyNotLoaded(), libraryRemedy(), error);
  }
}

/** keytar tries several places and keeps none of the reasons: ask the loader for the one that counts. */
function whyNotLoaded(): string {
  const addon = `keytar/prebuilds/${process.platform}-${process.arch}/keytar.node`;
  try {
    process.dlopen({ exports: {} }, createRequire(import.meta.url).resolve(addon));
    return 'keytar does not load';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function libraryRemedy(): string {
  return process.platform === 'linux'
    ? 'Install libsecret (Debian and Ubuntu: libsecret-1-0; Fedora, Arch and openSUSE: libsecret).'
    : 'Install Latchkey again.';
}
