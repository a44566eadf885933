import { wallClock } from './happy-hour.ts';
import { isWithin, type WeeklyHours } from './weekly-hours.ts';

/** Hours of the week by the clocks of a time zone (IANA). */
export interface OfferHours {
  readonly zone: string;
  readonly hours: readonly WeeklyHours[];
}

/** Whether a moment is one of the hours; without hours every moment is. */
export function isOpenAt(open: OfferHours | undefined, at: Date): boolean {
  if (open === undefined) {
    return true;
  }
  const { day, minute } = wallClock(open.zone, at);
  return open.hours.some((hours) => isWithin(hours, day, minute));
}
