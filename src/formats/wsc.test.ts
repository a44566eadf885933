import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Credential } from '../roles/device/ports.ts';
import { decodeWsc, encodeWsc, wifiOfRecords, wifiRecord } from './wsc.ts';

const home: Credential = { ssid: 'Home', password: 'correct horse', security: 'wpa2-psk' };
const refused = expect.objectContaining({ code: 'invalid_input' });

function attributes(...parts: readonly (readonly [number, string])[]): Buffer {
  return Buffer.concat(
    parts.map(([name, hex]) => {
      const header = Buffer.alloc(4);
      header.writeUInt16BE(name);
      header.writeUInt16BE(hex.length / 2, 2);
      return Buffer.concat([header, Buffer.from(hex, 'hex')]);
    }),
  );
}
const token = (...credential: readonly (readonly [number, string])[]) => attributes([0x104a, '10'], [0x100e, attributes(...credential).toString('hex')]);
const [ssid, psk, aes, key] = [[0x1045, '486f6d65'], [0x1003, '0020'], [0x100f, '0008'], [0x1027, '636f727265637420686f727365']] as const;

test('a credential is what the specification says', () => {
  expect(Buffer.from(encodeWsc(home)).toString('hex')).toBe(
    '104a000110100e00341026000101' + '10450004486f6d65' + '100300020020100f00020008' + '1027000d636f727265637420686f727365' + '10200006ffffffffffff' + '1049000600372a000120',
  );
});

test('what is written is read back, whatever the SSID and the password hold', () => {
  const odd = fc.record({
    ssid: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 32 }).filter((text) => !/[\u0000-\u001f\u007f]/.test(text) && Buffer.byteLength(text) <= 32),
    password: fc.stringMatching(/^[\x20-\x7e]{8,63}$/),
    security: fc.constant('wpa2-psk' as const),
  });
  fc.assert(fc.property(odd, (credential) => {
    expect(wifiOfRecords([wifiRecord(credential)])).toEqual(credential);
  }));
});

test('what others add, allow as well, and order otherwise is read', () => {
  expect(decodeWsc(token([0x9999, 'aa'], key, [0x100f, '000c'], [0x1003, '0022'], ssid))).toEqual(home);
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['half an attribute', Buffer.from('100e00', 'hex')],
  ['an attribute that is cut off', encodeWsc(home).subarray(0, -1)],
  ['no credential', attributes([0x104a, '10'])],
  ['two credentials', Buffer.concat([token(ssid, psk, aes, key), token(ssid, psk, aes, key)])],
  ['two SSIDs', token(ssid, ssid, psk, aes, key)],
  ['an open network', token(ssid, [0x1003, '0001'], [0x100f, '0001'], key)],
  ['WPA2 with a certificate', token(ssid, [0x1003, '0010'], aes, key)],
  ['a type of three bytes', token(ssid, [0x1003, '002000'], aes, key)],
  ['a short password', token(ssid, psk, aes, [0x1027, '61'])],
  ['an SSID that is no text', token([0x1045, 'ff'], psk, aes, key)],
  ['an SSID of 33 bytes', token([0x1045, '61'.repeat(33)], psk, aes, key)],
  ['more than anybody would send', Buffer.alloc(3000)],
])('%s is refused', (_, bytes) => {
  expect(() => decodeWsc(bytes)).toThrow(refused);
});

test('WPA3 is refused with the way out', () => {
  expect(() => encodeWsc({ ...home, security: 'wpa3-sae' })).toThrow(expect.objectContaining({ code: 'invalid_input', hint: expect.stringContaining('QR') }));
});

test('a tag that holds something else has no Wi-Fi', () => {
  expect(wifiOfRecords([{ kind: 'well-known', type: 'U', payload: Uint8Array.of(4, 0x78) }])).toBeUndefined();
});
