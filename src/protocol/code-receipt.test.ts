import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { CodeReceipt } from '../domain/credit-code.ts';
import { LatchkeyError, type ErrorCode } from '../domain/errors.ts';
import { parseReceiptText, readReceipt, receiptIdOf, receiptText, signReceipt, verifyReceipt } from './code-receipt.ts';
import { ed25519Public, newEd25519 } from './ed25519.ts';

const register = newEd25519(Buffer.alloc(32, 4));
const key = ed25519Public(register.publicKey);
const id = (prefix: string, byte: number) => `${prefix}_${Buffer.alloc(16, byte).toString('base64url')}`;
const receipt: CodeReceipt = {
  registerId: id('pos', 1),
  payeeId: id('acc', 2),
  tokenId: id('code', 3),
  counter: 3,
  amount: { minor: 450n, currency: 'EUR' },
  at: new Date('2026-12-01T09:00:12Z'),
  trustAsOf: new Date('2026-12-01T06:00:00Z'),
  codeHash: new Uint8Array(32).fill(9),
};
const signed = signReceipt(receipt, register.privateKey);

test('a receipt says what was signed, from its text', () => {
  expect(verifyReceipt(parseReceiptText(receiptText(signed)), key)).toEqual(receipt);
  expect(readReceipt(signed)).toEqual(receipt);
});

test('the same receipt has the same id', () => {
  expect(receiptIdOf(signReceipt({ ...receipt }, register.privateKey))).toBe(receiptIdOf(signed));
  expect(receiptIdOf(signReceipt({ ...receipt, counter: 4 }, register.privateKey))).not.toBe(receiptIdOf(signed));
});

test('another key’s is refused before it is read', () => {
  const changed = Buffer.from(signed);
  changed[changed.indexOf('EUR')] = 0;
  expect(() => verifyReceipt(changed, key)).toThrow(new LatchkeyError('receipt_signature_invalid'));
  expect(() => verifyReceipt(signed, ed25519Public(newEd25519(Buffer.alloc(32, 5)).publicKey))).toThrow(new LatchkeyError('receipt_signature_invalid'));
});

test('the longest receipt fits', () => {
  const long: CodeReceipt = { ...receipt, registerId: 'r'.repeat(64), payeeId: 'p'.repeat(64), counter: 2_147_483_647, amount: { minor: 999_999_999_999n, currency: 'EUR' }, at: new Date('9999-12-31T23:59:59Z'), trustAsOf: new Date('9999-12-31T23:59:59Z') };
  expect(verifyReceipt(parseReceiptText(receiptText(signReceipt(long, register.privateKey))), key)).toEqual(long);
});

test.each([
  ['it does not begin with LKR1:', 'LK1:AAA'],
  ['it is too long', `LKR1:${'0'.repeat(1000)}`],
  ['character 5 is none of base45', 'LKR1:bbb'],
])('%s', (problem, text) => {
  expect(() => parseReceiptText(text)).toThrow(new LatchkeyError('receipt_malformed', `This is no receipt of a credit payment code: ${problem}.`));
});

interface Vectors {
  readonly register: { readonly seed: string; readonly public: string };
  readonly vectors: readonly {
    readonly what: string;
    readonly receipt: {
      readonly register_id: string; readonly payee_id: string; readonly token_id: string; readonly counter: number; readonly amount: number;
      readonly currency: string; readonly at: number; readonly trust_as_of: number; readonly code_hash: string;
    };
    readonly id: string;
    readonly receipt_hex: string;
    readonly text: string;
  }[];
  readonly refused: readonly { readonly what: string; readonly text: string; readonly error: string; readonly reason: string }[];
}

describe('what another implementation made', () => {
  const file = new URL('../../test/vectors/code-receipt.json', import.meta.url);
  const { register: theirs, vectors, refused } = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
  const theirKey = ed25519Public(Buffer.from(theirs.public, 'base64url'));

  test.each(vectors)('$what', ({ receipt: given, id: receiptId, receipt_hex: hex, text }) => {
    const meant: CodeReceipt = {
      registerId: given.register_id, payeeId: given.payee_id, tokenId: given.token_id, counter: given.counter,
      amount: { minor: BigInt(given.amount), currency: given.currency }, at: new Date(given.at * 1000), trustAsOf: new Date(given.trust_as_of * 1000),
      codeHash: Uint8Array.from(Buffer.from(given.code_hash, 'base64url')),
    };
    const bytes = parseReceiptText(text);
    expect(verifyReceipt(bytes, theirKey)).toEqual(meant);
    expect(receiptIdOf(bytes)).toBe(receiptId);
    const made = signReceipt(meant, newEd25519(Buffer.from(theirs.seed, 'base64url')).privateKey);
    expect(Buffer.from(made).toString('hex')).toBe(hex);
    expect(receiptText(made)).toBe(text);
  });

  test.each(refused)('refused: $what', ({ text, error, reason }) => {
    const message = error === 'receipt_malformed' ? `This is no receipt of a credit payment code: ${reason}.` : reason;
    expect(() => verifyReceipt(parseReceiptText(text), theirKey)).toThrow(new LatchkeyError(error as ErrorCode, message));
  });

  test('has a reason of its own for each that is malformed', () => {
    const reasons = refused.filter(({ error }) => error === 'receipt_malformed').map(({ reason }) => reason);
    expect(new Set(reasons).size).toBe(reasons.length);
  });
});

test.each([verifyReceipt, readReceipt])('10 MB are refused by their length', (read) => {
  expect(() => read(Buffer.alloc(10_000_000, 0x81), key)).toThrow('it is too long');
  expect(() => parseReceiptText(`LKR1:${'0'.repeat(10_000_000)}`)).toThrow('it is too long');
});
