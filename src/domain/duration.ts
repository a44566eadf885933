import { LatchkeyError } from './errors.ts';
import { quoted } from './shown-text.ts';

const unitMs = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The longest duration, in milliseconds: 3650 days. */
export const mostDurationMs = 3650 * unitMs.d;

/** A duration such as `30s`, `10m`, `1h30m` or `7d`, in milliseconds; more than 0 and at most 10 years. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d{1,9})(ms|min|s|m|h|d)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text) {
    throw new LatchkeyError('invalid_input', `${quoted(text)} is not a duration such as 30s, 10m, 1h30m or 7d.`);
  }
  const total = parts.reduce((sum, part) => sum + Number(part[1]) * unitMs[part[2] as keyof typeof unitMs], 0);
  if (total <= 0 || total > mostDurationMs) {
    throw new LatchkeyError('invalid_input', 'A duration is longer than nothing and at most 3650d.');
  }
  return total;
}

/** As `parseDuration` reads it, exactly: `10min`, `1h30min`. `ms` is a whole number above 0. */
export function durationText(ms: number): string {
  let rest = ms;
  let text = '';
  for (const unit of ['d', 'h', 'min', 's', 'ms'] as const) {
    const count = Math.floor(rest / unitMs[unit]);
    rest -= count * unitMs[unit];
    text += count === 0 ? '' : `${count}${unit}`;
  }
  return text;
}
