import { LatchkeyError } from '../../domain/errors.ts';
import { parsePassphrase, securities, type Security } from '../../domain/ssid.ts';
import { newAccessKey, parsePublicJwk, type PrivateJwk } from '../../protocol/access-code.ts';
import type { SecretStore } from '../../roles/secret-store.ts';

/** The one password of a network that no agent serves. */
export interface NetworkPassword {
  readonly security: Security;
  readonly password: string;
}

/** What a cash register keeps in the secret store of this machine. */
export class RegisterSecrets {
  readonly #store: SecretStore;
  readonly #folder: string;

  constructor(store: SecretStore, registerId: string) {
    this.#store = store;
    this.#folder = `pos/${registerId}`;
  }

  /** To which passwords are sealed for it. Errors: `invalid_input` if what is stored is no key. */
  async key(): Promise<PrivateJwk | undefined> {
    const name = `${this.#folder}/key`;
    const text = await this.#store.get(name);
    return text === undefined ? undefined : parseKey(text, name);
  }

  /** The one that is there, or a new one. */
  async haveKey(): Promise<PrivateJwk> {
    const there = await this.key();
    if (there !== undefined) {
      return there;
    }
    const made = newAccessKey();
    await this.#store.set(`${this.#folder}/key`, JSON.stringify(made));
    return made;
  }

  async networkPassword(): Promise<NetworkPassword | undefined> {
    const name = `${this.#folder}/network-password`;
    const text = await this.#store.get(name);
    return text === undefined ? undefined : parseNetworkPassword(text, name);
  }

  async setNetworkPassword({ security, password }: NetworkPassword): Promise<void> {
    await this.#store.set(`${this.#folder}/network-password`, `${security} ${parsePassphrase(password)}`);
  }
}

function parseKey(text: string, name: string): PrivateJwk {
  try {
    const { d } = JSON.parse(text) as { d?: unknown };
    if (typeof d === 'string') {
      return { ...parsePublicJwk(text), d };
    }
  } catch {
    // As anything else that is none.
  }
  throw new LatchkeyError('invalid_input', `What the secret store has as ${name} is no key.`, { hint: 'Remove it with `latchkey secret remove`, and enrol the cash register again.' });
}

function parseNetworkPassword(text: string, name: string): NetworkPassword {
  const [, chosen, password] = /^(\S+) (.*)$/.exec(text) ?? [];
  const security = securities.find((one) => one === chosen);
  if (security === undefined || password === undefined) {
    throw new LatchkeyError('invalid_input', `What the secret store has as ${name} is no password of a network.`, { hint: 'Set it with `latchkey pos network set`.' });
  }
  return { security, password };
}
