import { Buffer } from 'node:buffer';
import { LatchkeyError } from '../../domain/errors.ts';
import { readToken } from '../../protocol/credit-code.ts';
import { base64url } from '../../protocol/encoding.ts';
import type { SecretStore } from '../../roles/secret-store.ts';
import type { KeptCode, KeptCodes } from '../../roles/wallet/own-codes.ts';

/** A key may begin as no part of a secret's name does. */
const nameForm = /^wallet\/([\w-]{1,64})\/credit-code\/key\.([\w-]{1,64})$/;

/** Credit payment codes with their private keys, in the secret store of this machine. */
export class StoredCreditCodes implements KeptCodes {
  readonly #store: SecretStore;

  constructor(store: SecretStore) {
    this.#store = store;
  }

  /** Those that can be read. */
  async list(): Promise<readonly KeptCode[]> {
    return (await this.#all()).filter((code): code is KeptCode => !(code instanceof LatchkeyError));
  }

  /** Why others cannot be, each with the name of its secret; `invalid_input`. */
  async unreadable(): Promise<readonly LatchkeyError[]> {
    return (await this.#all()).filter((code) => code instanceof LatchkeyError);
  }

  /** Errors: `invalid_input` if it cannot be read. */
  async get(accountId: string, key: string): Promise<KeptCode | undefined> {
    const code = await this.#read(accountId, key);
    if (code instanceof LatchkeyError) {
      throw code;
    }
    return code;
  }

  async set(code: KeptCode): Promise<void> {
    const parts = code.signed === undefined ? [code.seed] : [code.seed, code.signed];
    await this.#store.set(nameOf(code), parts.map(base64url).join(' '));
  }

  async remove(code: Pick<KeptCode, 'accountId' | 'key'>): Promise<void> {
    await this.#store.delete(nameOf(code));
  }

  async #all(): Promise<readonly (KeptCode | LatchkeyError)[]> {
    const found: (KeptCode | LatchkeyError)[] = [];
    for (const name of await this.#store.names()) {
      const [, accountId = '', key = ''] = nameForm.exec(name) ?? [];
      // Another process may have removed it meanwhile.
      const code = key === '' ? undefined : await this.#read(accountId, key);
      found.push(...(code === undefined ? [] : [code]));
    }
    return found;
  }

  async #read(accountId: string, key: string): Promise<KeptCode | LatchkeyError | undefined> {
    const name = nameOf({ accountId, key });
    const text = await this.#store.get(name);
    const parts = text === undefined ? undefined : parse(text);
    if (text === undefined || parts !== undefined) {
      return parts && { accountId, key, ...parts };
    }
    return new LatchkeyError('invalid_input', `What the secret store has as ${name} is no credit payment code.`, {
      hint: 'Remove it with `latchkey secret remove`; the other codes are as before. What a code may spend is held until a week after it is over.',
    });
  }
}

function nameOf({ accountId, key }: Pick<KeptCode, 'accountId' | 'key'>): string {
  return `wallet/${accountId}/credit-code/key.${key}`;
}

/** Undefined for what is no code. */
function parse(text: string): Pick<KeptCode, 'seed' | 'signed'> | undefined {
  const [, seed, signed] = /^([\w-]{43})(?: ([\w-]+))?$/.exec(text) ?? [];
  if (seed === undefined) {
    return undefined;
  }
  const parts = { seed: Buffer.from(seed, 'base64url'), signed: signed === undefined ? undefined : Buffer.from(signed, 'base64url') };
  return parts.signed === undefined || isToken(parts.signed) ? parts : undefined;
}

function isToken(signed: Uint8Array): boolean {
  try {
    readToken(signed);
    return true;
  } catch (error) {
    if (error instanceof LatchkeyError) {
      return false;
    }
    throw error;
  }
}
