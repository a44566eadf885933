import { Buffer } from 'node:buffer';
import { LatchkeyError } from '../../domain/errors.ts';
import { passwordAlgorithms, type PasswordAlgorithm } from '../../domain/payment.ts';
import type { SecretStore } from '../../roles/secret-store.ts';
import type { CodeBook, HeldCode } from '../../roles/wallet/payer.ts';

/** Temporary codes in the secret store of this machine. */
export class StoredCodes implements CodeBook {
  readonly #store: SecretStore;

  constructor(store: SecretStore) {
    this.#store = store;
  }

  async get(accountId: string): Promise<HeldCode | undefined> {
    const text = await this.#store.get(nameOf(accountId));
    return text === undefined ? undefined : parse(text, accountId);
  }

  async set(accountId: string, { number, algorithm, code, next }: HeldCode): Promise<void> {
    const codes = [code, ...(next === undefined ? [] : [next])].map((each) => Buffer.from(each).toString('base64url'));
    await this.#store.set(nameOf(accountId), [number, algorithm, ...codes].join(' '));
  }
}

function nameOf(accountId: string): string {
  return `wallet/${accountId}/temporary-code`;
}

function parse(text: string, accountId: string): HeldCode {
  const [, number = '', algorithm = '', code = '', next] = /^(\d{1,15}) (\S+) ([\w-]{43})(?: ([\w-]{43}))?$/.exec(text) ?? [];
  if (!passwordAlgorithms.includes(algorithm as PasswordAlgorithm)) {
    throw new LatchkeyError('invalid_input', `What the secret store has as ${nameOf(accountId)} is no temporary code.`, { hint: 'Run `latchkey account rebind`.' });
  }
  const held = { number: Number(number), algorithm: algorithm as PasswordAlgorithm, code: Buffer.from(code, 'base64url') };
  return next === undefined ? held : { ...held, next: Buffer.from(next, 'base64url') };
}
