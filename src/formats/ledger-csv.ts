import { decimalText } from '../domain/money.ts';
import type { Posting } from '../domain/posting.ts';
import { csvRecord } from './csv.ts';

export const ledgerCsvHeader = csvRecord([
  'posting_id', 'at', 'kind', 'debit_id', 'credit_id', 'minor', 'currency', 'amount', 'payment_id', 'memo', 'actor',
]);

/** A posting's line; `minor` in minor units, `amount` the same with decimals, `at` as RFC 3339 has it, in UTC. */
export function ledgerCsvRecord({ id, at, kind, debitId, creditId, amount, paymentId, memo, actor }: Posting): string {
  const { minor, currency } = amount;
  return csvRecord([id, at.toISOString(), kind, debitId, creditId, minor.toString(), currency, decimalText(amount), paymentId, memo, actor]);
}
