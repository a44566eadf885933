import { LatchkeyError } from '../../domain/errors.ts';
import { spanOfDay } from '../../domain/day.ts';
import { Earnings, type Earning } from '../../domain/share-earnings.ts';
import type { SharingRole } from '../../roles/sharing/ports.ts';
import { allRequests } from './guest-requests.ts';

export interface PeriodFlags {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly zone?: string | undefined;
}

export interface Period {
  readonly zone: string;
  /** From the first on, and before the second. */
  readonly from: Date | undefined;
  readonly to: Date | undefined;
}

/** Whole days, both with it. Errors: `invalid_input` if it ends before it begins. */
export function periodOf({ from, to, zone = Intl.DateTimeFormat().resolvedOptions().timeZone }: PeriodFlags): Period {
  const period = { zone, from: from === undefined ? undefined : spanOfDay(from, zone).from, to: to === undefined ? undefined : spanOfDay(to, zone).to };
  if (period.from !== undefined && period.to !== undefined && period.from >= period.to) {
    throw new LatchkeyError('invalid_input', `--to: ${to} is before ${from}.`);
  }
  return period;
}

export function isWithin(at: Date | undefined, { from, to }: Pick<Period, 'from' | 'to'>): boolean {
  return at !== undefined && (from === undefined || at >= from) && (to === undefined || at < to);
}

/** What this terminal's accounts earned by sharing, by network and month. */
export async function earnings(sharing: Pick<SharingRole, 'requests'>, networkId: string | undefined, period: Period): Promise<readonly Earning[]> {
  const found = new Earnings(period.zone);
  for await (const request of allRequests(sharing, { side: 'sharer', networkId })) {
    if (isWithin(request.paidAt, period)) found.add(request);
  }
  return found.list();
}
