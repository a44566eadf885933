import type { GrantUsage } from './grant.ts';

// What both sides counted of a shared network's use, and which of it counts.

export const meterSides = ['guest', 'sharer'] as const;
export type MeterSide = (typeof meterSides)[number];

/** What one side has counted since the grant began; both count bytes as the access point does: in is from the guest. */
export interface MeterReading extends GrantUsage {
  readonly grantId: string;
  readonly side: MeterSide;
  /** By the clock of who read. */
  readonly at: Date;
  /** The last one: nothing follows. */
  readonly isFinal: boolean;
  /** Ed25519 by the side's meter key over `meterMessage`, 64 bytes. */
  readonly signature: Uint8Array;
}

/** A reading is of now: a clock that is further off than this puts traffic into hours in which there was none. */
export const readingSkewMs = 300_000;

/** Both sides count the same frames differently, and read at different moments: less than this is no difference. */
export const differencePercent = 10n;
export const differenceBytes = 1_000_000n;

/** Whether two counts differ by more than the limit: both more than a tenth of the larger and more than 1 MB. */
export function metersDiffer(one: GrantUsage, other: GrantUsage): boolean {
  const [a, b] = [one.bytesIn + one.bytesOut, other.bytesIn + other.bytesOut];
  const [more, less] = a > b ? [a, b] : [b, a];
  return more - less > differenceBytes && (more - less) * 100n > more * differencePercent;
}
