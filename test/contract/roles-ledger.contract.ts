import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAmount } from '../../src/domain/money.ts';
import type { Payment } from '../../src/domain/payment.ts';
import type { Posting } from '../../src/domain/posting.ts';
import type { LedgerRole } from '../../src/roles/ledger/ports.ts';
import { codeOf, type MakeHarness } from './roles.harness.ts';
import { bindTo, openShop } from './shop.ts';

const page = { limit: 100 };
const euros = (text: string) => parseAmount(`${text}EUR`);

export function ledgerContract(name: string, make: MakeHarness): void {
  describe(`${name}: ledger`, () => {
    let shop: Awaited<ReturnType<typeof openShop>>;
    beforeAll(async () => {
      shop = await openShop(make);
    });
    afterAll(() => shop.harness.close());

    const newAccount = (currency = 'EUR') => shop.admin.ledger.open({ name: randomUUID(), currency });
    const balanceOf = async (id: string) => (await shop.admin.ledger.account(id)).balance;
    /** An account with so much on it, and a terminal that pays from it. */
    async function payer(funds: string) {
      const account = await newAccount();
      await shop.admin.ledger.topUp(account.id, euros(funds));
      return { account, terminal: await bindTo(shop.harness, await shop.harness.hold('terminal'), account) };
    }

    test('opens accounts whose names and cards are their own', async () => {
      const { ledger } = shop.admin;
      const opened = await ledger.open({ name: 'Bakery 7', currency: 'CHF', cardReference: 'card_bakery' });
      expect(opened).toMatchObject({ name: 'Bakery 7', currency: 'CHF', balance: 0n, held: 0n, closedAt: undefined, kind: 'customer' });
      expect(await ledger.account(opened.id)).toEqual(opened);
      expect(await ledger.account('Bakery 7')).toEqual(opened);
      expect(await ledger.account('card_bakery')).toEqual(opened);
      expect(await codeOf(ledger.open({ name: 'Bakery 7', currency: 'EUR' }))).toBe('account_exists');
      expect(await codeOf(ledger.open({ name: 'Bakery 8', currency: 'EUR', cardReference: 'card_bakery' }))).toBe('account_exists');
      expect(await codeOf(ledger.open({ name: 'Bakery 9', currency: 'EURO' }))).toMatch(/currency_unknown|invalid_input/);
      expect(await codeOf(ledger.open({ name: '4111 1111 1111 1111', currency: 'EUR' }))).toBe('card_number_refused');
      expect(await codeOf(ledger.open({ name: 'Card', currency: 'EUR', cardReference: '4111-1111-1111-1111' }))).toBe('card_number_refused');
      expect(await codeOf(ledger.account('nobody'))).toBe('account_not_found');
    });

    test('the same key opens, tops up and pays out once', async () => {
      const { ledger } = shop.admin;
      const opening = { name: randomUUID(), currency: 'EUR' };
      const account = await ledger.open(opening, 'open-1');
      expect((await ledger.open(opening, 'open-1')).id).toBe(account.id);
      const topUp = () => ledger.topUp(account.id, euros('3.00'), { idempotencyKey: 'topup-1' });
      expect((await topUp()).id).toBe((await topUp()).id);
      const payOut = () => ledger.payOut(account.id, euros('1.00'), { idempotencyKey: 'payout-1' });
      expect((await payOut()).id).toBe((await payOut()).id);
      expect(await balanceOf(account.id)).toBe(200n);
      expect(await codeOf(ledger.topUp(account.id, euros('4.00'), { idempotencyKey: 'topup-1' }))).toBe('idempotency_mismatch');
    });

    test('never pays out what is not there', async () => {
      const { account } = await payer('5.00');
      expect(await codeOf(shop.admin.ledger.payOut(account.id, euros('5.01')))).toBe('insufficient_funds');
      await shop.admin.ledger.payOut(account.id, euros('5.00'));
      expect(await balanceOf(account.id)).toBe(0n);
    });

    test('of many that take the last money at once, one gets it', async () => {
      const { account } = await payer('5.00');
      const codes = await Promise.all(Array.from({ length: 8 }, () => codeOf(shop.admin.ledger.payOut(account.id, euros('5.00')))));
      expect(codes.filter((code) => code === undefined)).toHaveLength(1);
      expect(codes.filter((code) => code === 'insufficient_funds')).toHaveLength(7);
    });

    test('moves only the account’s currency', async () => {
      const yen = await newAccount('JPY');
      expect(await codeOf(shop.admin.ledger.topUp(yen.id, euros('1.00')))).toBe('currency_mismatch');
      await shop.admin.ledger.topUp(yen.id, parseAmount('500JPY'));
      expect(await balanceOf(yen.id)).toBe(500n);
    });

    test('closes what is empty, for good, and its name is free again', async () => {
      const { ledger } = shop.admin;
      const { account } = await payer('1.00');
      expect(await codeOf(ledger.close(account.id))).toBe('account_not_empty');
      await ledger.payOut(account.id, euros('1.00'));
      const closed = await ledger.close(account.id);
      expect(closed.closedAt).toBeInstanceOf(Date);
      expect(await ledger.close(account.id)).toEqual(closed);
      expect(await codeOf(ledger.topUp(account.id, euros('1.00')))).toBe('account_closed');
      expect((await ledger.open({ name: account.name, currency: 'EUR' })).id).not.toBe(account.id);
    });

    test('a statement has the balance after each posting, over pages, newest first', async () => {
      const { account } = await payer('10.00');
      await shop.admin.ledger.payOut(account.id, euros('2.50'), { memo: 'cash' });
      await shop.admin.ledger.topUp(account.id, euros('1.00'));
      const lines = [];
      let after: string | undefined;
      do {
        const { items, next } = await shop.admin.ledger.statement(account.id, { limit: 2, after });
        lines.push(...items);
        after = next;
      } while (after !== undefined);
      expect(lines.map(({ change, balance, posting }) => [posting.kind, change, balance, posting.memo])).toEqual([
        ['topup', 100n, 850n, undefined],
        ['payout', -250n, 750n, 'cash'],
        ['topup', 1000n, 1000n, undefined],
      ]);
    });

    test('a hold is taken, in part or not at all, and binds the money meanwhile', async () => {
      const { account, terminal } = await payer('10.00');
      const { ledger } = shop.admin;
      const hold = async (amount: string) => {
        const request = terminal.request(shop.cafe.id, euros(amount), { holdMs: 60_000 });
        return (await terminal.pay(request)).paymentId;
      };
      const first = await hold('6.00');
      expect(await ledger.account(account.id)).toMatchObject({ balance: 1000n, held: 600n });
      expect(await codeOf(ledger.payOut(account.id, euros('4.01')))).toBe('insufficient_funds');
      expect(await codeOf(ledger.close(account.id))).toBe('account_not_empty');
      expect(await codeOf(ledger.capture(first, euros('6.01')))).toBe('amount_too_large');
      expect(await ledger.capture(first, euros('4.00'))).toMatchObject({ state: 'paid', captured: 400n });
      expect(await ledger.account(account.id)).toMatchObject({ balance: 600n, held: 0n });
      expect(await codeOf(ledger.capture(first))).toBe('payment_not_held');

      const second = await hold('6.00');
      expect(await ledger.release(second, 'not served')).toMatchObject({ state: 'released', captured: 0n, reason: 'not served' });
      expect(await codeOf(ledger.release(second))).toBe('payment_not_held');
      expect(await ledger.account(account.id)).toMatchObject({ balance: 600n, held: 0n });
    });

    test('a hold that is over is taken no more, and gives its money back when that is needed', async () => {
      const { account, terminal } = await payer('10.00');
      const { paymentId } = await terminal.pay(terminal.request(shop.cafe.id, euros('9.00'), { holdMs: 60_000 }));
      shop.harness.clock.pass(61_000);
      expect(await codeOf(shop.admin.ledger.capture(paymentId))).toBe('payment_not_held');
      expect(await terminal.pay(terminal.request(shop.cafe.id, euros('10.00')))).toMatchObject({ state: 'paid' });
      expect(await shop.admin.ledger.payment(paymentId)).toMatchObject({ state: 'released', reason: 'expired' });
      expect(await balanceOf(account.id)).toBe(0n);
    });

    test('refunds refer to what they give back and never exceed it', async () => {
      const { account, terminal } = await payer('10.00');
      const { ledger } = shop.admin;
      const { paymentId } = await terminal.pay(terminal.request(shop.cafe.id, euros('8.00')));
      expect(await ledger.refund(paymentId, euros('3.00'), { idempotencyKey: 'back-1' })).toMatchObject({ refunded: 300n });
      expect(await ledger.refund(paymentId, euros('3.00'), { idempotencyKey: 'back-1' })).toMatchObject({ refunded: 300n });
      expect(await codeOf(ledger.refund(paymentId, euros('5.01')))).toBe('refund_too_large');
      expect(await ledger.refund(paymentId, undefined)).toMatchObject({ refunded: 800n, state: 'paid' });
      expect(await codeOf(ledger.refund(paymentId, undefined))).toBe('refund_too_large');
      expect(await balanceOf(account.id)).toBe(1000n);
      const refunds = (await ledger.statement(account.id, page)).items.filter(({ posting }) => posting.kind === 'refund');
      expect(refunds.map(({ posting, change }) => [posting.paymentId, change])).toEqual([[paymentId, 500n], [paymentId, 300n]]);
    });

    test('what a payee has paid out cannot go back', async () => {
      const { terminal } = await payer('10.00');
      const { ledger } = shop.admin;
      const bakery = await newAccount();
      const { paymentId } = await terminal.pay(terminal.request(bakery.id, euros('8.00')));
      await ledger.payOut(bakery.id, euros('8.00'));
      expect(await codeOf(ledger.refund(paymentId, euros('1.00')))).toBe('insufficient_funds');
      expect(await ledger.payment(paymentId)).toMatchObject({ refunded: 0n });
    });

    test('everybody sees what is theirs', async () => {
      const { terminal, account } = await payer('10.00');
      const { paymentId } = await terminal.pay(terminal.request(shop.cafe.id, euros('1.00')));
      const own = terminal.holder.ledger;
      expect((await own.accounts(page)).items.map(({ id }) => id)).toEqual([account.id]);
      expect((await own.statement(account.id, page)).items).toHaveLength(2);
      expect(await codeOf(own.account(shop.cafe.id))).toBe('account_not_found');
      expect((await own.payments({}, page)).items.map(({ id }) => id)).toEqual([paymentId]);
      expect(await codeOf(own.topUp(account.id, euros('1.00')))).toBe(shop.harness.isRemote ? 'forbidden' : undefined);

      const pos = await shop.harness.hold('pos', { accounts: [shop.cafe.id] });
      expect((await pos.ledger.accounts(page)).items.map(({ id }) => id)).toEqual([shop.cafe.id]);
      expect(await codeOf(pos.ledger.account(account.id))).toBe('account_not_found');
      expect(await pos.ledger.payment(paymentId)).toMatchObject({ id: paymentId });
      const other = await shop.harness.hold('pos', { accounts: [account.id] });
      expect(await codeOf(other.ledger.payment(paymentId))).toBe('payment_not_found');
      expect((await other.ledger.payments({}, page)).items).toEqual([]);
      expect(await pos.ledger.refund(paymentId, undefined)).toMatchObject({ refunded: 100n });
    });

    test('adds up: every account anew, and all of a currency to nothing', async () => {
      const { terminal } = await payer('1.00');
      await codeOf(terminal.pay(terminal.request(shop.cafe.id, euros('1.01'))));
      const verification = await shop.admin.ledger.verify();
      expect(verification.findings).toEqual([]);
      expect(verification.postings).toBeGreaterThan(0);
      const postings = await allPostings(shop.admin.ledger);
      expect(postings).toHaveLength(verification.postings);
      const accounts = (await shop.admin.ledger.accounts({ limit: 1000 })).items;
      for (const account of accounts) {
        const moved = postings.reduce((sum, { debitId, creditId, amount }) =>
          sum + (creditId === account.id ? amount.minor : 0n) - (debitId === account.id ? amount.minor : 0n), 0n);
        expect(account.balance).toBe(moved);
      }
      const payments = await allPayments(shop.admin.ledger);
      const refused = payments.filter(({ state }) => state === 'refused');
      expect(refused).not.toEqual([]);
      expect(verification.payments).toBe(payments.length - refused.length);
      const paid = payments.reduce((sum, { captured, refunded }) => sum + captured - refunded, 0n);
      const posted = postings.reduce((sum, { kind, amount }) => sum + (kind === 'payment' ? amount.minor : kind === 'refund' ? -amount.minor : 0n), 0n);
      expect(paid).toBe(posted);
    });
  });
}

async function allPostings(ledger: LedgerRole): Promise<Posting[]> {
  const all: Posting[] = [];
  for (let after: string | undefined, more = true; more;) {
    const { items, next } = await ledger.postings({ limit: 7, after });
    all.push(...items);
    [after, more] = [next, next !== undefined];
  }
  return all;
}

async function allPayments(ledger: LedgerRole): Promise<Payment[]> {
  const all: Payment[] = [];
  for (let after: string | undefined, more = true; more;) {
    const { items, next } = await ledger.payments({}, { limit: 7, after });
    all.push(...items);
    [after, more] = [next, next !== undefined];
  }
  return all;
}
