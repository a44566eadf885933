import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fits } from './cddl.ts';
import { isDescribed, reasonsBeyondCddl, rules } from './description.ts';

interface Vectors {
  readonly vectors: readonly { readonly what: string; readonly text: string }[];
  readonly refused: readonly { readonly what: string; readonly text: string; readonly error: string; readonly reason: string }[];
}

const vectorsOf = (name: string) => JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8')) as Vectors;

describe.each([['code', 'credit-code'], ['receipt', 'code-receipt']] as const)('docs/credit-code.cddl, %s', (rule, name) => {
  const { vectors, refused } = vectorsOf(name);

  test.each(vectors)('describes $what', ({ text }) => {
    expect(isDescribed(rule, text)).toBe(true);
  });

  const malformed = refused.filter(({ error, text, reason }) => error.endsWith('malformed') && text.includes(':') && !/too long$|a QR code holds$/.test(reason));
  test.each(malformed)('$what: is not described, as far as CDDL can say it', ({ text, reason }) => {
    expect(isDescribed(rule, text)).toBe(reasonsBeyondCddl.has(reason));
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
