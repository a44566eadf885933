import { weekdays, type Weekday } from '../weekly-hours.ts';

/**
 * From a moment (milliseconds since 1970) to what a clock on the wall shows, as the milliseconds at which UTC would
 * show it. Errors: RangeError if it is no moment.
 */
export type ZoneClock = (at: number) => number;

const quarterMs = 900_000;
const dayMs = 86_400_000;
const mostKept = 4096;

/**
 * The clock of a time zone (IANA). Nearly all clocks are set at whole quarters of an hour of UTC, so each quarter is asked
 * for once: Intl takes longer than all the rest of a check. Within a quarter in which one is set, each moment is asked for. Errors: RangeError if there is no such zone.
 */
export function zoneClock(zone: string): ZoneClock {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone, hourCycle: 'h23', era: 'short', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
  });
  const offsets = new Map<number, number>();
  return (at) => {
    const quarter = Math.floor(at / quarterMs);
    let offset = offsets.get(quarter);
    if (offset === undefined) {
      const [first, last] = [quarter * quarterMs, (quarter + 1) * quarterMs - 1000].map((each) => shownBy(format, each) - each);
      offset = first === last ? first! : NaN;
      if (offsets.size >= mostKept) offsets.clear();
      offsets.set(quarter, offset);
    }
    const second = Math.floor(at / 1000) * 1000;
    return Number.isNaN(offset) ? shownBy(format, second) + (at - second) : at + offset;
  };
}

function shownBy(format: Intl.DateTimeFormat, at: number): number {
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const [year, month, day, hour, minute, second] = ['year', 'month', 'day', 'hour', 'minute', 'second'].map((name) => Number(parts[name]));
  return Date.UTC(year!, month! - 1, day, hour, minute, second);
}

/** Of what a clock shows. 1 January 1970 was a Thursday. */
export function weekdayOf(shown: number): Weekday {
  return weekdays[(((Math.floor(shown / dayMs) + 3) % 7) + 7) % 7]!;
}

export function minuteOf(shown: number): number {
  return Math.floor((shown - Math.floor(shown / dayMs) * dayMs) / 60_000);
}

/** `2026-11-30`. */
export function dateOf(shown: number): string {
  return new Date(shown).toISOString().slice(0, 10);
}
