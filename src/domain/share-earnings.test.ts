import { expect, test } from 'vitest';
import { Earnings } from './share-earnings.ts';
import { SalesByGuest } from './share-sales.ts';
import type { ShareRequest } from './share-request.ts';

const euro = (minor: bigint) => ({ minor, currency: 'EUR' });
const sale = (parts: Partial<ShareRequest>) => ({
  networkId: 'net_1', guest: { accountId: 'acc_1', terminalId: 'tok_1' }, fee: euro(300n), paidAt: new Date('2026-11-30T23:30:00Z'), returned: 0n, owed: 0n, ...parts,
}) as ShareRequest;

test('what was paid is added up by network and month, the latest first; a month begins by its zone’s clocks', () => {
  const sales = [
    sale({ returned: 100n, owed: 20n }),
    sale({ fee: euro(50n) }),
    sale({ networkId: 'net_2' }),
    sale({ paidAt: new Date('2026-11-01T00:00:00Z'), fee: { minor: 7n, currency: 'JPY' } }),
    sale({ paidAt: undefined }),
  ];
  const earned = (zone: string) => {
    const earnings = new Earnings(zone);
    sales.forEach((each) => earnings.add(each));
    return earnings.list().map(({ month, networkId, currency, sales: count, sold, returned, owed, earned: left }) => [month, networkId, currency, count, sold, returned, owed, left]);
  };
  expect(earned('UTC')).toEqual([
    ['2026-11', 'net_1', 'EUR', 2, 350n, 100n, 20n, 230n],
    ['2026-11', 'net_1', 'JPY', 1, 7n, 0n, 0n, 7n],
    ['2026-11', 'net_2', 'EUR', 1, 300n, 0n, 0n, 300n],
  ]);
  expect(earned('Europe/Berlin').map(([month, network]) => [month, network])).toEqual([['2026-12', 'net_1'], ['2026-12', 'net_2'], ['2026-11', 'net_1']]);
});

test('guests are in the order of what they paid, each currency among itself', () => {
  const guests = new SalesByGuest();
  const of = (accountId: string) => ({ guest: { accountId, terminalId: 'tok_1' } });
  [sale(of('acc_1')), sale(of('acc_2')), sale({ ...of('acc_2'), returned: 100n, paidAt: new Date('2026-12-01T00:00:00Z') }), sale({ ...of('acc_1'), fee: { minor: 9n, currency: 'CHF' } }), sale({ ...of('acc_3'), paidAt: undefined })]
    .forEach((each) => guests.add(each));
  expect(guests.list()).toEqual([
    { accountId: 'acc_1', currency: 'CHF', sales: 1, paid: 9n, returned: 0n, lastAt: new Date('2026-11-30T23:30:00Z') },
    { accountId: 'acc_2', currency: 'EUR', sales: 2, paid: 600n, returned: 100n, lastAt: new Date('2026-12-01T00:00:00Z') },
    { accountId: 'acc_1', currency: 'EUR', sales: 1, paid: 300n, returned: 0n, lastAt: new Date('2026-11-30T23:30:00Z') },
  ]);
});
