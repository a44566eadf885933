import { expect, test } from 'vitest';
import { parseTraffic, trafficForPeople } from './traffic.ts';

test('traffic is read in decimal and binary units', () => {
  expect(parseTraffic('500MB')).toBe(500_000_000n);
  expect(parseTraffic('1.5gb')).toBe(1_500_000_000n);
  expect(parseTraffic('2GiB')).toBe(2_147_483_648n);
  expect(parseTraffic('1B')).toBe(1n);
});

test.each(['', '500', 'MB', '-1MB', '1.MB', '0MB', '0.0000001B', '1XB', '9999999999999999TB', '1e9B', ' 1MB'])('%j is no traffic', (text) => {
  expect(() => parseTraffic(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});

test('people read three figures', () => {
  expect(trafficForPeople(0n)).toBe('0 B');
  expect(trafficForPeople(999n)).toBe('999 B');
  expect(trafficForPeople(1000n)).toBe('1.00 kB');
  expect(trafficForPeople(999_999n)).toBe('1.00 MB');
  expect(trafficForPeople(123_456_789n)).toBe('123 MB');
});
