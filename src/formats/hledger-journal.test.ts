import { expect, test } from 'vitest';
import type { Posting } from '../domain/posting.ts';
import { HledgerJournal, hledgerAccount } from './hledger-journal.ts';

const payment: Posting = {
  id: 'pst_1',
  at: new Date('2026-11-30T23:59:59.999Z'),
  kind: 'payment',
  debitId: 'acc_1',
  creditId: 'acc_2',
  amount: { minor: 1250n, currency: 'EUR' },
  paymentId: 'pay_1',
  actor: 'terminal:tok_1:phone',
  memo: 'two cups',
};

test('what an account pays lessens what is owed to it', () => {
  const journal = new HledgerJournal();
  expect(journal.begin() + journal.transaction(payment)).toBe(`decimal-mark .

commodity 1000.00 EUR

2026-11-30 (pst_1) payment | two cups
    ; at:2026-11-30T23:59:59.999Z, payment:pay_1, actor:terminal:tok_1:phone
    liabilities:accounts:acc_1  12.50 EUR
    liabilities:accounts:acc_2  -12.50 EUR
`);
});

test('each currency is declared before it first comes, with its decimals', () => {
  const journal = new HledgerJournal();
  const of = (currency: string) => journal.transaction({ ...payment, kind: 'topup', debitId: `out_${currency}`, amount: { minor: 1250n, currency } });
  expect(of('JPY')).toMatch(/^\ncommodity 1000\. JPY\n\n[^]*assets:outside:JPY  1250 JPY\n/);
  expect(of('KWD')).toMatch(/^\ncommodity 1000\.000 KWD\n\n[^]*assets:outside:KWD  1\.250 KWD\n/);
  expect(of('JPY')).not.toContain('commodity');
});

test('no text of others ends a line, a description or a tag', () => {
  const odd = 'a;b, date:x | \u2028\u202e"ü" \\x3b';
  const text = new HledgerJournal().transaction({ ...payment, memo: odd, actor: `admin:tok_1:${odd}` });
  expect(text).toContain('payment | a\\x3bb, date:x | \\u2028\\u202e"ü" \\\\x3b\n');
  expect(text).toContain(', actor:admin:tok_1:a;b\\x2c date:x | \\u2028\\u202e"ü" \\\\x3b\n');
  expect(hledgerAccount({ id: 'acc_1', kind: 'customer', name: 'Café, type:X' })).toBe('account liabilities:accounts:acc_1  ; name:Café\\x2c type:X\n');
  expect(hledgerAccount({ id: 'losses_EUR', kind: 'losses', name: 'losses_EUR' })).toBe('account expenses:losses:EUR\n');
  expect(hledgerAccount({ id: 'out_EUR', kind: 'outside', name: 'out_EUR' })).toBe('account assets:outside:EUR\n');
});
