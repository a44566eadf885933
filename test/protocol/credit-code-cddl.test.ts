import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { parseBase45 } from '../../src/protocol/base45.ts';
import { decodeCbor } from '../../src/protocol/cbor.ts';
import { fits, readCddl } from './cddl.ts';

interface Vectors {
  readonly vectors: readonly { readonly what: string; readonly text: string }[];
  readonly refused: readonly { readonly what: string; readonly text: string; readonly error: string; readonly reason: string }[];
}

const root = new URL('../../', import.meta.url);
const rules = readCddl(readFileSync(new URL('docs/credit-code.cddl', root), 'utf8'));
const vectorsOf = (name: string) => JSON.parse(readFileSync(new URL(`test/vectors/${name}.json`, root), 'utf8')) as Vectors;
const bytesOf = (text: string) => Uint8Array.from(parseBase45(text, text.indexOf(':') + 1, (detail) => new LatchkeyError('invalid_input', detail)));

/** What is refused and fits: the rest of protocol.md, section 5, says so. */
const beyondCddl = new Set([
  'it expires before it is valid',
  'the largest amount is more than the total',
  'the currency is none of ISO 4217',
  'it names a payee twice',
  'a payee is text, where it has to be bytes',
  'the proof’s payee is text, where it has to be bytes',
]);

function isDescribed(rule: string, text: string): boolean {
  try {
    return fits(rules, rule, decodeCbor(bytesOf(text)));
  } catch (error) {
    if (error instanceof LatchkeyError) return false;
    throw error;
  }
}

describe.each([['code', 'credit-code'], ['receipt', 'code-receipt']])('docs/credit-code.cddl, %s', (rule, name) => {
  const { vectors, refused } = vectorsOf(name);

  test.each(vectors)('describes $what', ({ text }) => {
    expect(isDescribed(rule, text)).toBe(true);
  });

  const malformed = refused.filter(({ error, text }) => error.endsWith('malformed') && text.includes(':'));
  test.each(malformed)('$what: is not described, as far as CDDL can say it', ({ text, reason }) => {
    expect(isDescribed(rule, text)).toBe(beyondCddl.has(reason));
  });

  test('describes what is only signed wrongly, but nonsense', () => {
    const signed = refused.filter(({ error, what }) => !error.endsWith('malformed') && !what.includes('nonsense'));
    expect(signed.length).toBeGreaterThan(1);
    expect(signed.filter(({ text }) => !isDescribed(rule, text))).toEqual([]);
  });
});

test('the other rules are there for what is inside', () => {
  expect([...rules.keys()]).toEqual(expect.arrayContaining(['code', 'token', 'token-claims', 'proof', 'shown', 'receipt', 'receipt-content']));
  expect(fits(rules, 'shown', [1, 1_796_115_600, null, null])).toBe(true);
  expect(fits(rules, 'shown', [1, 1_796_115_600, null])).toBe(false);
  expect(fits(rules, 'limits', ['EUR', 1, 1, 1, []])).toBe(false);
});
