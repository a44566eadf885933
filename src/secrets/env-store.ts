import { LatchkeyError } from '../domain/errors.ts';
import type { SecretStore } from '../roles/secret-store.ts';
import { checkName, checkValue } from './entry.ts';

const prefix = 'LATCHKEY_SECRET_';
/** Settings of the secret stores themselves that begin with the same words. */
const settings = new Set(['LATCHKEY_SECRET_STORE', 'LATCHKEY_SECRET_KEY_FILE']);

/** `profile/ap/token` is LATCHKEY_SECRET_PROFILE_AP_TOKEN. Read-only; an empty variable counts as absent. */
export class EnvStore implements SecretStore {
  readonly kind = 'env';
  readonly #env: NodeJS.ProcessEnv;

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  async get(name: string): Promise<string | undefined> {
    return this.#env[variableOf(name)] || undefined;
  }

  async set(name: string, value: string): Promise<void> {
    const variable = variableOf(name);
    checkValue(name, value);
    throw readOnly(`Set ${variable} to this secret yourself, or choose another store with LATCHKEY_SECRET_STORE.`);
  }

  async delete(name: string): Promise<boolean> {
    if ((await this.get(name)) === undefined) {
      return false;
    }
    throw readOnly(`Unset ${variableOf(name)} yourself.`);
  }

  async names(): Promise<string[]> {
    return Object.keys(this.#env)
      .filter((variable) => variable.startsWith(prefix) && !settings.has(variable) && this.#env[variable] !== '')
      .map((variable) => variable.slice(prefix.length).toLowerCase())
      .sort();
  }
}

function variableOf(name: string): string {
  const variable = prefix + checkName(name).toUpperCase().replace(/[^A-Z0-9]/g, '_');
  if (settings.has(variable)) {
    throw new LatchkeyError('invalid_input', `No secret can be called ${name}: ${variable} is a setting.`);
  }
  return variable;
}

function readOnly(hint: string): LatchkeyError {
  return new LatchkeyError('secret_store_unavailable', 'Secrets come from the environment, which cannot be written.', {
    hint,
  });
}
