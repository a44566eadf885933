import { LatchkeyError } from './errors.ts';
import { parseZone } from './happy-hour.ts';
import { quoted } from './shown-text.ts';

/** From the first moment on, and before the second. */
export interface Span {
  readonly from: Date;
  readonly to: Date;
}

const dayMs = 86_400_000;
/** More than any time zone is ahead of UTC or behind it. */
const mostOffsetMs = 16 * 3_600_000;

/** A day of the calendar: `2026-11-30`. Errors: `invalid_input`. */
export function parseDay(text: string): string {
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
  if (at === undefined || Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== text) {
    throw new LatchkeyError('invalid_input', `${quoted(text)} is not a day such as 2026-11-30.`);
  }
  return text;
}

/** A moment (RFC 3339) such as `2026-11-30T14:30:00+01:00`. Errors: `invalid_input`. */
export function parseInstant(text: string): Date {
  const [, day] = /^(\d{4}-\d\d-\d\d)[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  const at = day === undefined ? undefined : new Date(text.toUpperCase());
  if (at === undefined || Number.isNaN(at.getTime()) || !isDay(day!)) {
    throw new LatchkeyError('invalid_input', `${quoted(text)} is not a moment such as 2026-11-30T14:30:00+01:00.`);
  }
  return at;
}

/** The day that it is at a moment by the clocks of a time zone (IANA). */
export function dayAt(at: Date, zone: string): string {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${parts['year']!.padStart(4, '0')}-${parts['month']}-${parts['day']}`;
}

/**
 * A day by the clocks of a time zone (IANA), which may have 23 or 25 hours, or none where clocks left it out.
 * Errors: `invalid_input`.
 */
export function spanOfDay(day: string, zone: string): Span {
  const start = new Date(`${parseDay(day)}T00:00:00Z`).getTime();
  const next = new Date(start + dayMs).toISOString().slice(0, 10);
  return { from: firstMoment(day, start, parseZone(zone)), to: firstMoment(next, start + dayMs, zone) };
}

/** By halving, for a day need not begin at midnight: clocks may be put forward then. */
function firstMoment(day: string, utcMidnight: number, zone: string): Date {
  let low = utcMidnight - mostOffsetMs;
  let high = utcMidnight + mostOffsetMs;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (dayAt(new Date(middle), zone) >= day) high = middle;
    else low = middle + 1;
  }
  return new Date(high);
}

function isDay(text: string): boolean {
  const [year, month, day] = [Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8))];
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 ? (isLeap ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return month >= 1 && month <= 12 && day >= 1 && day <= days;
}
