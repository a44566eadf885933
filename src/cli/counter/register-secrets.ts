import { randomBytes } from 'node:crypto';
import { LatchkeyError } from '../../domain/errors.ts';
import { parsePassphrase, securities, type Security } from '../../domain/ssid.ts';
import { newAccessKey, parsePublicJwk, type PrivateJwk } from '../../protocol/access-code.ts';
import { newEd25519, type Ed25519KeyPair } from '../../protocol/ed25519.ts';
import { base64url, parseBase64url } from '../../protocol/encoding.ts';
import type { SecretStore } from '../../roles/secret-store.ts';

/** The one password of a network that no agent serves. */
export interface NetworkPassword {
  readonly security: Security;
  readonly password: string;
}

const receiptSeedBytes = 32;

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

  /** By which it signs receipts for credit payment codes. Errors: `invalid_input` if what is stored is no key. */
  async receiptKey(): Promise<Ed25519KeyPair | undefined> {
    const name = `${this.#folder}/receipt-key`;
    const text = await this.#store.get(name);
    return text === undefined ? undefined : parseSeed(text, name);
  }

  /** The one that is there, or a new one. */
  async haveReceiptKey(): Promise<Ed25519KeyPair> {
    const there = await this.receiptKey();
    if (there !== undefined) {
      return there;
    }
    const seed = randomBytes(receiptSeedBytes);
    await this.#store.set(`${this.#folder}/receipt-key`, base64url(seed));
    return newEd25519(seed);
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

function parseSeed(text: string, name: string): Ed25519KeyPair {
  const seed = parseBase64url(text, receiptSeedBytes);
  if (seed === undefined) {
    throw new LatchkeyError('invalid_input', `What the secret store has as ${name} is no key.`, { hint: 'Remove it with `latchkey secret remove`, and run `latchkey code trust sync`, once all accepted codes are settled.' });
  }
  return newEd25519(seed);
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
