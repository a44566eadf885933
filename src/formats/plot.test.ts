import { expect, test } from 'vitest';
import { countMarks, timeMarks } from './plot.ts';

test.each([0, 1, 2, 4, 7, 99, 100, 101, 30_000, 999_999, 1_000_001])('marks of counts up to %i are whole, few and reach it', (most) => {
  const values = countMarks(most).map(({ value }) => value);
  expect(values.length).toBeLessThanOrEqual(7);
  expect(values.every(Number.isInteger)).toBe(true);
  expect(values.at(-1)).toBeGreaterThanOrEqual(most);
  expect(new Set(values).size).toBe(values.length);
});

const second = 1000;
const day = 86_400 * second;

test.each([second, 90 * second, 3600 * second, day, 10 * day, 100 * day, 400 * day, 10_000 * day])('marks of a span of %i ms are few and inside it', (span) => {
  const first = Date.parse('2026-11-20T06:17:23Z');
  const marks = timeMarks(first, first + span);
  expect(marks.length).toBeLessThanOrEqual(7);
  expect(marks.every(({ value }) => value >= first && value <= first + span)).toBe(true);
});

test('a day is named where it begins', () => {
  const first = Date.parse('2026-11-20T20:00:00Z');
  expect(timeMarks(first, first + 6 * 3600 * second).map(({ label }) => label)).toEqual([
    '2026-11-20 20:00', '21:00', '22:00', '23:00', '2026-11-21 00:00', '01:00', '02:00',
  ]);
});
