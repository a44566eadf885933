import type { ShareRequest } from './share-request.ts';

/** What one guest has bought, in minor units of one currency. */
export interface GuestSales {
  readonly accountId: string;
  readonly currency: string;
  readonly sales: number;
  readonly paid: bigint;
  readonly returned: bigint;
  readonly lastAt: Date;
}

/** Adds up what was paid, by who paid; who paid most first, each currency among itself. */
export class SalesByGuest {
  readonly #found = new Map<string, GuestSales>();

  /** What was never paid counts for nothing. */
  add({ guest: { accountId }, paidAt, fee: { minor, currency }, returned }: ShareRequest): void {
    if (paidAt === undefined) {
      return;
    }
    const key = `${currency} ${accountId}`;
    const before = this.#found.get(key) ?? { accountId, currency, sales: 0, paid: 0n, returned: 0n, lastAt: paidAt };
    const lastAt = paidAt > before.lastAt ? paidAt : before.lastAt;
    this.#found.set(key, { ...before, sales: before.sales + 1, paid: before.paid + minor, returned: before.returned + returned, lastAt });
  }

  list(): readonly GuestSales[] {
    return [...this.#found.values()].sort((one, other) => {
      if (one.currency !== other.currency) return one.currency < other.currency ? -1 : 1;
      return one.paid === other.paid ? (one.accountId < other.accountId ? -1 : 1) : one.paid > other.paid ? -1 : 1;
    });
  }
}
