import { expect, test } from 'vitest';
import { newGrant, timeGraceMs, timeUpAt } from './grant.ts';

const endsAt = new Date('2026-12-01T12:00:00Z');
const time = newGrant({
  id: 'grt_1', subject: { kind: 'terminal', id: 'tok_1' }, network: { apId: 'ap_1', ssid: 'Home' }, source: 'share', startsAt: new Date(0), endsAt, allowedMs: 600_000, policy: 'restrict', revision: 1,
});

test('time on a shared network is used up before its grant ends, where its guest is restricted meanwhile', () => {
  expect(timeUpAt(time)).toEqual(new Date(endsAt.getTime() - timeGraceMs));
  expect(timeUpAt({ ...time, endsAt: undefined })).toBeUndefined();
});

test.each([
  ['is cut', { policy: 'cut' }],
  ['was not bought by time', { allowedMs: undefined }],
  ['is no share', { source: 'payment' }],
] as const)('any other lasts to its end: one that %s', (_, other) => {
  expect(timeUpAt({ ...time, ...other })).toEqual(endsAt);
});
