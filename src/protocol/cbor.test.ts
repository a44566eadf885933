import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeCbor, encodeCbor, type CborValue } from './cbor.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

test.each([
  ['map keys are sorted by their bytes', new Map<string | number, CborValue>([['b', 1], ['aa', 2], ['a', 3], [10, 4]]), 'a40a0461610361620162616102'],
  ['integers are as short as can be', [0, 23, 24, 255, 256, 65536, -1, -25, 2 ** 33], '8900171818' + '18ff190100' + '1a00010000' + '2038181b0000000200000000'],
  ['a bigint is an integer', 999_999_999_999n, '1b000000e8d4a50fff'],
  ['texts and bytes', ['ä', Uint8Array.of(1)], '8262c3a44101'],
  ['simple values', [true, false, null], '83f5f4f6'],
] as const)('%s', (_, value, hex) => {
  expect(Buffer.from(encodeCbor(value)).toString('hex')).toBe(hex);
  expect(decodeCbor(bytes(hex))).toEqual(typeof value === 'bigint' ? Number(value) : value);
});

test.each([
  ['nothing', ''],
  ['an integer that is longer than need be', '1801'],
  ['a length that is longer than need be', '780161'],
  ['a list without an end', '9f01ff'],
  ['a map without an end', 'bf616101ff'],
  ['a text in pieces', '7f6161ff'],
  ['a key twice', 'a2616101616102'],
  ['keys out of order', 'a2616201616101'],
  ['keys by length first', 'a22000186400'],
  ['something behind it', '0102'],
  ['half of it', '8201'],
  ['a length beyond the end', '9affffffff'],
  ['a length beyond all bounds', '5bffffffffffffffff'],
  ['undefined', 'f7'],
  ['another simple value', 'e0'],
  ['a float', 'fb3ff8000000000000'],
  ['a whole float', 'f93c00'],
  ['a text that is no UTF-8', '61ff'],
  ['a nesting of nine', '81'.repeat(9) + '00'],
  ['a nesting of thousands', '81'.repeat(4000) + '00'],
])('%s is refused', (_, hex) => {
  expect(() => decodeCbor(bytes(hex))).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});

test('nothing is written that would be refused', () => {
  expect(() => encodeCbor(1.5)).toThrow();
  expect(() => encodeCbor(undefined as unknown as CborValue)).toThrow();
});

test('a member called __proto__ is a member', () => {
  const map = decodeCbor(bytes('a1695f5f70726f746f5f5f01'));
  expect(map).toEqual(new Map([['__proto__', 1]]));
});

test('any bytes are refused, or are what an encoder writes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 12 }), (given) => {
      let value: unknown;
      try {
        value = decodeCbor(given);
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid_input' });
        return;
      }
      expect(encodeCbor(value as CborValue)).toEqual(given);
    }),
    { numRuns: 5000 },
  );
});

test('a Buffer is bytes as any other, however deep', () => {
  const of = (bytes: Uint8Array) => encodeCbor(new Map([['list', [bytes]]]));
  expect(of(Buffer.of(1, 2))).toEqual(of(Uint8Array.of(1, 2)));
});
