import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LatchkeyError } from '../domain/errors.ts';
import { encodeCbor } from './cbor.ts';
import { CborReader } from './cbor-reader.ts';
import * as written from './cbor-writer.ts';

const reader = (bytes: Uint8Array | string) =>
  new CborReader(typeof bytes === 'string' ? Buffer.from(bytes, 'hex') : bytes, (detail) => new LatchkeyError('invalid_input', detail));
const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(...[0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER].flatMap((each) => [each, -each - (each < Number.MAX_SAFE_INTEGER ? 1 : 0)])),
);
const key = fc.integer({ min: -300, max: 300 });

describe('what is written here', () => {
  test('is what another encoder writes, and is read again', () => {
    fc.assert(fc.property(number, fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'grapheme', maxLength: 80 }), (whole, bytes, text) => {
      const item = written.list([written.integer(whole), written.bytes(bytes), written.text(text), written.nullItem]);
      expect(Buffer.from(item)).toEqual(Buffer.from(encodeCbor([whole, bytes, text, null])));
      const read = reader(item);
      read.arrayOf(4, 'it');
      expect(read.integer('a number')).toBe(whole);
      expect(Uint8Array.from(read.bytes('bytes'))).toEqual(bytes);
      expect(read.text('text')).toBe(text);
      expect(read.isNull('null')).toBe(true);
      read.end('it');
      expect(read.position).toBe(item.length);
    }));
  });

  test('has a tag', () => {
    expect(Buffer.from(written.tagged(18, written.integer(0))).toString('hex')).toBe('d200');
    expect(Buffer.from(written.tagged(61, written.integer(0))).toString('hex')).toBe('d83d00');
  });

  test.each([0.5, 2 ** 53, -(2 ** 53) - 2, Number.NaN])('%d is no number of it', (value) => {
    expect(() => written.integer(value)).toThrow(RangeError);
  });
});

describe('a map', () => {
  test('is read in the order of its encodings and in no other', () => {
    fc.assert(fc.property(fc.uniqueArray(key, { minLength: 1, maxLength: 6 }), (keys) => {
      const seen: number[] = [];
      const read = (bytes: Uint8Array) => {
        const one = reader(bytes);
        one.map('it', new Map(keys.map((each) => [each, () => { seen.push(one.integer('a value')); }])));
        one.end('it');
      };
      const ordered = encodeCbor(new Map(keys.map((each) => [each, each])));
      read(ordered);
      expect(new Set(seen)).toEqual(new Set(keys));
      const asGiven = written.map(keys.map((each) => [each, written.integer(each)]));
      if (Buffer.compare(asGiven, ordered) !== 0) {
        expect(() => read(asGiven)).toThrow('the keys of it are not in order');
      }
    }));
  });

  const read = (hex: string) => {
    const one = reader(hex);
    one.map('it', new Map([[1, () => void one.unsigned('one')], [2, () => void one.unsigned('two')]]));
  };

  test.each([
    ['a10100', 'it lacks the key 2'],
    ['a0', 'it lacks the key 1'],
    ['a201000100', 'it has the key 1 twice'],
    ['a202000100', 'the keys of it are not in order'],
    ['a3010002000300', 'it has the key 3, which is not known here'],
    ['a2010020 00', 'it has the key -1, which is not known here'],
    ['a2616100', 'a key of it is text and not a number'],
    ['a201', 'it ends where one should be'],
    ['bf0100ff', 'it has no definite length'],
    ['bbffffffffffffffff', 'it is a number beyond 2^53'],
  ])('%s: %s', (hex, reason) => {
    expect(() => read(hex.replace(' ', ''))).toThrow(new LatchkeyError('invalid_input', reason));
  });
});

test.each([
  ['1817', 'it is written longer than need be'],
  ['1900ff', 'it is written longer than need be'],
  ['1a0000ffff', 'it is written longer than need be'],
  ['1b00000000ffffffff', 'it is written longer than need be'],
  ['1b0020000000000000', 'it is a number beyond 2^53'],
  ['1c', 'it begins with a byte that CBOR does not have'],
  ['1f', 'it has no definite length'],
  ['19ff', 'it ends where it should be'],
  ['', 'it ends where it should be'],
  ['20', 'it is a negative number and not a number from 0 on'],
  ['f90000', 'it is a float or simple value and not a number from 0 on'],
])('%s is no number from 0 on: %s', (hex, reason) => {
  expect(() => reader(hex).unsigned('it')).toThrow(new LatchkeyError('invalid_input', reason));
});

test.each(['c328', 'eda080', 'c0af', 'f4908080', 'e282'])('%s is no UTF-8', (hex) => {
  expect(() => reader(`6${hex.length / 2}${hex}`).text('it')).toThrow('it is not UTF-8');
});
