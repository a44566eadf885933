import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { spanOfDay } from '../day.ts';
import { LatchkeyError } from '../errors.ts';
import { calendarNumber, calendarPeriods, parsePeriod, periodStart, periodText, type CalendarPeriod } from './period.ts';
import { dateOf, minuteOf, weekdayOf, zoneClock } from './zone-clock.ts';

const start = (period: CalendarPeriod, at: string, zone: string) => new Date(periodStart(period, new Date(at).getTime(), zoneClock(zone))).toISOString();

test('a period is a word or a duration, with one text', () => {
  expect(['hour', 'day', 'week', 'month', '90min', '1h30m', '7d'].map((text) => periodText(parsePeriod(text)))).toEqual(['hour', 'day', 'week', 'month', '1h30min', '1h30min', '7d']);
  for (const bad of ['', 'year', 'Day', '0s', '90']) expect(() => parsePeriod(bad)).toThrow(LatchkeyError);
});

describe('a period of the calendar begins', () => {
  test.each<readonly [CalendarPeriod, string, string, string]>([
    ['day', '2026-11-30T13:30:00Z', 'Europe/Berlin', '2026-11-29T23:00:00.000Z'],
    ['day', '2026-03-29T12:00:00Z', 'Europe/Berlin', '2026-03-28T23:00:00.000Z'],
    ['day', '2026-03-29T22:00:00Z', 'Europe/Berlin', '2026-03-29T22:00:00.000Z'],
    ['week', '2026-11-29T22:59:59Z', 'Europe/Berlin', '2026-11-22T23:00:00.000Z'],
    ['week', '2026-11-29T23:00:00Z', 'Europe/Berlin', '2026-11-29T23:00:00.000Z'],
    ['month', '2026-11-30T23:30:00Z', 'Europe/Berlin', '2026-11-30T23:00:00.000Z'],
    ['month', '2026-01-01T02:00:00Z', 'America/New_York', '2025-12-01T05:00:00.000Z'],
    ['hour', '2026-11-30T13:20:00Z', 'Asia/Kolkata', '2026-11-30T12:30:00.000Z'],
    ['hour', '2026-11-30T13:59:59.999Z', 'UTC', '2026-11-30T13:00:00.000Z'],
    ['hour', '2026-10-25T00:59:00Z', 'Europe/Berlin', '2026-10-25T00:00:00.000Z'],
    ['hour', '2026-10-25T01:01:00Z', 'Europe/Berlin', '2026-10-25T01:00:00.000Z'],
  ])('%s of %s in %s', (period, at, zone, expected) => {
    expect(start(period, at, zone)).toBe(expected);
  });
});

const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'America/Havana', 'Pacific/Apia', 'UTC'] as const;
const moment = fc.integer({ min: Date.UTC(2005, 0, 1), max: Date.UTC(2030, 0, 1) });

test('the clock of a zone shows what Intl says', () => {
  for (const zone of zones) {
    const clock = zoneClock(zone);
    const format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, hourCycle: 'h23', weekday: 'short', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' });
    fc.assert(
      fc.property(moment, (at) => {
        const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
        const shown = clock(at);
        expect(dateOf(shown)).toBe(`${parts['year']}-${parts['month']}-${parts['day']}`);
        expect(minuteOf(shown)).toBe(Number(parts['hour']) * 60 + Number(parts['minute']));
        expect(weekdayOf(shown)).toBe(parts['weekday']!.slice(0, 3));
      }),
      { numRuns: 100 },
    );
  }
});

test('two moments, one after the other, have one number exactly when their period began at the same moment', () => {
  fc.assert(
    fc.property(fc.constantFrom(...zones), fc.constantFrom(...calendarPeriods), moment, fc.oneof(fc.nat(40 * 86_400_000), fc.nat(7_200_000)), (zone, period, first, later) => {
      const clock = zoneClock(zone);
      const number = calendarNumber(period, clock);
      const same = periodStart(period, first, clock) === periodStart(period, first + later, clock);
      expect(number(first) === number(first + later)).toBe(same);
    }),
    { numRuns: 300 },
  );
});

test('a day begins when it does elsewhere', () => {
  fc.assert(
    fc.property(fc.constantFrom(...zones), moment, (zone, at) => {
      const clock = zoneClock(zone);
      expect(periodStart('day', at, clock)).toBe(spanOfDay(dateOf(clock(at)), zone).from.getTime());
    }),
    { numRuns: 30 },
  );
});

test('a clock that is set between two quarters shows what it does at each second', () => {
  const clock = zoneClock('America/St_Johns');
  const shownAt = (at: string) => new Date(clock(Date.parse(at))).toISOString().slice(11, 23);
  expect([shownAt('2009-03-08T03:30:59.500Z'), shownAt('2009-03-08T03:31:00.000Z'), shownAt('2009-03-08T03:35:00.250Z')]).toEqual(['00:00:59.500', '01:01:00.000', '01:05:00.250']);
});
