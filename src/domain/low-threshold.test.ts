import { expect, test } from 'vitest';
import { LatchkeyError } from './errors.ts';
import { parseLeftThreshold, parseUsedThresholds, passedThresholds } from './low-threshold.ts';

const thresholds = [...parseUsedThresholds('80%, 95%'), parseLeftThreshold('50MB'), parseLeftThreshold('5m')];
const passed = (metric: 'time' | 'traffic', total: bigint, left: bigint) => passedThresholds(thresholds, { metric, total, left }).map(({ name }) => name);

test('traffic that is used up to a share of all, or down to so much, passes each threshold from there on', () => {
  const total = 1_000_000_000n;
  expect(passed('traffic', total, 200_000_001n)).toEqual([]);
  expect(passed('traffic', total, 200_000_000n)).toEqual(['80%']);
  expect(passed('traffic', total, 50_000_000n)).toEqual(['95%', '50MB', '80%']);
  expect(passed('traffic', total, 0n)).toEqual(['95%', '50MB', '80%']);
});

test('what is left in time is another matter, and no threshold is passed from the beginning', () => {
  expect(passed('time', 3_600_000n, 720_000n)).toEqual(['80%']);
  expect(passed('time', 3_600_000n, 300_000n)).toEqual(['5min', '80%']);
  expect(passed('traffic', 40_000_000n, 40_000_000n)).toEqual([]);
  expect(passed('time', 240_000n, 240_000n)).toEqual([]);
});

test('of the smallest amounts a share is passed only when that much is used', () => {
  expect(passed('traffic', 3n, 1n)).toEqual([]);
  expect(passed('traffic', 3n, 0n)).toEqual(['80%', '95%']);
});

test.each(['', '0%', '100%', '80', '80%,', 'x%', '-5%'])('%j is no list of thresholds', (text) => {
  expect(() => parseUsedThresholds(text)).toThrow(LatchkeyError);
});
