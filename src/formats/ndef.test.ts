import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readNdef } from '../../test/formats/read-ndef.ts';
import { encodeNdef, type NdefRecord } from './ndef.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const refused = expect.objectContaining({ code: 'invalid_input' });

test('a short record is what the specification says', () => {
  const uri: NdefRecord = { kind: 'well-known', type: 'U', payload: bytes('046578') };
  expect(Buffer.from(encodeNdef([uri])).toString('hex')).toBe('d1010355046578');
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
  expect(readNdef(message)).toEqual(records);
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
    expect(readNdef(encodeNdef(records))).toEqual(records);
  }));
});

test('what is no message is not written', () => {
  const record: NdefRecord = { kind: 'media', type: 'a/b', payload: new Uint8Array(0) };
  for (const records of [[], Array.from({ length: 65 }, () => record), [{ ...record, type: 'ä' }], [{ ...record, type: '' }], [{ ...record, kind: 'unknown' as const }], [{ kind: 'empty' as const, type: '', payload: bytes('aa') }], [{ ...record, id: new Uint8Array(256) }], [{ ...record, payload: new Uint8Array(70_000) }]]) {
    expect(() => encodeNdef(records)).toThrow(refused);
  }
});
