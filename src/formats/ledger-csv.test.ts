import { expect, test } from 'vitest';
import type { Posting } from '../domain/posting.ts';
import { ledgerCsvHeader, ledgerCsvRecord } from './ledger-csv.ts';

const posting: Posting = {
  id: 'pst_1',
  at: new Date('2026-11-30T08:00:00.001Z'),
  kind: 'payment',
  debitId: 'acc_1',
  creditId: 'acc_2',
  amount: { minor: 1250n, currency: 'EUR' },
  paymentId: 'pay_1',
  actor: 'terminal:tok_1:phone',
  memo: 'two cups, "large"',
};

test('a line a posting, as RFC 4180 has it, with the amount both ways', () => {
  expect(ledgerCsvHeader).toBe('posting_id,at,kind,debit_id,credit_id,minor,currency,amount,payment_id,memo,actor\r\n');
  expect(ledgerCsvRecord(posting)).toBe(
    'pst_1,2026-11-30T08:00:00.001Z,payment,acc_1,acc_2,1250,EUR,12.50,pay_1,"two cups, ""large""",terminal:tok_1:phone\r\n',
  );
});

test.each([
  ['JPY', '1250'],
  ['KWD', '1.250'],
  ['CLF', '0.1250'],
])('%s has its own decimals', (currency, amount) => {
  expect(ledgerCsvRecord({ ...posting, amount: { minor: 1250n, currency } })).toContain(`,1250,${currency},${amount},`);
});

test('what is not there is empty, and no memo is a formula', () => {
  const topUp = { ...posting, kind: 'topup' as const, paymentId: undefined };
  expect(ledgerCsvRecord({ ...topUp, memo: undefined, actor: 'local' })).toMatch(/,12\.50,,,local\r\n$/);
  expect(ledgerCsvRecord({ ...topUp, memo: '=1+2', actor: 'local' })).toMatch(/,12\.50,,'=1\+2,local\r\n$/);
});
