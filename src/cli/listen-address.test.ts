import { expect, test } from 'vitest';
import { parseListenAddress } from './listen-address.ts';

test.each([
  ['127.0.0.1:8420', { host: '127.0.0.1', port: 8420 }],
  ['8420', { host: '127.0.0.1', port: 8420 }],
  ['[::1]:0', { host: '::1', port: 0 }],
  ['ap.example:443', { host: 'ap.example', port: 443 }],
])('reads %s', (text, address) => {
  expect(parseListenAddress(text)).toEqual(address);
});

test.each(['', 'host', 'host:', ':80', '1.2.3.4:99999', '::1:80', 'a b:x'])('refuses %j', (text) => {
  expect(() => parseListenAddress(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});
