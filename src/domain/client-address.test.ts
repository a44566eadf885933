import { expect, test } from 'vitest';
import { clientOf } from './client-address.ts';

test.each([
  ['192.168.4.7', '192.168.4.7'],
  ['::ffff:192.168.4.7', '192.168.4.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::7', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['FE80::1%eth0', 'fe80::1'],
  [undefined, 'unknown'],
])('%s is counted as %s', (remote, counted) => {
  expect(clientOf(remote)).toBe(counted);
});
