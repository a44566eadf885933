import { expect, test } from 'vitest';
import { checkDeviceRequest } from './device-exchange.ts';

const answer = {
  request_id: 'req_1',
  status: 'approved',
  uuid: '9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d',
  ssid: 'Home',
  security: 'wpa2-psk',
  grant_id: 'grt_1',
  joined_url: 'https://192.0.2.1:8431/v1/access-requests/req_1/joined',
};

test.each([
  ['correct horse battery', true],
  ['f'.repeat(64), true],
  ['x\n[proxy]\npac-url=http://evil.example/', false],
  ['tab\there', false],
  ['correct horse\n', false],
  ['pässwörd', false],
  ['', false],
  ['x'.repeat(65), false],
])('a device takes the password %j: %s', (password, ok) => {
  expect(checkDeviceRequest({ ...answer, password }).ok).toBe(ok);
});
