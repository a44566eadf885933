import { expect, test } from 'vitest';
import { trafficLeft } from './grants-in-force.ts';

const now = new Date('2026-07-01T12:00:00Z');
const graceMs = 3_600_000;
const ago = (ms: number) => new Date(now.getTime() - ms);

test.each([
  ['some without a quota', { quotaBytes: undefined, bytes: 1000n, policy: 'cut', spentAt: undefined }, 'some'],
  ['some below the quota', { quotaBytes: 1001n, bytes: 1000n, policy: 'cut', spentAt: undefined }, 'some'],
  ['none once it is used up and cut', { quotaBytes: 1000n, bytes: 1000n, policy: 'cut', spentAt: undefined }, 'none'],
  ['restricted once it is used up', { quotaBytes: 1000n, bytes: 1000n, policy: 'restrict', spentAt: undefined }, 'restricted'],
  ['restricted within the grace', { quotaBytes: 1000n, bytes: 1000n, policy: 'restrict', spentAt: ago(graceMs - 1) }, 'restricted'],
  ['none after the grace', { quotaBytes: 1000n, bytes: 1000n, policy: 'restrict', spentAt: ago(graceMs) }, 'none'],
  ['some when it has more', { quotaBytes: 2000n, bytes: 1000n, policy: 'restrict', spentAt: ago(graceMs) }, 'some'],
] as const)('%s', (_name, { bytes, ...grant }, left) => {
  expect(trafficLeft({ ...grant, usage: { bytesIn: bytes / 2n, bytesOut: bytes / 2n, seconds: 1 } }, now, graceMs)).toBe(left);
});
