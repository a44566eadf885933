import { dayAt, spanOfDay } from './day.ts';
import { LatchkeyError } from './errors.ts';
import { wallClock } from './happy-hour.ts';
import { quoted } from './shown-text.ts';
import { parseMinute } from './weekly-hours.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** No zone has put its clocks forward within a day by more. */
const mostGapMinutes = 180;

/** A time of the day such as `02:00`, as its minute. Errors: `invalid_input`. */
export function parseTimeOfDay(text: string): number {
  if (!/^(?:[01]\d|2[0-3]):[0-5]\d$/.test(text)) {
    throw new LatchkeyError('invalid_input', `${quoted(text)} is not a time of the day such as 02:00, from 00:00 to 23:59.`);
  }
  return parseMinute(text);
}

/**
 * When the clocks of a time zone (IANA) show a minute of the day next, after a moment: once each day. A minute that is
 * left out when they are put forward is the first one after it, and of one that is there twice it is the first.
 */
export function nextDaily(minute: number, zone: string, after: Date): Date {
  for (let ahead = 0; ; ahead += 1) {
    const { from, to } = spanOfDay(dayAt(new Date(after.getTime() + ahead * dayMs), zone), zone);
    const first = new Date(from.getTime() + Math.max(0, minute - mostGapMinutes) * minuteMs);
    for (let at = first; at < to; at = new Date(at.getTime() + minuteMs)) {
      if (wallClock(zone, at).minute >= minute) {
        if (at > after) return at;
        break;
      }
    }
  }
}
