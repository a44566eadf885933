import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeCommand, decodeResponse, encodeCommand, encodeResponse, statusText } from './apdu.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (given: Uint8Array) => Buffer.from(given).toString('hex');
const none = new Uint8Array(0);

test.each([
  ['nothing either way', { data: none, le: undefined }, '80100000'],
  ['an answer', { data: none, le: 256 }, '8010000000'],
  ['an answer of 5 bytes', { data: none, le: 5 }, '8010000005'],
  ['data', { data: bytes('aabb'), le: undefined }, '8010000002aabb'],
  ['both', { data: bytes('aabb'), le: 256 }, '8010000002aabb00'],
  ['most data', { data: new Uint8Array(255), le: 1 }, `80100000ff${'00'.repeat(255)}01`],
])('a command with %s', (_, part, text) => {
  const command = { cla: 0x80, ins: 0x10, p1: 0, p2: 0, ...part };
  expect(hex(encodeCommand(command))).toBe(text);
  expect(decodeCommand(bytes(text))).toEqual(command);
});

test.each(['', '80', '801000', '8010000002aa', '8010000001aabbcc', '80100000000002aabb', '801000000000'])('%j is no short command', (text) => {
  expect(decodeCommand(bytes(text))).toBeUndefined();
});

test('no command is written that is longer', () => {
  const command = { cla: 0, ins: 0, p1: 0, p2: 0, data: none, le: undefined };
  expect(() => encodeCommand({ ...command, data: new Uint8Array(256) })).toThrow(RangeError);
  expect(() => encodeCommand({ ...command, le: 257 })).toThrow(RangeError);
});

test('a command that is read is written as it was', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (given) => {
      const command = decodeCommand(given);
      expect(command === undefined ? given : encodeCommand(command)).toEqual(command === undefined ? given : Buffer.from(given));
    }),
  );
});

test('an answer ends with its status', () => {
  expect(decodeResponse(bytes('aabb6985'))).toEqual({ data: bytes('aabb'), status: 0x6985 });
  expect(hex(encodeResponse({ data: bytes('aabb'), status: 0x6985 }))).toBe('aabb6985');
  expect(statusText(0x0102)).toBe('0102');
  for (const wrong of [none, bytes('90'), new Uint8Array(259)]) {
    expect(decodeResponse(wrong)).toBeUndefined();
  }
});
