import { expect, test } from 'vitest';
import { shown } from './shown-text.ts';
import { parseSsidHex, parseTypedSsid, ssidText } from './ssid-text.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

test.each([
  ['', '(hidden)'],
  [Buffer.from('Café 42').toString('hex'), 'Café 42'],
  [Buffer.from('🐙🏴‍☠️').toString('hex'), '🐙🏴\\u200d☠️'],
  ['1b5b324a61', '\\x1b[2Ja'],
  ['00000000', '\\x00\\x00\\x00\\x00'],
  [Buffer.from('\u202egnp.exe').toString('hex'), '\\u202egnp.exe'],
  ['ff61fe', '\\xffa\\xfe'],
  // Overlong, a surrogate, beyond Unicode, torn at the end.
  ['c0af', '\\xc0\\xaf'],
  ['e080af', '\\xe0\\x80\\xaf'],
  ['eda080', '\\xed\\xa0\\x80'],
  ['f4908080', '\\xf4\\x90\\x80\\x80'],
  ['61e282', 'a\\xe2\\x82'],
  [Buffer.from('\\xff').toString('hex'), '\\\\xff'],
])('the SSID %s is shown as %s', (hex, text) => {
  expect(shown(ssidText(bytes(hex)))).toBe(text);
});

test('any bytes are shown without a control character', () => {
  for (let first = 0; first < 256; first += 1) {
    const ssid = Uint8Array.from({ length: 32 }, (_, at) => (first + at * 37) % 256);
    expect(shown(ssidText(ssid))).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
  }
});

test.each(['Café', '🐙', 'a', '\u07ff\u0800\uffff\u{10000}', ' x '])('%s as typed is its UTF-8', (text) => {
  expect(Buffer.from(parseTypedSsid(text)).toString()).toBe(text);
});

test.each([['', /has 0/], ['ä'.repeat(17), /has 34/], ['\ud800', /hexadecimal/]])('%j is no SSID', (text, message) => {
  expect(() => parseTypedSsid(text)).toThrow(message);
});

test('bytes are given in hexadecimal', () => {
  expect(parseSsidHex('1B5b32fF')).toEqual(bytes('1b5b32ff'));
  expect(() => parseSsidHex('1b5')).toThrow(/two hexadecimal digits/);
  expect(() => parseSsidHex('00'.repeat(33))).toThrow(/1 to 32 bytes/);
});
