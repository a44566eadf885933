import { expect, test } from 'vitest';
import { urlHost } from './url-host.ts';

test('an IPv6 address is bracketed in a URL', () => {
  expect(urlHost('fd00::1')).toBe('[fd00::1]');
  expect(urlHost('::ffff:10.0.0.1')).toBe('10.0.0.1');
  expect(urlHost('10.0.0.1')).toBe('10.0.0.1');
});
