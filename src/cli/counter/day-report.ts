import { dayAt, spanOfDay, type Span } from '../../domain/day.ts';
import type { Amount } from '../../domain/money.ts';
import type { Payment } from '../../domain/payment.ts';
import type { Register, Sale, Tender } from '../../domain/sale.ts';
import type { AcceptanceSum } from '../../roles/codes/acceptance-journal.ts';
import type { LedgerRole } from '../../roles/ledger/ports.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { Counter } from './open-counter.ts';

const atOnce = 1000;

/** What was taken by one tender in one currency, and how much of it was given back since, in minor units. */
export interface Takings {
  readonly tender: Tender;
  readonly currency: string;
  readonly charges: number;
  readonly minor: bigint;
  readonly refunded: bigint;
}

/** Where a sale that was paid in the ledger is not what the ledger has, in minor units. */
export interface LedgerDifference {
  readonly sale: Sale;
  readonly of: 'payment' | 'amount' | 'refunded';
  readonly atRegister: bigint;
  readonly inLedger: bigint;
}

/** What a cash register did on one day. */
export interface DayReport extends Span {
  readonly day: string;
  readonly zone: string;
  readonly register: Register;
  readonly takings: readonly Takings[];
  /** Sales that bought time, those of them without end, and the time of the others. */
  readonly times: { readonly sold: number; readonly unlimited: number; readonly ms: bigint };
  readonly differences: readonly LedgerDifference[];
  /** Credit payment codes that were accepted on this machine. */
  readonly codes: readonly AcceptanceSum[];
  /** What else the ledger has for the same account on that day: paid without this register. */
  readonly elsewhere: readonly (Amount & { readonly payments: number })[];
}

/** Today, by the clocks of this machine or of a zone, unless a day is named. `codesOf`: what this machine has accepted. */
export async function dayReport(
  { pos, ledger, register }: Counter,
  { day, zone }: { readonly day: string | undefined; readonly zone: string | undefined },
  codesOf: (span: Span) => Promise<readonly AcceptanceSum[]>,
): Promise<DayReport> {
  const where = zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const when = day ?? dayAt(new Date(), where);
  const span = spanOfDay(when, where);
  const sales = await all((page) => pos.sales(span, page), () => true);
  const payments = (await paymentsSince(ledger, register.payeeId, span.from)).filter(({ at }) => at < span.to);
  const ours = new Set(sales.map(({ paymentId }) => paymentId));
  return {
    day: when,
    zone: where,
    ...span,
    register,
    takings: takingsOf(sales),
    times: timesOf(sales),
    differences: differencesOf(sales, payments),
    codes: await codesOf(span),
    elsewhere: sumsOf(payments.filter(({ id, state }) => state === 'paid' && !ours.has(id))),
  };
}

function takingsOf(sales: readonly Sale[]): Takings[] {
  const sums = new Map<string, Takings>();
  for (const { tender, amount: { minor, currency }, refunded } of sales) {
    const key = `${tender} ${currency}`;
    const sum = sums.get(key) ?? { tender, currency, charges: 0, minor: 0n, refunded: 0n };
    sums.set(key, { tender, currency, charges: sum.charges + 1, minor: sum.minor + minor, refunded: sum.refunded + refunded });
  }
  return [...sums.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, sum]) => sum);
}

function timesOf(sales: readonly Sale[]): DayReport['times'] {
  const quantities = sales.flatMap(({ quantity }) => quantity ?? []);
  return {
    sold: quantities.length,
    unlimited: quantities.filter((quantity) => quantity === 'unlimited').length,
    ms: quantities.reduce((sum, quantity) => sum + (quantity === 'unlimited' ? 0n : quantity.size), 0n),
  };
}

function differencesOf(sales: readonly Sale[], payments: readonly Payment[]): LedgerDifference[] {
  const byId = new Map(payments.map((payment) => [payment.id, payment]));
  return sales.flatMap((sale): LedgerDifference[] => {
    const { paymentId, amount: { minor, currency }, refunded } = sale;
    if (paymentId === undefined) {
      return [];
    }
    const payment = byId.get(paymentId);
    if (payment?.state !== 'paid' || payment.amount.currency !== currency) {
      return [{ sale, of: 'payment', atRegister: minor, inLedger: 0n }];
    }
    return [
      ...(payment.captured === minor ? [] : [{ sale, of: 'amount', atRegister: minor, inLedger: payment.captured } as const]),
      ...(payment.refunded === refunded ? [] : [{ sale, of: 'refunded', atRegister: refunded, inLedger: payment.refunded } as const]),
    ];
  });
}

function sumsOf(payments: readonly Payment[]): DayReport['elsewhere'] {
  const sums = new Map<string, Amount & { readonly payments: number }>();
  for (const { captured, amount: { currency } } of payments) {
    const sum = sums.get(currency) ?? { minor: 0n, currency, payments: 0 };
    sums.set(currency, { minor: sum.minor + captured, currency, payments: sum.payments + 1 });
  }
  return [...sums.values()];
}

function paymentsSince(ledger: LedgerRole, payeeId: string, from: Date): Promise<Payment[]> {
  return all((page) => ledger.payments({ payeeIds: [payeeId] }, page), ({ at }) => at >= from);
}

/** Page by page, newest first, as long as they are wanted. */
async function all<T>(list: (page: PageRequest) => Promise<Page<T>>, isWanted: (item: T) => boolean): Promise<T[]> {
  const found: T[] = [];
  let after: string | undefined;
  for (;;) {
    const { items, next } = await list({ after, limit: atOnce });
    const wanted = items.filter(isWanted);
    found.push(...wanted);
    if (next === undefined || wanted.length < items.length) {
      return found;
    }
    after = next;
  }
}
