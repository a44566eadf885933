import { amountSchema } from '../../api/money.ts';
import { arrayOf, count, id, instant, object, type Static } from '../../api/schema.ts';
import type { Earning } from '../../domain/share-earnings.ts';
import { moneyForPeople, someMoney } from './money.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';
import { localTime } from './time.ts';

const earningSchema = object('Earning', {
  network_id: id,
  month: { type: 'string', description: 'Such as `2026-12`.' } as const,
  sales: { ...count, description: 'Purchases that were paid, increases as well.' },
  sold: amountSchema,
  returned: amountSchema,
  owed: { ...amountSchema, description: 'Still to be given back.' },
  earned: amountSchema,
});
export const earningsSchema = object('Earnings', { zone: { type: 'string' } as const, items: arrayOf(earningSchema) });
export type EarningsWire = Static<typeof earningsSchema>;

export function earningsToWire(earnings: readonly Earning[], zone: string): EarningsWire {
  const money = (minor: bigint, currency: string) => ({ minor: minor.toString(), currency });
  return {
    zone,
    items: earnings.map(({ networkId, month, currency, sales, sold, returned, owed, earned }) => ({
      network_id: networkId,
      month,
      sales,
      sold: money(sold, currency),
      returned: money(returned, currency),
      owed: money(owed, currency),
      earned: money(earned, currency),
    })),
  };
}

export function presentEarnings({ items }: EarningsWire, screen: Screen): string {
  return items.length === 0
    ? 'Nothing was sold.'
    : table(
        items,
        [
          { title: 'MONTH', cell: ({ month }) => month },
          { title: 'NETWORK', cell: ({ network_id: network }) => network },
          { title: 'SALES', cell: ({ sales }) => String(sales), right: true },
          { title: 'SOLD', cell: ({ sold }) => moneyForPeople(sold), right: true },
          { title: 'RETURNED', cell: ({ returned }) => someMoney(returned), right: true },
          { title: 'OWED', cell: ({ owed }) => someMoney(owed), right: true },
          { title: 'EARNED', cell: ({ earned }) => moneyForPeople(earned), right: true },
        ],
        screen,
      );
}

export const shareReportSchema = object('ShareReport', { file: { type: 'string' } as const, from: instant, to: instant, sales: count });
export type ShareReportWire = Static<typeof shareReportSchema>;

export function presentShareReport({ file, from, to, sales }: ShareReportWire, screen: Screen): string {
  return details([['written', file], ['from', localTime(from)], ['to', localTime(to)], ['sales', String(sales)]], screen);
}
