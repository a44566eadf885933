import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';
import { LatchkeyError } from './errors.ts';

test('the examples of RFC 8785 come out as they are there', () => {
  const value: unknown = JSON.parse(
    String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
  );
  expect(canonicalJson(value)).toBe(String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`);
  const names = ['\u20ac', '\r', '\ufb33', '1', '\u{1f600}', '\u0080', '\u00f6'];
  const sorted = JSON.parse(canonicalJson(Object.fromEntries(names.map((name) => [name, 0])))) as object;
  expect(canonicalJson(Object.fromEntries(names.map((name) => [name, 0])))).toBe(`{${['\\r', '1', '\u0080', '\u00f6', '\u20ac', '\u{1f600}', '\ufb33'].map((name) => `"${name}":0`).join(',')}}`);
  expect(Object.keys(sorted)).toHaveLength(7);
});

test('what is no I-JSON has no canonical form', () => {
  for (const bad of [NaN, Infinity, undefined, 1n, '\ud800', { '\udc00': 1 }, [undefined]]) {
    expect(() => canonicalJson(bad)).toThrow(LatchkeyError);
  }
});

test('the order of members and blanks make no difference, and it says the same', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      let text: string;
      try {
        text = canonicalJson(value);
      } catch {
        return;
      }
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(reversed(value))).toBe(text);
    }),
  );
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(reversed);
  }
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).reverse().map(([name, inner]) => [name, reversed(inner)]))
    : value;
}
