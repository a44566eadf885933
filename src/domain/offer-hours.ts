import { LatchkeyError } from './errors.ts';
import { parseZone, wallClock } from './happy-hour.ts';
import { isWithin, parseWeeklyHours, weeklyHoursText, type WeeklyHours } from './weekly-hours.ts';

/** Hours of the week by the clocks of a time zone (IANA). */
export interface OfferHours {
  readonly zone: string;
  readonly hours: readonly WeeklyHours[];
}

/** As JSON: the texts that flags take. */
export interface OfferHoursJson {
  readonly zone: string;
  readonly hours: readonly string[];
}

/** More in one offer are a mistake. */
export const mostOfferHours = 50;

/** Errors: `invalid_input`, also for no hours at all. */
export function parseOfferHours({ zone, hours }: OfferHoursJson): OfferHours {
  if (hours.length === 0 || hours.length > mostOfferHours) {
    throw new LatchkeyError('invalid_input', `An offer has 1 to ${mostOfferHours} hours such as "Mon-Fri 08:00-18:00", or none to be open always.`);
  }
  return { zone: parseZone(zone), hours: hours.map(parseWeeklyHours) };
}

/** As `parseOfferHours` reads it. */
export function offerHoursToJson({ zone, hours }: OfferHours): OfferHoursJson {
  return { zone, hours: hours.map(weeklyHoursText) };
}

/** Whether a moment is one of the hours; without hours every moment is. */
export function isOpenAt(open: OfferHours | undefined, at: Date): boolean {
  if (open === undefined) {
    return true;
  }
  const { day, minute } = wallClock(open.zone, at);
  return open.hours.some((hours) => isWithin(hours, day, minute));
}
