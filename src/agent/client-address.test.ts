import { expect, test } from 'vitest';
import { clientAddress, urlHost } from './client-address.ts';

test.each([
  ['192.168.4.7', '192.168.4.7'],
  ['::ffff:192.168.4.7', '192.168.4.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::7', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['FE80::1%eth0', 'fe80::1'],
  [undefined, 'unknown'],
])('%s is counted as %s', (remote, counted) => {
  expect(clientAddress(remote)).toBe(counted);
});

test('an IPv6 address is bracketed in a URL', () => {
  expect(urlHost('fd00::1')).toBe('[fd00::1]');
  expect(urlHost('::ffff:10.0.0.1')).toBe('10.0.0.1');
  expect(urlHost('10.0.0.1')).toBe('10.0.0.1');
});
