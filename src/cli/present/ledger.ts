import type { LedgerVerificationWire } from '../../api/accounts.ts';
import { count, object, type Static } from '../../api/schema.ts';
import { thousands } from '../../formats/thousands.ts';
import { moneyForPeople } from './money.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';

export const ledgerExportSchema = object('LedgerExport', { format: { type: 'string' }, file: { type: 'string' }, postings: count });
export type LedgerExportWire = Static<typeof ledgerExportSchema>;

type FindingWire = LedgerVerificationWire['findings'][number];

const named: Readonly<Record<FindingWire['of'], string>> = {
  balance: 'balance of an account',
  held: 'held of an account',
  sum: 'all accounts of a currency',
  captured: 'taken by a payment',
  refunded: 'refunded of a payment',
  topup: 'posting of a top-up',
};

export function presentLedgerVerification({ ok, accounts, postings, payments, findings }: LedgerVerificationWire, screen: Screen): string {
  const text = details(
    [
      ['result', ok ? 'everything adds up' : 'it does not add up'],
      ['accounts', thousands(accounts)],
      ['postings', thousands(postings)],
      ['payments', thousands(payments)],
    ],
    screen,
  );
  if (findings.length === 0) {
    return text;
  }
  const found = table(
    findings,
    [
      { title: 'WHAT', cell: ({ of }) => named[of] },
      { title: 'ID', cell: ({ id }) => id },
      { title: 'KEPT', right: true, cell: (finding) => amount(finding, finding.kept) },
      { title: 'COMPUTED', right: true, cell: (finding) => amount(finding, finding.computed) },
    ],
    screen,
  );
  return `${text}\n\n${found}\n\n${screen.style.dim('Without a currency the amounts are in minor units.')}`;
}

export function presentLedgerExport({ format, file, postings }: LedgerExportWire, screen: Screen): string {
  return details([['postings', thousands(postings)], ['format', format], ['written', file]], screen);
}

/** Of a currency alone is it known which. */
function amount({ of, id }: FindingWire, minor: string): string {
  return of === 'sum' ? moneyForPeople({ minor, currency: id }) : minor;
}
