import { expect, test } from 'vitest';
import { decodeMessage, encodeCall } from './dbus-message.ts';

const search = encodeCall(7, {
  destination: 'org.freedesktop.secrets',
  path: '/org/freedesktop/secrets',
  interface: 'org.freedesktop.Secret.Service',
  member: 'SearchItems',
  signature: 'a{ss}',
  args: [[['service', 'latchkey'], ['account', 'é']]],
});

/** A reply of a service on a big-endian machine: serial 1, to our serial 2, the boolean true. */
const bigEndian = Buffer.from(
  ['42020101', '00000004', '00000001', '0000000f', '05017500', '00000002', '08016700', '01620000', '00000001'].join(''),
  'hex',
);

test('what is written is read again', () => {
  const decoded = decodeMessage(search);

  expect(decoded).toMatchObject({ length: search.length, message: { type: 'call', member: 'SearchItems', signature: 'a{ss}' } });
  expect(decoded?.message.body('a{ss}')).toEqual([[['service', 'latchkey'], ['account', 'é']]]);
});

test('a message is read when it is whole, and no further', () => {
  for (let length = 0; length < search.length; length += 1) {
    expect(decodeMessage(search.subarray(0, length))).toBeUndefined();
  }
  expect(decodeMessage(Buffer.concat([search, search]))?.length).toBe(search.length);
});

test('either order of bytes is understood', () => {
  const { message } = decodeMessage(bigEndian)!;

  expect(message).toMatchObject({ type: 'return', replySerial: 2 });
  expect(message.body('b')).toEqual([true]);
});

test('a reply of another shape than was expected is refused', () => {
  expect(() => decodeMessage(bigEndian)!.message.body('ao')).toThrow('holds b instead of ao');
});

test('a message that claims to be endless is refused at once', () => {
  const endless = Buffer.from(search);
  endless.writeUInt32LE(0xffffffff, 4);

  expect(() => decodeMessage(endless)).toThrow(RangeError);
});
