import { LatchkeyError } from './errors.ts';
import { parseStep, stepText, type Step } from './tariff-step.ts';
import { quoted } from './shown-text.ts';

export const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
export type Weekday = (typeof weekdays)[number];

/** Hours at which money buys more. They belong to the day on which they begin. */
export interface HappyHour {
  /** At least one, in the order of the week. */
  readonly days: readonly Weekday[];
  /** Minute of the day, by the clock on the wall. */
  readonly from: number;
  /** The first minute that is none of it, up to 1440; before `from` it is on the next day. */
  readonly to: number;
  /** Per cent (above 100) of what is bought otherwise, or a step that everybody may buy by. */
  readonly reward: { readonly percent: bigint } | { readonly step: Step };
}

/** Happy hours, and the time zone (IANA) whose clocks they go by. */
export interface HappyHours {
  readonly zone: string;
  readonly hours: readonly HappyHour[];
}

const mostPercent = 10_000n;

/**
 * Days, hours and a factor or a step: `Mon-Fri 14:00-16:00 x2`, `Fri,Sat 22:00-02:00 x1.5`, `Sun 00:00-24:00 1.00EUR=20min`.
 * Errors: `invalid_input`, and those of `parseStep`.
 */
export function parseHappyHour(text: string): HappyHour {
  const [, days = '', start = '', end = '', reward = ''] = /^(\S+) (\d\d:\d\d)-(\d\d:\d\d) (\S+)$/.exec(text) ?? [];
  if (days === '') {
    throw new LatchkeyError('invalid_input', `${quoted(text)} is not a happy hour such as "Mon-Fri 14:00-16:00 x2".`);
  }
  const from = parseMinute(start);
  const to = parseMinute(end);
  if (from === to || from === 1440) {
    throw new LatchkeyError('invalid_input', `${start}-${end} are no hours. The whole day is 00:00-24:00.`);
  }
  return { days: parseDays(days), from, to, reward: reward.includes('=') ? { step: parseStep(reward) } : { percent: parseFactor(reward) } };
}

/** As `parseHappyHour` reads it. */
export function happyHourText({ days, from, to, reward }: HappyHour): string {
  return `${daysText(days)} ${clockText(from)}-${clockText(to)} ${'step' in reward ? stepText(reward.step) : `x${factorText(reward.percent)}`}`;
}

/** The name of a time zone such as `Europe/Berlin`. Errors: `invalid_input`. */
export function parseZone(text: string): string {
  try {
    if (/^[A-Za-z]/.test(text)) {
      new Intl.DateTimeFormat('en-US', { timeZone: text });
      return text;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new LatchkeyError('invalid_input', `${quoted(text)} is not a time zone such as Europe/Berlin.`);
}

/**
 * The first of the happy hours that holds at a moment. When clocks are put back, an hour that is there twice counts
 * both times; one that is left out when they are put forward never comes.
 */
export function happyHourAt(happy: HappyHours | undefined, at: Date): HappyHour | undefined {
  if (happy === undefined) {
    return undefined;
  }
  const { day, minute } = wallClock(happy.zone, at);
  const dayBefore = weekdays.at(weekdays.indexOf(day) - 1)!;
  return happy.hours.find(({ days, from, to }) =>
    from < to
      ? days.includes(day) && from <= minute && minute < to
      : (days.includes(day) && from <= minute) || (days.includes(dayBefore) && minute < to),
  );
}

/** By the clocks of a time zone (IANA). */
export function wallClock(zone: string, at: Date): { day: Weekday; minute: number } {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return { day: parts['weekday'] as Weekday, minute: Number(parts['hour']) * 60 + Number(parts['minute']) };
}

/** From `00:00` to `24:00`, in minutes of the day. Errors: `invalid_input`. */
export function parseMinute(text: string): number {
  const [hour = 0, minute = 0] = text.split(':').map(Number);
  if (minute > 59 || hour * 60 + minute > 1440) {
    throw new LatchkeyError('invalid_input', `${quoted(text)} is no time of the day from 00:00 to 24:00.`);
  }
  return hour * 60 + minute;
}

function clockText(minute: number): string {
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

function parseFactor(text: string): bigint {
  const [, whole = '0', fraction = ''] = /^x(\d{1,3})(?:\.(\d{1,2}))?$/.exec(text) ?? [];
  const percent = BigInt(whole + fraction.padEnd(2, '0'));
  if (percent <= 100n || percent > mostPercent) {
    throw new LatchkeyError('invalid_input', `${quoted(text)} is not a factor such as x2 or x1.5: more than 1, at most 100, by which more is bought.`);
  }
  return percent;
}

function factorText(percent: bigint): string {
  const fraction = (percent % 100n).toString().padStart(2, '0').replace(/0+$/, '');
  return fraction === '' ? `${percent / 100n}` : `${percent / 100n}.${fraction}`;
}
