import { expect, test } from 'vitest';
import { age, duration, localTime, withLocalTimes } from './time.ts';

test('local time names its zone', () => {
  const text = localTime('2026-11-25T12:00:00.000Z');
  expect(text).toMatch(/^2026-11-2[456] \d\d:\d\d:00 (UTC|[+-]\d\d:\d\d)$/);
  const [day, hour, zone] = text.split(' ');
  expect(new Date(`${day}T${hour}${zone === 'UTC' ? 'Z' : zone}`).toISOString()).toBe('2026-11-25T12:00:00.000Z');
});

test('times in a sentence are as they are everywhere, but where somebody is quoted', () => {
  const at = '2026-11-25T12:00:00.123Z';
  expect(withLocalTimes(`Until ${at}; this clock says ${at}.`)).toBe(`Until ${localTime(at)}; this clock says ${localTime(at)}.`);
  for (const untouched of [`"${at}" is none.`, '2026-11-25T12:00:00+01:00', '2026-11-25', '9999-99-99T99:99:99Z', `order-${at}`, `acc_${at}`]) {
    expect(withLocalTimes(untouched)).toBe(untouched);
  }
});

test('age is one number and one unit', () => {
  const now = new Date('2026-11-25T12:00:00Z');
  expect(age('2026-11-25T11:59:30Z', now)).toBe('30 s');
  expect(age('2026-11-25T11:30:00Z', now)).toBe('30 min');
  expect(age('2026-11-25T02:00:00Z', now)).toBe('10 h');
  expect(age('2026-11-01T12:00:00Z', now)).toBe('24 d');
  expect(age('2026-11-25T12:00:05Z', now)).toBe('0 s');
});

test('a duration is in as many units as it takes', () => {
  expect([0, 45_999, 600_000, 5_400_000, 90_061_000].map(duration)).toEqual(['0 s', '45 s', '10 min', '1 h 30 min', '1 d 1 h 1 min 1 s']);
});
