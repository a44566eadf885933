import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Credential } from '../roles/device/ports.ts';
import { readWifiTag } from '../../test/formats/read-wifi-tag.ts';
import { encodeNdef } from './ndef.ts';
import { encodeWsc, wifiRecord } from './wsc.ts';

const home: Credential = { ssid: 'Home', password: 'correct horse', security: 'wpa2-psk' };
const refused = expect.objectContaining({ code: 'invalid_input' });

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
    expect(readWifiTag(encodeNdef([wifiRecord(credential)]))).toEqual(credential);
  }));
});

test('what phones would not take is refused', () => {
  for (const bad of [{ ssid: '' }, { ssid: 'x'.repeat(33) }, { password: 'short' }]) {
    expect(() => encodeWsc({ ...home, ...bad })).toThrow(refused);
  }
});

test('WPA3 is refused with the way out', () => {
  expect(() => encodeWsc({ ...home, security: 'wpa3-sae' })).toThrow(expect.objectContaining({ code: 'invalid_input', hint: expect.stringContaining('QR') }));
});
