import { dayAt } from './day.ts';
import type { ShareRequest } from './share-request.ts';

/** What one network earned in one month, in minor units. */
export interface Earning {
  readonly networkId: string;
  /** Such as `2026-12`. */
  readonly month: string;
  readonly currency: string;
  /** Purchases that were paid, increases as well. */
  readonly sales: number;
  readonly sold: bigint;
  /** Of it, given back. */
  readonly returned: bigint;
  /** Of it, still to be given back. */
  readonly owed: bigint;
  /** The rest. */
  readonly earned: bigint;
}

/** Adds up what was paid, by network and by the month in which it was, by the clocks of a time zone; the latest first. */
export class Earnings {
  readonly #zone: string;
  readonly #found = new Map<string, Earning>();

  constructor(zone: string) {
    this.#zone = zone;
  }

  /** What was never paid counts for nothing. */
  add({ networkId, paidAt, fee: { minor, currency }, returned, owed }: ShareRequest): void {
    if (paidAt === undefined) {
      return;
    }
    const month = dayAt(paidAt, this.#zone).slice(0, 7);
    const key = [month, networkId, currency].join(' ');
    const before = this.#found.get(key) ?? { networkId, month, currency, sales: 0, sold: 0n, returned: 0n, owed: 0n, earned: 0n };
    this.#found.set(key, {
      ...before,
      sales: before.sales + 1,
      sold: before.sold + minor,
      returned: before.returned + returned,
      owed: before.owed + owed,
      earned: before.earned + minor - returned - owed,
    });
  }

  list(): readonly Earning[] {
    const textOf = ({ month, networkId, currency }: Earning) => [month, networkId, currency].join(' ');
    return [...this.#found.values()].sort((one, other) => (one.month === other.month ? (textOf(one) < textOf(other) ? -1 : 1) : one.month > other.month ? -1 : 1));
  }
}
