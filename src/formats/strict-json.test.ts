import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LatchkeyError } from '../domain/errors.ts';
import { parseStrictJson } from './strict-json.ts';

function pointerOf(text: string): string | undefined {
  try {
    parseStrictJson(text);
    return undefined;
  } catch (error) {
    return error instanceof LatchkeyError ? (error.problems[0]?.pointer ?? 'no JSON') : String(error);
  }
}

test('what has no member twice is read as JSON is', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      expect(parseStrictJson(text)).toEqual(JSON.parse(text));
    }),
  );
});

test('a number with a fraction is read unless it is rounded to a whole one', () => {
  const digits = (most: number) => fc.stringMatching(new RegExp(`^([0-9]{1,${most}}|[09]{1,${most}})$`));
  fc.assert(
    fc.property(digits(17), digits(22), (whole, fraction) => {
      const number = `${whole.replace(/^0+(?=.)/, '')}.${fraction}`;
      expect([number, pointerOf(`[${number}]`)]).toEqual([number, Number.isInteger(Number(number)) && /[1-9]/.test(fraction) ? '/0' : undefined]);
    }),
    { numRuns: 2000 },
  );
});

test.each<readonly [string, string | undefined]>([
  ['{"a":1,"a":1}', '/a'],
  ['{"a":1,"b":{"c":[0,{"d":1, "e":2, "d":3}]}}', '/b/c/1/d'],
  ['[{"x":"{\\"a\\":1,\\"a\\":2}"},{"a":{},"\\u0061":[]}]', '/1/a'],
  ['{"a/b":"a/b","a/b":0}', '/a~1b'],
  ['{"a":"a","b":["b","b"],"c":{"a":1}}', undefined],
  ['{"a":[{"a":1},{"a":1}]}', undefined],
  ['{"a:b":"c:d\\\\","e\\"":"\\":"}', undefined],
  ['{"a":"\\\\","b":":","a":"\\\\\\""}', '/a'],
  ['{"__proto__":1,"__proto__":2}', '/__proto__'],
  ['{"__proto__":{"a":1}}', undefined],
  [`${'['.repeat(30_000)}{"a":1,"b":1}${']'.repeat(30_000)}`, undefined],
  ['{"a"', 'no JSON'],
  ['{"a":1000.00000000000000001}', '/a'],
  ['{"a":[1,-0.99999999999999999999]}', '/a/1'],
  ['{"a":{"b":100000000000000000001e-17}}', '/a/b'],
  ['[1e-400]', '/0'],
  ['9007199254740990.4', ''],
  ['[1000.00000000000000000, 10e2, 1.50e1, 0e-9, -0.000000000000000000, 12300e-2, 1e400, 123456789012345678901234567890]', undefined],
  ['[13.404954000000001, 0.1234567890123456789, 1.5e-7, "1000.00000000000000001", {"0.99999999999999999999":1}]', undefined],
])('%.60s: %s', (text, pointer) => {
  expect(pointerOf(text)).toBe(pointer);
});
