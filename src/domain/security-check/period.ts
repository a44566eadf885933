import { durationText, parseDuration } from '../duration.ts';
import { LatchkeyError } from '../errors.ts';
import { quoted } from '../shown-text.ts';
import type { ZoneClock } from './zone-clock.ts';

export const calendarPeriods = ['hour', 'day', 'week', 'month'] as const;
export type CalendarPeriod = (typeof calendarPeriods)[number];

/** A period of the calendar, by the clocks of a zone, or so many milliseconds up to now. */
export type Period = CalendarPeriod | { readonly rollingMs: number };

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const quarterMs = 900_000;
/** More than any time zone is ahead of UTC or behind it. */
const mostOffsetMs = 16 * hourMs;

/** `hour`, `day`, `week` (from Monday on), `month`, or a duration such as `90min` or `7d`. Errors: `invalid_input`. */
export function parsePeriod(text: string): Period {
  const calendar = calendarPeriods.find((each) => each === text);
  if (calendar !== undefined) {
    return calendar;
  }
  try {
    return { rollingMs: parseDuration(text) };
  } catch (error) {
    throw error instanceof LatchkeyError ? new LatchkeyError('invalid_input', `${quoted(text)} is neither ${calendarPeriods.join(', ')} nor a duration such as 90min or 7d.`) : error;
  }
}

/** As `parsePeriod` reads it; one text for one period. */
export function periodText(period: Period): string {
  return typeof period === 'string' ? period : durationText(period.rollingMs);
}

/**
 * When the period began that a moment is in, by the clock of a zone, so that days may have 23 or 25 hours. A rolling
 * one holds what came later than that. Times are milliseconds since 1970.
 */
export function periodStart(period: Period, at: number, clock: ZoneClock): number {
  if (typeof period !== 'string') {
    return at - period.rollingMs;
  }
  return period === 'hour' ? hourStart(at, clock) : dateStart(firstDay(period, clock(at)), clock);
}

/**
 * What tells a period of the calendar from the next, for moments that are asked about in the order of time: the same
 * for all that lie in one, and found faster than when it began.
 */
export function calendarNumber(period: CalendarPeriod, clock: ZoneClock): (at: number) => string | number {
  if (period === 'hour') {
    // An hour that is there twice, when clocks are put back, is two.
    return (at) => `${Math.floor(clock(at) / hourMs)} ${clock(at) - at}`;
  }
  let latest = -Infinity;
  return (at) => {
    const shown = clock(at);
    const day = Math.floor(shown / dayMs);
    const number = period === 'day' ? day : period === 'week' ? Math.floor((day + 3) / 7) : monthOf(shown);
    // Clocks that are put back at midnight do not bring the day before again.
    latest = Math.max(latest, number);
    return latest;
  };
}

function monthOf(shown: number): number {
  const date = new Date(shown);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** Midnight of the first day of the period, as the clock shows it. */
function firstDay(period: Exclude<CalendarPeriod, 'hour'>, shown: number): number {
  const day = Math.floor(shown / dayMs);
  if (period === 'month') {
    const date = new Date(shown);
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
  }
  return (period === 'day' ? day : day - ((day + 3) % 7)) * dayMs;
}

/**
 * When a clock first showed a midnight or later, by halving: a day need not begin at midnight, for clocks may be put
 * forward then. They are set at whole quarters of an hour.
 */
function dateStart(midnight: number, clock: ZoneClock): number {
  let low = (midnight - mostOffsetMs) / quarterMs;
  let high = (midnight + mostOffsetMs) / quarterMs;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (clock(middle * quarterMs) >= midnight) high = middle;
    else low = middle + 1;
  }
  return high * quarterMs;
}

/** An hour may begin at no full hour of UTC, and be cut short where clocks are set. */
function hourStart(at: number, clock: ZoneClock): number {
  const number = calendarNumber('hour', clock);
  const ours = number(at);
  let start = Math.floor(at / quarterMs);
  while (number((start - 1) * quarterMs) === ours) start -= 1;
  return start * quarterMs;
}
