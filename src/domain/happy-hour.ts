import { LatchkeyError } from './errors.ts';
import { parseStep, stepText, type Step } from './tariff-step.ts';
import { quoted } from './shown-text.ts';
import { isWithin, parseWeeklyHours, weeklyHoursText, type Weekday, type WeeklyHours } from './weekly-hours.ts';

/** Hours at which money buys more. */
export interface HappyHour extends WeeklyHours {
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
  const [, hours = '', reward = ''] = /^(\S+ \d\d:\d\d-\d\d:\d\d) (\S+)$/.exec(text) ?? [];
  if (hours === '') {
    throw new LatchkeyError('invalid_input', `${quoted(text)} is not a happy hour such as "Mon-Fri 14:00-16:00 x2".`);
  }
  return { ...parseWeeklyHours(hours), reward: reward.includes('=') ? { step: parseStep(reward) } : { percent: parseFactor(reward) } };
}

/** As `parseHappyHour` reads it. */
export function happyHourText({ reward, ...hours }: HappyHour): string {
  return `${weeklyHoursText(hours)} ${'step' in reward ? stepText(reward.step) : `x${factorText(reward.percent)}`}`;
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

/** The first of the happy hours that holds at a moment. */
export function happyHourAt(happy: HappyHours | undefined, at: Date): HappyHour | undefined {
  if (happy === undefined) {
    return undefined;
  }
  const { day, minute } = wallClock(happy.zone, at);
  return happy.hours.find((hours) => isWithin(hours, day, minute));
}

/** By their zones: making one takes a hundred times as long as using it. */
const clocks = new Map<string, Intl.DateTimeFormat>();
const mostClocks = 100;

function clockOf(zone: string): Intl.DateTimeFormat {
  let clock = clocks.get(zone);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat('en-US', { timeZone: zone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
    if (clocks.size >= mostClocks) clocks.clear();
    clocks.set(zone, clock);
  }
  return clock;
}

/** By the clocks of a time zone (IANA). */
export function wallClock(zone: string, at: Date): { readonly day: Weekday; readonly minute: number } {
  const minute = Math.floor(at.getTime() / 60_000);
  let last = read.get(zone);
  if (last?.minute !== minute) {
    last = { minute, clock: readClock(zone, at) };
    if (read.size >= mostClocks) read.clear();
    read.set(zone, last);
  }
  return last.clock;
}

/** By their zones, what they showed when they were looked at last: the same for the whole of a minute. */
const read = new Map<string, { readonly minute: number; readonly clock: { readonly day: Weekday; readonly minute: number } }>();

function readClock(zone: string, at: Date): { readonly day: Weekday; readonly minute: number } {
  const parts = Object.fromEntries(clockOf(zone).formatToParts(at).map(({ type, value }) => [type, value]));
  return { day: parts['weekday'] as Weekday, minute: Number(parts['hour']) * 60 + Number(parts['minute']) };
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
