import { expect, test } from 'vitest';
import { nfcIdentifier, parseNfcIdentifier } from './nfc-identifier.ts';

test('a UID is lower-case hex, however it was written', () => {
  for (const text of ['04a22b915c6680', '04A22B915C6680', '04:a2:2b:91:5c:66:80', '04-A2-2B-91-5C-66-80', '04 a2 2b 91 5c 66 80']) {
    expect(parseNfcIdentifier(text)).toBe('04a22b915c6680');
  }
  expect(nfcIdentifier(Uint8Array.of(0x0a, 0, 0xff, 1))).toBe('0a00ff01');
  expect(parseNfcIdentifier('01'.repeat(8))).toBe('01'.repeat(8));
  expect(parseNfcIdentifier('01'.repeat(10))).toBe('01'.repeat(10));
});

test.each(['', '0', '04', '04a22b', '04a22b915c', '04:a22b91', '04:a2-2b:91', '04a22b9g', ' 04a22b91', '04a22b91\n', '01'.repeat(11)])('%j is no UID', (text) => {
  expect(() => parseNfcIdentifier(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});

test('a number that is drawn anew at each tap is refused, and the hint names the way out', () => {
  expect(() => nfcIdentifier(Uint8Array.of(8, 1, 2, 3))).toThrow(expect.objectContaining({ code: 'random_identifier', hint: expect.stringContaining('receipt code') }));
  // A longer one that begins with 08 is a card's own.
  expect(parseNfcIdentifier('08010203040506')).toBe('08010203040506');
});
