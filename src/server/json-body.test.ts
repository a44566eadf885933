import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { LatchkeyError } from '../domain/errors.ts';
import { parseJsonBody } from './json-body.ts';

function refusal(text: string | Buffer): string | undefined {
  try {
    parseJsonBody(Buffer.from(text));
    return undefined;
  } catch (error) {
    return error instanceof LatchkeyError && error.code === 'invalid_input' ? error.message : String(error);
  }
}

test('reads JSON, and nothing from nothing', () => {
  expect(parseJsonBody(Buffer.from('{"a":["\\u00e9",{"b":null}]}'))).toEqual({ a: ['é', { b: null }] });
  expect(parseJsonBody(Buffer.alloc(0))).toBeUndefined();
});

test.each([['{'], ['{"a":1}x'], ['\ufeff{}'], ["{'a':1}"], ['NaN']])('%j is refused as no JSON', (text) => {
  expect(refusal(text)).toBe('The body is not JSON.');
});

test('bytes that are not UTF-8 are refused', () => {
  expect(refusal(Buffer.from('227bff7d22', 'hex'))).toBe('The body is not UTF-8.');
});

test('a member that reaches into prototypes is refused, however it is written', () => {
  for (const text of ['{"__proto__":{}}', '{"a":[{"__proto__":1}]}', '{"\\u005f_proto__":{}}', '{"\\u005F\\u005fproto__":{}}']) {
    expect(refusal(text)).toBe('A member is named __proto__.');
  }
  expect(parseJsonBody(Buffer.from('{"a":"__proto__"}'))).toEqual({ a: '__proto__' });
});

test('nesting is bounded, brackets in strings do not count', () => {
  const tooDeep = 'The body nests deeper than 16 levels.';
  expect(refusal('['.repeat(16) + ']'.repeat(16))).toBeUndefined();
  expect(refusal('['.repeat(17) + ']'.repeat(17))).toBe(tooDeep);
  expect(refusal(`${'{"a":'.repeat(17)}1${'}'.repeat(17)}`)).toBe(tooDeep);
  expect(refusal('['.repeat(32_000) + ']'.repeat(32_000))).toBe(tooDeep);
  expect(refusal(JSON.stringify({ a: '[{'.repeat(50), b: '\\"[[[[[[[[[[[[[[[[[[' }))).toBeUndefined();
  expect(refusal(`[${'[],'.repeat(100)}[]]`)).toBeUndefined();
});
