import { expect, test } from 'vitest';
import type { AccessRequestWire } from '../../api/access-requests.ts';
import { presentRequest, requestLine } from './requests.ts';
import { plainStyle } from './screen.ts';

const request: AccessRequestWire = {
  request_id: 'req_1',
  uuid: '9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d',
  ap_id: 'ap_1',
  status: 'pending',
  match_code: '4711',
  weak: false,
  plain: true, dpp: false,
  created_at: '2026-11-25T08:00:00.000Z',
  expires_at: '2026-11-25T09:00:00.000Z',
  revision: 1,
};

test('the registry’s word names a device', () => {
  expect(requestLine({ ...request, label: 'Hall', model: 'lamp', device_label: 'me' })).toBe(
    'Hall · lamp · 9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d · code 4711 · SENT IN THE CLEAR',
  );
});

test('a device cannot pass itself off as another by what it calls itself', () => {
  const own = 'lamp" · 11111111-1111-4111-8111-111111111111 · code 0815';
  expect(requestLine({ ...request, device_label: own })).toBe(
    '9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d · code 4711 · SENT IN THE CLEAR'
      + ' · calls itself "lamp\\" · 11111111-1111-4111-8111-111111111111 · code 0815"',
  );
});

test('who decided is shown by role and name', () => {
  const decided: AccessRequestWire = { ...request, status: 'denied', decided_at: request.created_at, decided_by: 'owner:tok_1:Ada' };
  expect(presentRequest(decided, { width: Infinity, style: plainStyle })).toMatch(/by owner:Ada$/m);
});
