import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bssidFromNumber, bssidNumber, parseBssid } from './bssid.ts';

describe('the address of a radio', () => {
  test.each(['02:00:00:00:01:00', '02-00-00-00-01-00', '020000000100', '02:00:00:00:01:00'.toUpperCase()])('%s is read', (text) => {
    expect(parseBssid(text)).toBe('02:00:00:00:01:00');
  });

  test.each(['02:00:00:00:01', '02:00-00:00:01:00', '0g:00:00:00:01:00', '01:00:5e:00:00:01', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00', ''])('"%s" is refused', (text) => {
    expect(() => parseBssid(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });

  test('is 48 bits, and the other way round', () => {
    expect(bssidNumber('02:00:00:00:01:ff')).toBe(0x0200000001ff);
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (bits) => {
      expect(bssidNumber(bssidFromNumber(bits))).toBe(bits);
      expect(bssidFromNumber(BigInt(bits))).toBe(bssidFromNumber(bits));
    }));
  });
});
