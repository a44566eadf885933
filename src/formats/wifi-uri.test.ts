import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Credential } from '../roles/device/ports.ts';
import { readWifiUri } from '../../test/formats/read-wifi-uri.ts';
import { wifiUri, wifiUriDialects } from './wifi-uri.ts';

const odd: Credential = { ssid: 'Café "Bar"', password: 'a;b\\c:d,e"f%', security: 'wpa2-psk' };
const refused = expect.objectContaining({ code: 'invalid_input' });

test('the classic dialect puts a backslash before what would end a field', () => {
  expect(wifiUri(odd)).toBe(String.raw`WIFI:T:WPA;S:Café \"Bar\";P:a\;b\\c\:d\,e\"f%;;`);
  expect(wifiUri({ ...odd, security: 'wpa3-sae' }, { hidden: true, saysSae: true })).toBe(String.raw`WIFI:T:SAE;S:Café \"Bar\";P:a\;b\\c\:d\,e\"f%;H:true;;`);
});

test('the WPA3 dialect percent-encodes, and has a place for the identifier of the password', () => {
  expect(wifiUri(odd, { dialect: 'wpa3' })).toBe('WIFI:T:WPA;S:Caf%C3%A9%20%22Bar%22;P:a%3Bb%5Cc%3Ad%2Ce%22f%25;;');
  expect(wifiUri({ ...odd, password: "it's (so)!*", passwordId: 'grt_1', security: 'wpa3-sae' }, { dialect: 'wpa3', hidden: true, saysSae: true })).toBe(
    'WIFI:T:SAE;S:Caf%C3%A9%20%22Bar%22;H:true;I:grt_1;P:it%27s%20%28so%29%21%2A;;',
  );
});

test('what is written is read back, whatever the SSID and the password hold', () => {
  const credential = fc.record({
    ssid: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 32 }).filter((text) => !/[\u0000-\u001f\u007f]/.test(text) && Buffer.byteLength(text) <= 32),
    password: fc.stringMatching(/^[\x20-\x7e]{8,63}$/),
    security: fc.constant('wpa2-psk' as const),
  });
  fc.assert(
    fc.property(credential, fc.constantFrom(...wifiUriDialects), fc.boolean(), (given, dialect, hidden) => {
      expect(readWifiUri(wifiUri(given, { dialect, hidden }), dialect)).toEqual({ credential: given, saysSae: false, hidden });
    }),
  );
  const sealed: Credential = { ...odd, passwordId: 'id;1', security: 'wpa3-sae' };
  expect(readWifiUri(wifiUri(sealed, { dialect: 'wpa3', saysSae: true }), 'wpa3')).toEqual({ credential: sealed, saysSae: true, hidden: false });
});

test('what a dialect or a network has no place for is refused', () => {
  expect(() => wifiUri({ ...odd, passwordId: 'x', security: 'wpa3-sae' })).toThrow(expect.objectContaining({ hint: expect.stringContaining('wpa3 dialect') }));
  expect(() => wifiUri(odd, { saysSae: true })).toThrow(refused);
  expect(() => wifiUri({ ...odd, password: 'short' })).toThrow(refused);
});
