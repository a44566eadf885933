import { dayAt, spanOfDay } from '../day.ts';
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
 * When the period began that a moment is in: by the clocks of a time zone (IANA), so that days may have 23 or 25 hours.
 * A rolling one holds what came later than that. Times are milliseconds since 1970.
 */
export function periodStart(period: Period, at: number, zone: string): number {
  if (typeof period !== 'string') {
    return at - period.rollingMs;
  }
  if (period === 'hour') {
    return hourStart(at, zone);
  }
  const today = dayAt(new Date(at), zone);
  return spanOfDay(period === 'day' ? today : period === 'week' ? mondayOf(today) : `${today.slice(0, 7)}-01`, zone).from.getTime();
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

/** Clocks are set at whole quarters of an hour, and to whole minutes. */
function hourStart(at: number, zone: string): number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, minute: '2-digit', second: '2-digit' });
  const within = Number(format.formatToParts(at).find(({ type }) => type === 'minute')!.value) * 60_000 + (at % 60_000);
  const start = at - within;
  // The hour by the clock may have begun at no full hour, where clocks were set by half an hour.
  const hour = (moment: number) => new Intl.DateTimeFormat('en-US', { timeZone: zone, hour: '2-digit', hourCycle: 'h23', timeZoneName: 'longOffset' }).format(moment);
  const ours = hour(at);
  let first = start;
  while (hour(first) !== ours && first < at) first += quarterMs;
  return first;
}

function mondayOf(day: string): string {
  const midnight = new Date(`${day}T00:00:00Z`);
  return new Date(midnight.getTime() - ((midnight.getUTCDay() + 6) % 7) * dayMs).toISOString().slice(0, 10);
}
