import { durationText } from '../../domain/duration.ts';
import { amountText } from '../../domain/money.ts';
import type { Taken } from './acceptance-journal.ts';

/** What a cash register says of times and amounts. */

/** To the second; of hours, to the minute. */
export function spanText(ms: number): string {
  const unit = ms >= 3_600_000 ? 60_000 : 1000;
  return durationText(Math.max(unit, Math.round(ms / unit) * unit));
}

/** Of a trust list; negative: written after what the register's clock says. */
export function ageText(ms: number): string {
  return ms < 0 ? `${spanText(-ms)} ahead of this register’s clock` : `${spanText(ms)} old`;
}

export function timeText(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}

export function takenText({ uses, minor }: Taken, currency: string): string {
  return `${amountText({ minor, currency })} of it in ${uses} ${uses === 1 ? 'payment' : 'payments'}`;
}
