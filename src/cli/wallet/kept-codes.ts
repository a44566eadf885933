import { Buffer } from 'node:buffer';
import { LatchkeyError } from '../../domain/errors.ts';
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

  async list(): Promise<readonly KeptCode[]> {
    const found: KeptCode[] = [];
    for (const name of await this.#store.names()) {
      const [, accountId = '', key = ''] = nameForm.exec(name) ?? [];
      // Another process may have removed it meanwhile.
      const code = key === '' ? undefined : await this.get(accountId, key);
      found.push(...(code === undefined ? [] : [code]));
    }
    return found;
  }

  async get(accountId: string, key: string): Promise<KeptCode | undefined> {
    const name = nameOf({ accountId, key });
    const text = await this.#store.get(name);
    return text === undefined ? undefined : { accountId, key, ...parse(text, name) };
  }

  async set(code: KeptCode): Promise<void> {
    const parts = code.signed === undefined ? [code.seed] : [code.seed, code.signed];
    await this.#store.set(nameOf(code), parts.map(base64url).join(' '));
  }

  async remove(code: Pick<KeptCode, 'accountId' | 'key'>): Promise<void> {
    await this.#store.delete(nameOf(code));
  }
}

function nameOf({ accountId, key }: Pick<KeptCode, 'accountId' | 'key'>): string {
  return `wallet/${accountId}/credit-code/key.${key}`;
}

function parse(text: string, name: string): Pick<KeptCode, 'seed' | 'signed'> {
  const [, seed, signed] = /^([\w-]{43})(?: ([\w-]+))?$/.exec(text) ?? [];
  if (seed === undefined) {
    throw new LatchkeyError('invalid_input', `What the secret store has as ${name} is no credit payment code.`, { hint: 'Remove it with `latchkey secret remove`, and have the code revoked: `latchkey code revoke`.' });
  }
  return { seed: Buffer.from(seed, 'base64url'), signed: signed === undefined ? undefined : Buffer.from(signed, 'base64url') };
}
