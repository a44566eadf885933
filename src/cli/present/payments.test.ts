import { expect, test } from 'vitest';
import type { PaymentWire } from '../../api/payments.ts';
import { presentPayments } from './payments.ts';
import { plainStyle } from './screen.ts';
import { columns } from './text.ts';

const payment: PaymentWire = {
  payment_id: 'pay_nN4i0m0pR8mM9m6lq2c6Dw', account_id: 'acc_wD6c2ql6m9Mm8Rp0m0i4Nn', key: 'order-4711', terminal_id: 'tok_0m0pR8mM9m6lq2c6DwnN4i', state: 'paid',
  payee_id: 'acc_Rp0m0i4NnwD6c2ql6m9Mm8', amount: { minor: '1250', currency: 'EUR' }, captured: '1250', refunded: '0', at: '2026-11-30T10:00:00.000Z',
};

test('payments are a table of 80 columns, whatever became of them', () => {
  const items: PaymentWire[] = [
    { ...payment, memo: 'breakfast for the whole table' },
    { ...payment, state: 'held', captured: '0', expires_at: '2026-11-30T11:00:00.000Z' },
    { ...payment, captured: '1000', refunded: '400' },
    { ...payment, state: 'released', captured: '0', reason: 'the table was free' },
  ];
  const text = presentPayments({ items }, { width: 80, style: plainStyle });
  const lines = text.split('\n');
  expect(lines[0]).toMatch(/^PAYMENT +STATE +AMOUNT +WHAT +TIME$/);
  expect(lines.filter((line) => columns(line) > 80)).toEqual([]);
  expect(lines.filter((line) => line.startsWith(payment.payment_id))).toHaveLength(items.length);
  const wide = presentPayments({ items }, { width: Infinity, style: plainStyle });
  for (const words of ['12.50 EUR, taken 10.00 EUR, refunded 4.00 EUR', 'acc_wD6c2q… to acc_Rp0m0i…: breakfast for the whole table', 'released: the table was free', 'held until ']) {
    expect(wide).toContain(words);
  }
});
