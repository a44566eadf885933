import { currency, minor } from '../../api/money.ts';
import { arrayOf, boolean, count, id, instant, object, oneOf, text, type Static } from '../../api/schema.ts';
import { instantToWire } from '../../api/wire.ts';
import { settlementOutcomes } from '../../domain/credit-code.ts';
import { tenders } from '../../domain/sale.ts';
import type { DayReport } from '../counter/day-report.ts';
import { moneyForPeople, someMoney } from './money.ts';
import type { Screen } from './screen.ts';
import { outcomeWords } from './settlements.ts';
import { details, table } from './table.ts';
import { duration, localTime } from './time.ts';

const words = { type: 'string' } as const;
const takingsSchema = object('Takings', { tender: oneOf(tenders), currency, charges: count, minor, refunded: minor });
const differenceSchema = object('LedgerDifference', {
  sale_id: id, payment_id: id, at: instant, currency, of: oneOf(['payment', 'amount', 'refunded']), at_register: minor, in_ledger: minor,
});
const codesSchema = object('CodesAccepted', { outcome: oneOf(['waiting', ...settlementOutcomes]), currency, codes: count, minor });
const elsewhereSchema = object('PaidElsewhere', { currency, payments: count, minor });

/** Amounts in minor units; `ok` says that there is no difference to the ledger. */
export const dayReportSchema = object('DayReport', {
  day: words, zone: words, from: instant, to: instant, register_id: id, name: text, payee_id: id,
  takings: arrayOf(takingsSchema),
  times: object('TimesSold', { sold: count, unlimited: count, ms: count }),
  differences: arrayOf(differenceSchema),
  codes: { ...arrayOf(codesSchema), description: 'Credit payment codes that this machine accepted; waiting: not settled yet.' },
  elsewhere: arrayOf(elsewhereSchema),
  ok: boolean,
});
export type DayReportWire = Static<typeof dayReportSchema>;

export function dayReportToWire(report: DayReport): DayReportWire {
  const { day, zone, from, to, register, takings, times, differences, codes, elsewhere } = report;
  return {
    day,
    zone,
    from: instantToWire(from),
    to: instantToWire(to),
    register_id: register.id,
    name: register.name,
    payee_id: register.payeeId,
    takings: takings.map((each) => ({ ...each, minor: each.minor.toString(), refunded: each.refunded.toString() })),
    times: { ...times, ms: Number(times.ms) },
    differences: differences.map(({ sale, of, atRegister, inLedger }) => ({
      sale_id: sale.id, payment_id: sale.paymentId ?? '', at: instantToWire(sale.at), currency: sale.amount.currency, of,
      at_register: atRegister.toString(), in_ledger: inLedger.toString(),
    })),
    codes: codes.map(({ outcome = 'waiting' as const, currency: code, count: accepted, minor: sum }) => ({ outcome, currency: code, codes: accepted, minor: sum.toString() })),
    elsewhere: elsewhere.map(({ minor: sum, currency: code, payments }) => ({ currency: code, payments, minor: sum.toString() })),
    ok: differences.length === 0,
  };
}

export function presentDayReport(report: DayReportWire, screen: Screen): string {
  const { takings, times, differences, codes, elsewhere } = report;
  const parts = [
    details([['register', `${report.name} (${report.register_id})`], ['day', `${report.day}, ${report.zone}`]], screen),
    takings.length === 0 ? 'No charges.' : table(
      takings,
      [
        { title: 'TENDER', cell: ({ tender }) => tender },
        { title: 'CHARGES', right: true, cell: ({ charges }) => String(charges) },
        { title: 'AMOUNT', right: true, cell: (each) => moneyForPeople(each) },
        { title: 'REFUNDED', right: true, cell: ({ refunded, currency: code }) => someMoney({ minor: refunded, currency: code }) },
        { title: 'LEFT', right: true, cell: ({ minor: sum, refunded, currency: code }) => moneyForPeople({ minor: BigInt(sum) - BigInt(refunded), currency: code }) },
      ],
      screen,
    ),
    details(
      [
        ['times sold', times.sold === 0 ? 'none' : `${times.sold}, together ${duration(times.ms)}${times.unlimited === 0 ? '' : ` and ${times.unlimited} without end`}`],
        ...codes.map((each) => [`codes ${outcomeWords[each.outcome]}`, `${moneyForPeople(each)} by ${each.codes === 1 ? '1 code' : `${each.codes} codes`}`] as const),
        ...elsewhere.map((each) => ['paid elsewhere', `${moneyForPeople(each)} to the same account, in ${each.payments === 1 ? '1 payment' : `${each.payments} payments`} without this register`] as const),
        ['difference to the ledger', differences.length === 0 ? 'none' : String(differences.length)],
      ],
      screen,
    ),
    ...(differences.length === 0 ? [] : [table(
      differences,
      [
        { title: 'SALE', cell: ({ sale_id: sale }) => sale },
        { title: 'PAYMENT', cell: ({ payment_id: payment }) => payment },
        { title: 'TIME', cell: ({ at }) => localTime(at) },
        { title: 'OF', cell: ({ of }) => ({ payment: 'the payment itself', amount: 'the amount', refunded: 'what went back' })[of] },
        { title: 'AT THE REGISTER', right: true, cell: ({ at_register: sum, currency: code }) => moneyForPeople({ minor: sum, currency: code }) },
        { title: 'IN THE LEDGER', right: true, cell: ({ in_ledger: sum, currency: code }) => moneyForPeople({ minor: sum, currency: code }) },
      ],
      screen,
    )]),
  ];
  return parts.join('\n\n');
}
