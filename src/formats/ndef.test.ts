import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeNdef, encodeNdef, type NdefRecord } from './ndef.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const refused = expect.objectContaining({ code: 'invalid_input' });

test('a short record is what the specification says', () => {
  const uri: NdefRecord = { kind: 'well-known', type: 'U', payload: bytes('046578') };
  expect(Buffer.from(encodeNdef([uri])).toString('hex')).toBe('d1010355046578');
  expect(decodeNdef(bytes('d1010355046578'))).toEqual([uri]);
});

test('a payload of 256 bytes is a long record, and the last one is marked', () => {
  const records: NdefRecord[] = [
    { kind: 'media', type: 'a/b', payload: new Uint8Array(255) },
    { kind: 'external', type: 'example.org:x', id: bytes('31'), payload: new Uint8Array(256).fill(7) },
    { kind: 'unknown', type: '', payload: bytes('00') },
  ];
  const message = Buffer.from(encodeNdef(records));
  expect(message.toString('hex', 0, 3)).toBe('9203ff');
  expect(message.toString('hex', 261, 268)).toBe('0c0d0000010001');
  expect(decodeNdef(message)).toEqual(records);
});

test('what is written is read back', () => {
  const record = fc.record(
    {
      kind: fc.constantFrom('media', 'well-known', 'absolute-uri', 'external'),
      type: fc.stringMatching(/^[\x21-\x7e]{1,40}$/),
      id: fc.uint8Array({ maxLength: 255 }),
      payload: fc.uint8Array({ maxLength: 600 }),
    },
    { requiredKeys: ['kind', 'type', 'payload'] },
  );
  fc.assert(fc.property(fc.array(record, { minLength: 1, maxLength: 8 }), (records) => {
    expect(decodeNdef(encodeNdef(records))).toEqual(records);
  }));
});

test.each([
  ['nothing', ''],
  ['a header alone', 'd1'],
  ['a payload that is cut off', 'd10104550465'],
  ['a long payload that is not there', 'c101ffffffff55'],
  ['no beginning', '51010355046578'],
  ['no end', '91010355046578'],
  ['two beginnings', '9101005591010055'],
  ['something behind the end', 'd101035504657800'],
  ['a chunk', 'f1010355046578'],
  ['an unchanged record first', 'd6010355046578'],
  ['a kind that is reserved', 'd7010355046578'],
  ['an empty record with a payload', 'd00001aa'],
  ['an empty record with a type', 'd0010055'],
  ['a record without a type', 'd10001aa'],
  ['a type with a control character', 'd1010107aa'],
  ['65 records', `91010055${'11010055'.repeat(63)}51010055`],
])('%s is refused', (_, hex) => {
  expect(() => decodeNdef(bytes(hex))).toThrow(refused);
});

test('nothing is written that would be refused', () => {
  const record: NdefRecord = { kind: 'media', type: 'a/b', payload: new Uint8Array(0) };
  for (const records of [[], Array.from({ length: 65 }, () => record), [{ ...record, type: 'ä' }], [{ ...record, payload: new Uint8Array(70_000) }]]) {
    expect(() => encodeNdef(records)).toThrow(refused);
  }
});

test('any bytes are a message or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (message) => {
      try {
        expect(encodeNdef(decodeNdef(message)).length).toBeLessThanOrEqual(message.length);
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid_input' });
      }
    }),
    { numRuns: 2000 },
  );
});
