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
])('%.60s: %s', (text, pointer) => {
  expect(pointerOf(text)).toBe(pointer);
});
