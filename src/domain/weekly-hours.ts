import { LatchkeyError } from './errors.ts';
import { quoted } from './shown-text.ts';

export const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
export type Weekday = (typeof weekdays)[number];

/** Hours of some days of each week. They belong to the day on which they begin. */
export interface WeeklyHours {
  /** At least one, in the order of the week. */
  readonly days: readonly Weekday[];
  /** Minute of the day, by the clock on the wall. */
  readonly from: number;
  /** The first minute that is none of it, up to 1440; before `from` it is on the next day. */
  readonly to: number;
}

/** Days and hours: `Mon-Fri 14:00-16:00`, `Fri,Sat 22:00-02:00`, `Sun 00:00-24:00`. Errors: `invalid_input`. */
export function parseWeeklyHours(text: string): WeeklyHours {
  const [, days = '', start = '', end = ''] = /^(\S+) (\d\d:\d\d)-(\d\d:\d\d)$/.exec(text) ?? [];
  if (days === '') {
    throw new LatchkeyError('invalid_input', `${quoted(text)} are not hours such as "Mon-Fri 14:00-16:00".`);
  }
  const from = parseMinute(start);
  const to = parseMinute(end);
  if (from === to || from === 1440) {
    throw new LatchkeyError('invalid_input', `${start}-${end} are no hours. The whole day is 00:00-24:00.`);
  }
  return { days: parseDays(days), from, to };
}

/** As `parseWeeklyHours` reads it. */
export function weeklyHoursText({ days, from, to }: WeeklyHours): string {
  return `${daysText(days)} ${clockText(from)}-${clockText(to)}`;
}

/**
 * Whether a minute of a day is one of these hours. When clocks are put back, an hour that is there twice counts both
 * times; one that is left out when they are put forward never comes.
 */
export function isWithin({ days, from, to }: WeeklyHours, day: Weekday, minute: number): boolean {
  return from < to
    ? days.includes(day) && from <= minute && minute < to
    : (days.includes(day) && from <= minute) || (days.includes(weekdays.at(weekdays.indexOf(day) - 1)!) && minute < to);
}

/** From `00:00` to `24:00`, in minutes of the day. Errors: `invalid_input`. */
export function parseMinute(text: string): number {
  const [hour = 0, minute = 0] = text.split(':').map(Number);
  if (minute > 59 || hour * 60 + minute > 1440) {
    throw new LatchkeyError('invalid_input', `${quoted(text)} is no time of the day from 00:00 to 24:00.`);
  }
  return hour * 60 + minute;
}

/** `14:05`. */
export function clockText(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':');
}

function parseDays(text: string): Weekday[] {
  const chosen = text.split(',').flatMap((part) => {
    const [first = -1, last = first, ...more] = part.split('-').map((name) => weekdays.findIndex((day) => day === name));
    if (first < 0 || last < 0 || more.length > 0) {
      throw new LatchkeyError('invalid_input', `${quoted(part)} is neither a day such as Mon nor days such as Mon-Fri.`);
    }
    return first <= last ? weekdays.slice(first, last + 1) : [...weekdays.slice(first), ...weekdays.slice(0, last + 1)];
  });
  return weekdays.filter((day) => chosen.includes(day));
}

function daysText(days: readonly Weekday[]): string {
  const runs: Weekday[][] = [];
  for (const day of days) {
    const run = runs.at(-1);
    if (run === undefined || weekdays.indexOf(day) !== weekdays.indexOf(run.at(-1)!) + 1) runs.push([day]);
    else run.push(day);
  }
  return runs.map((run) => (run.length === 1 ? run[0] : `${run[0]}-${run.at(-1)}`)).join(',');
}
