import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LatchkeyError, type ErrorCode } from '../../src/domain/errors.ts';
import { parseAmount } from '../../src/domain/money.ts';
import { parseTariff } from '../../src/domain/tariff-json.ts';
import { walletInstruction } from '../../src/protocol/card-application.ts';
import { authorisation } from '../../src/protocol/card-messages.ts';
import { encodeResponse } from '../../src/protocol/apdu.ts';
import type { Credential } from '../../src/roles/device/ports.ts';
import type { CounterOrder, CounterService, Served } from '../../src/roles/pos/counter.ts';
import { HandReader } from './hand-reader.ts';
import { controls, OpenDesk } from './open-desk.ts';
import { codeOf, type MakeHarness } from './roles.harness.ts';
import { bindTo, openShop } from './shop.ts';
import { bareCard, held, shopCredential, SwitchedCounter, WalletCard, type TapOptions } from './wallet-card.ts';

const euros = (text: string) => parseAmount(`${text}EUR`);
const never = new AbortController().signal;
const orderOf = (amount: string, more: Partial<CounterOrder> = {}): CounterOrder => {
  const id = randomUUID();
  return { id, key: id, amount: euros(amount), takesMandate: false, ...more };
};
const uid = () => Buffer.concat([Buffer.of(0x04), randomBytes(6)]);

export function counterContract(name: string, make: MakeHarness): void {
  describe(`${name}: counter`, () => {
    let shop: Awaited<ReturnType<typeof openShop>>;
    let pos: Awaited<ReturnType<typeof shop.harness.hold>>;
    const disposables = new DisposableStack();
    beforeAll(async () => {
      shop = await openShop(make);
      pos = await shop.harness.hold('pos', { accounts: [shop.cafe.id] });
      await pos.pos.describe({ ssid: 'cafe-guests' });
      await pos.pos.setTariff(parseTariff({ kind: 'steps', step: '1.00EUR=10min', minimum: '1.00EUR' }));
    });
    afterAll(async () => {
      disposables.dispose();
      await shop.harness.close();
    });

    async function wallet(): Promise<WalletCard> {
      const account = await shop.admin.ledger.open({ name: randomUUID(), currency: 'EUR' });
      await shop.admin.ledger.topUp(account.id, euros('50.00'));
      const terminal = await bindTo(shop.harness, await shop.harness.hold('terminal'), account);
      return disposables.use(new WalletCard(terminal, shop.harness.clock));
    }
    const counterAndLine = async () => {
      const switched = disposables.use(new SwitchedCounter(pos.pos, shop.harness.clock));
      return { switched, counter: await switched.open() };
    };
    const spentBy = async ({ accountId }: WalletCard) => 5000n - (await shop.admin.ledger.account(accountId)).balance;
    const salesOf = async (order: CounterOrder) => (await pos.pos.sales({}, { limit: 1000 })).items.filter(({ key }) => key === order.key);
    const charge = (counter: CounterService, order: CounterOrder, card: WalletCard, options?: TapOptions): Promise<Served> =>
      counter.chargeCard(order, held(card.application, options), never);
    /** It can pay again: nothing is open, and its code is the server's. */
    async function isInStep(card: WalletCard): Promise<boolean> {
      const { counter } = await counterAndLine();
      const before = await spentBy(card);
      const { isDelivered } = await charge(counter, orderOf('1.00'), card);
      return isDelivered && (await card.payer.pending(card.accountId)) === undefined && (await spentBy(card)) === before + 100n;
    }

    test('a wallet pays and gets the credential in one tap, and then access alone in another', async () => {
      const [card, { counter }] = [await wallet(), await counterAndLine()];
      const served = await charge(counter, orderOf('2.00', { memo: 'two coffees' }), card);
      expect(served).toMatchObject({ isDelivered: true, trouble: undefined, credential: shopCredential, charged: { sale: { tender: 'wallet' } } });
      expect(served.grant!.subject).toEqual({ kind: 'terminal', id: card.terminalId });
      expect(card.credentials).toEqual([{ ...shopCredential, endsAt: served.grant!.endsAt }]);
      expect(card.outcomes).toMatchObject([{ status: 'paid', payeeName: 'Café' }]);
      expect(await spentBy(card)).toBe(200n);

      const again = await counter.accessCard(held(card.application), never);
      expect(again).toMatchObject({ charged: undefined, isDelivered: true, grant: { id: served.grant!.id } });
      expect(card.credentials).toHaveLength(2);
      expect(await isInStep(card)).toBe(true);
    });

    test('who declines, has another currency or too little money has paid nothing, and is told so', async () => {
      const [card, { counter }] = [await wallet(), await counterAndLine()];
      card.declines = true;
      expect(await codeOf(charge(counter, orderOf('2.00'), card))).toBe('card_refused');
      expect(await card.payer.pending(card.accountId)).toBeUndefined();
      card.declines = false;
      expect(await codeOf(charge(counter, { ...orderOf('1.00'), amount: parseAmount('200JPY') }, card))).toBe('currency_mismatch');
      expect(await codeOf(charge(counter, orderOf('50.01'), card))).toBe('insufficient_funds');
      expect(card.outcomes).toMatchObject([{ status: 'refused', reason: 'insufficient_funds' }]);
      card.typed = 'wrong code';
      expect(await codeOf(charge(counter, orderOf('1.00'), card))).toBe('password_wrong');
      card.typed = 'grün 2468';
      expect(await isInStep(card)).toBe(true);
    });

    test('a wallet whose security check terminates has written nothing down, and the register hears which of the two it was', async () => {
      const [card, { switched, counter }] = [await wallet(), await counterAndLine()];
      card.terminates = true;
      const order = orderOf('2.00');
      expect(await codeOf(charge(counter, order, card))).toBe('service_terminated');
      expect([await card.payer.pending(card.accountId), await switched.pending(), card.asked]).toEqual([undefined, [], 0]);
      expect(switched.checked).toEqual([`charge ${order.id}`, `not charged ${order.id}`]);
      expect(await codeOf(counter.accessCard(held(card.application), never))).toBe('service_terminated');
      expect(card.failures).toMatchObject([{ code: 'service_terminated', message: 'Too much.' }, { code: 'service_terminated' }]);
      card.terminates = false;
      expect(await isInStep(card)).toBe(true);
    });

    test('a register’s own security check comes before the wallet is asked, and hears what came of it, also later', async () => {
      const [card, { switched, counter }] = [await wallet(), await counterAndLine()];
      switched.terminates = 'charge';
      expect(await codeOf(charge(counter, orderOf('2.00'), card))).toBe('service_terminated');
      expect([card.asked, await card.payer.pending(card.accountId)]).toEqual([0, undefined]);
      switched.terminates = undefined;
      switched.checked.splice(0);
      const [poor, lost] = [orderOf('50.01'), orderOf('1.00')];
      expect(await codeOf(charge(counter, poor, card))).toBe('insufficient_funds');
      expect(switched.checked.at(-1)).toBe(`not charged ${poor.id}`);
      switched.line.line = 'reply lost';
      expect(await codeOf(charge(counter, lost, card))).toBe('timed_out');
      expect(switched.checked.at(-1)).toBe(`charge ${lost.id}`);
      switched.line.line = 'good';
      await counter.charges.settle();
      expect(switched.checked.at(-1)).toBe(`charged ${lost.id}`);
      switched.terminates = 'access';
      expect(await codeOf(counter.accessCard(held(card.application), never))).toBe('service_terminated');
      expect(await codeOf(counter.access({ kind: 'nfc', uid: uid() }, never))).toBe('service_terminated');
      switched.terminates = undefined;
      expect(await codeOf(counter.access({ kind: 'nfc', uid: uid() }, never))).toBe('not_permitted');
      expect(switched.checked.slice(-2)).toEqual(['access nfc', 'undone nfc']);
      expect(await isInStep(card)).toBe(true);
    });

    test('why somebody is refused is said also where the security check cannot take back what it has counted', async () => {
      const [card, { switched, counter }] = [await wallet(), await counterAndLine()];
      switched.cannotUndo = true;
      card.declines = true;
      expect(await codeOf(charge(counter, orderOf('2.00'), card))).toBe('card_refused');
      expect(await codeOf(counter.access({ kind: 'nfc', uid: uid() }, never))).toBe('not_permitted');
      expect(switched.failures).toEqual(['storage_full', 'storage_full']);
    });

    test.each(['card_removed', 'card_refused'] as const)('what a phone pays while a card is asked stays counted, whatever comes of the card (%s)', async (end) => {
      const [card, phone, { switched, counter }] = [await wallet(), await wallet(), await counterAndLine()];
      const order = orderOf('2.00');
      card.whileAsked = async () => {
        const { password, codeNumber } = await phone.handler.pay!.authorise({ payeeId: shop.cafe.id, amount: order.amount, idempotencyKey: order.key, registerId: counter.register.id });
        await counter.chargePhone(order, { accountId: phone.accountId, terminalId: phone.terminalId, codeNumber, password }, never);
      };
      card.declines = end === 'card_refused';
      expect(await codeOf(charge(counter, order, card, { away: { ins: end === 'card_removed' ? walletInstruction.authorise : 0, when: 'after' } }))).toBe(end);
      expect(await spentBy(phone)).toBe(200n);
      expect(switched.checked).toEqual([`charge ${order.id}`, `charge ${order.id}`, `charged ${order.id}`]);
    });

    test('a bare card is known by its number, pays only where a mandate is taken, and is shown the password', async () => {
      const { counter } = await counterAndLine();
      const number = uid();
      const bare = () => held(bareCard, { uid: number });
      expect(await codeOf(counter.accessCard(bare(), never))).toBe('not_permitted');
      expect(await codeOf(counter.chargeCard(orderOf('1.00'), bare(), never))).toBe('mandate_not_taken');
      expect(await codeOf(counter.chargeCard(orderOf('1.00', { takesMandate: true }), bare(), never))).toBe('mandate_missing');
      const account = await shop.admin.ledger.open({ name: randomUUID(), currency: 'EUR' });
      await shop.admin.ledger.topUp(account.id, euros('20.00'));
      const terminal = await bindTo(shop.harness, await shop.harness.hold('terminal'), account);
      await terminal.holder.mandates.setMandate({ uid: number, accountId: account.id, perTap: euros('5.00'), perDay: euros('6.00') });
      const served = await counter.chargeCard(orderOf('4.00', { takesMandate: true }), bare(), never);
      expect(served).toMatchObject({ isDelivered: false, credential: shopCredential, charged: { sale: { tender: 'mandate' } } });
      expect(await codeOf(counter.chargeCard(orderOf('4.00', { takesMandate: true }), bare(), never))).toBe('mandate_exceeded');
      expect(await counter.accessCard(bare(), never)).toMatchObject({ grant: { id: served.grant!.id }, credential: shopCredential });
    });

    test.each([['drawn anew', Buffer.of(0x08, 1, 2, 3)], ['not there', undefined]])('a number that is %s is refused', async (_name, number) => {
      const { counter } = await counterAndLine();
      expect(await codeOf(counter.accessCard(held(bareCard, { uid: number }), never))).toBe('random_identifier');
      expect(await codeOf(counter.chargeCard(orderOf('1.00', { takesMandate: true }), held(bareCard, { uid: number }), never))).toBe('random_identifier');
    });

    test.each(['card', 'phone'] as const)('a full disk after a charge fails no %s that has paid, and charges nobody twice', async (by) => {
      const [card, { switched, counter }] = [await wallet(), await counterAndLine()];
      const order = orderOf('2.00');
      switched.full.add('end').add('told');
      const byPhone = async () => {
        const { payeeId, id: registerId } = counter.register;
        const { accountId, terminalId } = card;
        return counter.chargePhone(order, { accountId, terminalId, ...(await card.handler.pay!.authorise({ payeeId, amount: order.amount, idempotencyKey: order.key, registerId })) }, never);
      };
      const served = await (by === 'card' ? charge(counter, order, card) : byPhone());
      expect(served).toMatchObject({ credential: shopCredential, trouble: undefined, charged: { sale: { tender: 'wallet' } } });
      expect(switched.failures).toEqual(['storage_full', 'storage_full']);
      expect(await switched.pending()).toHaveLength(1);
      for (const isFull of [true, false]) {
        if (!isFull) switched.full.clear();
        expect(await codeOf(charge(await switched.open(), { ...order, key: randomUUID() }, await wallet()))).toBe('charge_over');
      }
      expect([await switched.pending(), (await salesOf(order)).length, await spentBy(card)]).toEqual([[], 1, 200n]);
    });

    test.each(['cash', 'card'] as const)('what a wallet has paid is not sold for %s once more', async (kind) => {
      const [card, { switched, counter }] = [await wallet(), await counterAndLine()];
      const order = orderOf('2.00');
      await charge(counter, order, card);
      const { key, amount } = order;
      const outside = { key, amount, memo: undefined, authority: { kind, uid: undefined } };
      expect(await codeOf((await switched.open()).charges.charge(order.id, outside))).toBe('charge_over');
      expect([await salesOf(order), await switched.pending()]).toMatchObject([[{ tender: 'wallet' }], []]);
    });

    test('a refusal that finds no room on the disk is told all the same, and is final', async () => {
      const [card, { switched, counter }] = [await wallet(), await counterAndLine()];
      switched.full.add('end');
      const order = orderOf('50.01');
      expect(await codeOf(charge(counter, order, card))).toBe('insufficient_funds');
      switched.full.clear();
      await shop.admin.ledger.topUp(card.accountId, euros('50.00'));
      expect(await (await switched.open()).charges.settle()).toMatchObject([{ charge: { key: order.key }, end: { kind: 'refused', code: 'insufficient_funds' } }]);
      expect(await salesOf(order)).toEqual([]);
    });

    describe('a receipt code', () => {
      const sold = async () => (await pos.pos.charge({ key: randomUUID(), amount: euros('1.00'), authority: { kind: 'cash', uid: undefined } }));
      const newToken = () => randomBytes(16).toString('base64url');
      const show = (counter: CounterService, code: string, phoneToken: string) => counter.access({ kind: 'receipt', code, phoneToken }, never);

      test.each(['away', 'reply lost'] as const)('while the server is %s: the phone that asks again by its token gets what was paid for, also from a register that was killed, and no other phone does', async (line) => {
        const { switched, counter } = await counterAndLine();
        const [{ receiptCode: code, grant }, token] = [await sold(), newToken()];
        switched.line.line = line;
        expect(await codeOf(show(counter, code!, token))).toBe(line === 'away' ? 'remote_unreachable' : 'timed_out');
        switched.line.line = 'good';
        const again = await switched.open();
        for (const typed of [code!, code!.toLowerCase().replace('-', ' ')]) {
          expect(await show(again, typed, token)).toMatchObject({ grant: { id: grant!.id }, credential: shopCredential });
        }
        expect(await again.access({ kind: 'phone', token }, never)).toMatchObject({ grant: { id: grant!.id } });
        expect(await codeOf(show(again, code!, newToken()))).toBe('receipt_code_invalid');
      });

      test('that several phones show at once is one’s', async () => {
        const { counter } = await counterAndLine();
        const { receiptCode: code } = await sold();
        const codes = await Promise.all(Array.from({ length: 5 }, () => codeOf(show(counter, code!, newToken()))));
        expect(codes.toSorted()).toEqual([...Array.from({ length: 4 }, () => 'receipt_code_invalid'), undefined]);
      });
    });

    describe('a card that is taken away', () => {
      test.each([
        ['before it is asked to pay', { ins: walletInstruction.authorise, when: 'before' }],
        ['before the register has its password', { ins: walletInstruction.authorise, when: 'after' }],
      ] as const)('%s: nothing is charged, and it is held there again', async (_name, away) => {
        const [card, { switched, counter }] = [await wallet(), await counterAndLine()];
        const order = orderOf('2.00');
        expect(await codeOf(charge(counter, order, card, { away }))).toBe('card_removed');
        expect(await switched.pending()).toEqual([]);
        expect(await spentBy(card)).toBe(0n);
        expect(await charge(counter, order, card)).toMatchObject({ isDelivered: true });
        expect([card.asked, await spentBy(card)]).toEqual([1, 200n]);
        expect(await isInStep(card)).toBe(true);
      });

      test('before the register has its password, and the wallet brings the payment itself: it is the same one', async () => {
        const [card, { counter }] = [await wallet(), await counterAndLine()];
        const order = orderOf('2.00');
        expect(await codeOf(charge(counter, order, card, { away: { ins: walletInstruction.authorise, when: 'after' } }))).toBe('card_removed');
        expect((await card.restart().payer.settle(card.accountId))?.end).toMatchObject({ kind: 'accepted', reply: { state: 'paid' } });
        expect(await salesOf(order)).toHaveLength(1);
        expect(await charge(counter, order, card)).toMatchObject({ isDelivered: true, charged: { sale: { key: order.key } } });
        expect([await spentBy(card), (await salesOf(order)).length]).toEqual([200n, 1]);
        expect(await isInStep(card)).toBe(true);
      });

      test.each<ErrorCode>(['bad_reply', 'idempotency_mismatch'])('when it is told what came of it, and what it was is not to be had (%s): that is said, and nothing else is charged', async (code) => {
        const [card, { switched, counter }] = [await wallet(), await counterAndLine()];
        expect(await charge(counter, orderOf('2.00'), card, { away: { ins: walletInstruction.result, when: 'before' } })).toMatchObject({ isDelivered: false });
        switched.line.line = new LatchkeyError(code);
        expect(await codeOf(charge(counter, orderOf('1.00'), card))).toBe(code);
        expect(card.asked).toBe(1);
        switched.line.line = 'good';
        expect(await isInStep(card)).toBe(true);
        expect(await spentBy(card)).toBe(300n);
      });

      test.each(['before', 'after'] as const)('when it is told what came of it (%s): the charge stands, the wallet settles, and the next tap hands out', async (when) => {
        const [card, { counter }] = [await wallet(), await counterAndLine()];
        const order = orderOf('2.00');
        const served = await charge(counter, order, card, { away: { ins: walletInstruction.result, when } });
        expect(served).toMatchObject({ isDelivered: false, trouble: { code: 'card_removed' }, credential: undefined, charged: { sale: { key: order.key } } });
        expect((await card.payer.pending(card.accountId)) === undefined).toBe(when === 'after');
        await card.restart().payer.settle(card.accountId);
        expect(await counter.accessCard(held(card.application), never)).toMatchObject({ isDelivered: true, grant: { id: served.grant!.id } });
        expect(await spentBy(card)).toBe(200n);
        expect(await isInStep(card)).toBe(true);
      });

      test('when it is told, and another order that somebody else has paid refuses it before it knows: it is told of its own one still', async () => {
        const [card, other, { switched, counter }] = [await wallet(), await wallet(), await counterAndLine()];
        const [own, over] = [orderOf('2.00'), orderOf('1.00')];
        await charge(counter, own, card, { away: { ins: walletInstruction.result, when: 'before' } });
        await charge(counter, over, other);
        // What came of the first cannot be looked up now, and of the second needs not be.
        switched.line.line = 'away';
        expect(await codeOf(charge(counter, over, card))).toBe('charge_over');
        switched.line.line = 'good';
        await counter.accessCard(held(card.application), never);
        expect(card.outcomes.map(({ idempotencyKey, status }) => [idempotencyKey, status])).toEqual([[over.key, 'refused'], [own.key, 'paid']]);
        expect([await spentBy(card), await spentBy(other), await isInStep(card)]).toEqual([200n, 100n, true]);
      });

      test('when it is told, and has no way to the server: the next tap tells it first', async () => {
        const [card, { counter }] = [await wallet(), await counterAndLine()];
        card.line.line = 'away';
        const served = await charge(counter, orderOf('2.00'), card, { away: { ins: walletInstruction.result, when: 'before' } });
        expect(await codeOf(card.payer.settle(card.accountId).then(() => {}))).toBe('remote_unreachable');
        expect(await counter.accessCard(held(card.application), never)).toMatchObject({ isDelivered: true, grant: { id: served.grant!.id } });
        expect(card.outcomes).toMatchObject([{ status: 'paid' }]);
        await counter.accessCard(held(card.application), never);
        expect(card.outcomes).toHaveLength(1);
        card.line.line = 'good';
        await card.payer.settle(card.accountId);
        expect(await isInStep(card)).toBe(true);
      });

      test.each([walletInstruction.accessRequest, walletInstruction.deliver])('after it has paid (instruction %i): the next tap hands out', async (ins) => {
        const [card, { counter }] = [await wallet(), await counterAndLine()];
        const served = await charge(counter, orderOf('2.00'), card, { away: { ins, when: 'before' } });
        expect(served).toMatchObject({ isDelivered: false, trouble: { code: 'card_removed' } });
        expect(await counter.accessCard(held(card.application), never)).toMatchObject({ isDelivered: true, grant: { id: served.grant!.id } });
        expect(await isInStep(card)).toBe(true);
      });
    });

    describe('a server that is away', () => {
      test.each([['away', 0n], ['reply lost', 200n]] as const)('in the middle of a charge (%s): the next tap finds out, and it is charged once', async (line, spent) => {
        const [card, { switched, counter }] = [await wallet(), await counterAndLine()];
        const order = orderOf('2.00');
        switched.line.line = line;
        expect(await codeOf(charge(counter, order, card))).toBe(line === 'away' ? 'remote_unreachable' : 'timed_out');
        expect(await spentBy(card)).toBe(spent);
        // The register was killed, too.
        const again = await switched.open();
        expect(await switched.pending()).toMatchObject([{ order: order.id }]);
        expect(await codeOf(charge(again, order, card))).toBe(line === 'away' ? 'remote_unreachable' : 'timed_out');
        switched.line.line = 'good';
        expect(await charge(again, order, card)).toMatchObject({ isDelivered: true });
        expect([await spentBy(card), (await salesOf(order)).length, await switched.pending()]).toEqual([200n, 1, []]);
        expect(card.asked).toBe(1);
        expect(await isInStep(card)).toBe(true);
      });

      test('says of what it is not known, and what was not begun', async () => {
        const [card, { switched, counter }] = [await wallet(), await counterAndLine()];
        switched.line.line = 'away';
        const sent = counter.charges;
        await codeOf(charge(counter, orderOf('2.00'), card));
        const other = { key: randomUUID(), amount: euros('5.00'), authority: { kind: 'cash', uid: undefined } } as const;
        await expect(sent.charge(other.key, other)).rejects.toThrow(/It is not known whether 2\.00EUR was charged\. That was an earlier charge; this one was not begun\.$/);
        switched.line.line = 'good';
        expect((await sent.charge(other.key, other)).charged.sale.amount).toEqual(euros('5.00'));
        expect(await spentBy(card)).toBe(200n);
      });

      test('somebody else who comes meanwhile does not pay what turns out to be paid, and what they had begun is given up', async () => {
        const [first, second, { switched, counter }] = [await wallet(), await wallet(), await counterAndLine()];
        const order = orderOf('2.00');
        switched.line.line = 'reply lost';
        expect(await codeOf(charge(counter, order, first))).toBe('timed_out');
        switched.line.line = 'good';
        expect(await codeOf(charge(counter, order, second))).toBe('charge_over');
        expect([await spentBy(first), await spentBy(second)]).toEqual([200n, 0n]);
        expect(await second.payer.pending(second.accountId)).toBeUndefined();
        await first.payer.settle(first.accountId);
        expect([await isInStep(first), await isInStep(second)]).toEqual([true, true]);
      });

      test('and a register that was killed settles by itself when it comes up', async () => {
        const [card, { switched, counter }] = [await wallet(), await counterAndLine()];
        const order = orderOf('2.00');
        switched.line.line = 'away';
        await codeOf(charge(counter, order, card));
        switched.line.line = 'good';
        const again = await switched.open();
        expect(await again.charges.settle()).toMatchObject([{ order: order.id, end: { kind: 'charged' } }]);
        expect([await again.charges.settle(), await spentBy(card)]).toEqual([[], 200n]);
        expect(await again.accessCard(held(card.application), never)).toMatchObject({ isDelivered: true });
        expect(card.outcomes).toMatchObject([{ status: 'paid' }]);
        expect(await isInStep(card)).toBe(true);
      });
    });

    describe('a wallet', () => {
      /** One that has authorised what nobody has brought yet. */
      async function authorised() {
        const [card, order] = [await wallet(), orderOf('2.00')];
        const request = { payeeId: shop.cafe.id, amount: order.amount, idempotencyKey: order.key, registerId: pos.token.id };
        const given = await card.handler.pay!.authorise(request);
        const byRegister = () => pos.pos.charge({ ...order, authority: { kind: 'wallet', accountId: card.accountId, terminalId: card.terminalId, ...given } });
        return { card, order, request, given, byRegister };
      }
      const accepted = { status: 'paid', paymentId: 'pay_1', payeeName: 'Café', at: new Date() } as const;

      test('gives the same password for the same order, and none for another while that is open', async () => {
        const { card, request, given } = await authorised();
        expect(await card.restart().handler.pay!.authorise(request)).toEqual(given);
        expect(card.asked).toBe(1);
        card.line.line = 'away';
        expect(await codeOf(card.handler.pay!.authorise({ ...request, idempotencyKey: randomUUID() }))).toBe('card_refused');
        expect(await codeOf(card.handler.pay!.authorise({ ...request, amount: euros('3.00') }))).toBe('card_refused');
      });

      test('whose answer or result was lost settles by the same request, cash register included', async () => {
        const { card, order, byRegister } = await authorised();
        const { reply } = await byRegister();
        const settled = await card.restart().payer.settle(card.accountId);
        expect(settled?.end).toMatchObject({ kind: 'accepted', reply: { paymentId: reply!.paymentId } });
        expect(await byRegister()).toMatchObject({ reply });
        expect([await spentBy(card), (await salesOf(order)).length]).toEqual([200n, 1]);
        expect(await isInStep(card)).toBe(true);
      });

      test('that is told a renewal without a way to the server makes its word by it, and payments not until it is sure', async () => {
        const { card, order, byRegister } = await authorised();
        const { reply } = await byRegister();
        card.line.line = 'away';
        await card.handler.pay!.result({ ...accepted, idempotencyKey: order.key, renewal: reply!.renewal });
        card.restart();
        const claim = await card.handler.access!.request({ network: 'cafe-guests', apId: (await pos.pos.self()).apId });
        expect(claim).toMatchObject({ token: { codeNumber: 2 } });
        expect((await pos.pos.access(claim as Extract<typeof claim, { kind: 'terminal' }>)).subject.id).toBe(card.terminalId);
        expect(card.held).toMatchObject({ number: 1 });
        card.line.line = 'good';
        await card.payer.settle(card.accountId);
        expect(card.held).toMatchObject({ number: 2 });
        expect(card.held.next).toBeUndefined();
        expect(await isInStep(card)).toBe(true);
      });

      test.each<ErrorCode>(['bad_reply', 'secret_store_locked', 'storage_full'])('says what keeps it from what it is told, if that is no server that is away (%s)', async (code) => {
        const { card, order, byRegister } = await authorised();
        const { reply } = await byRegister();
        card.line.line = new LatchkeyError(code);
        expect(await codeOf(card.handler.pay!.result({ ...accepted, idempotencyKey: order.key, renewal: reply!.renewal }))).toBe(code);
        expect(await card.payer.pending(card.accountId)).toMatchObject({ request: { key: order.key } });
        card.line.line = 'good';
        await card.handler.pay!.result({ ...accepted, idempotencyKey: order.key, renewal: reply!.renewal });
        expect(await isInStep(card)).toBe(true);
      });

      test('that is told a wrong renewal keeps to the server’s', async () => {
        const { card, order, byRegister } = await authorised();
        await byRegister();
        await card.handler.pay!.result({ ...accepted, idempotencyKey: order.key, renewal: { rotation: new Uint8Array(32).fill(7) } });
        expect(await isInStep(card)).toBe(true);
      });

      test('that is told a renewal for what is not paid in the end still proves that it is there', async () => {
        const card = await wallet();
        const { counter } = await counterAndLine();
        await charge(counter, orderOf('2.00'), card);
        const order = orderOf('900.00');
        const { apId, payeeId } = await pos.pos.self();
        await card.handler.pay!.authorise({ payeeId, amount: order.amount, idempotencyKey: order.key, registerId: pos.token.id });
        await card.handler.pay!.result({ ...accepted, idempotencyKey: order.key, renewal: { rotation: new Uint8Array(32).fill(7) } });
        expect(await card.payer.pending(card.accountId)).toBeUndefined();
        const claim = await card.handler.access!.request({ network: 'cafe-guests', apId });
        expect((await pos.pos.access(claim as Extract<typeof claim, { kind: 'terminal' }>)).subject.id).toBe(card.terminalId);
      });

      test('that is told of a refusal gives the payment up, unless it had been paid', async () => {
        const [paid, unpaid] = [await authorised(), await authorised()];
        await paid.byRegister();
        for (const { card, order } of [paid, unpaid]) {
          await card.handler.pay!.result({ idempotencyKey: order.key, status: 'refused', reason: 'charge_over' });
          expect(await card.payer.pending(card.accountId)).toBeUndefined();
        }
        expect(await codeOf(unpaid.byRegister())).toBe('payment_cancelled');
        expect([await spentBy(paid.card), await spentBy(unpaid.card)]).toEqual([200n, 0n]);
        expect([await isInStep(paid.card), await isInStep(unpaid.card)]).toEqual([true, true]);
      });

      test('that is told of a refusal without a way to the server gives it up later, and never pays it', async () => {
        const { card, order } = await authorised();
        card.line.line = 'away';
        await card.handler.pay!.result({ idempotencyKey: order.key, status: 'refused', reason: 'charge_over' });
        card.restart().line.line = 'good';
        expect((await card.payer.settle(card.accountId))?.end).toEqual({ kind: 'cancelled' });
        expect(await spentBy(card)).toBe(0n);
        expect(await isInStep(card)).toBe(true);
      });

      test('is told of what it does not know, or knows already, and nothing changes', async () => {
        const [card, { counter }] = [await wallet(), await counterAndLine()];
        const order = orderOf('2.00');
        await charge(counter, order, card);
        await card.handler.pay!.result({ idempotencyKey: order.key, status: 'refused', reason: 'charge_over' });
        await card.handler.pay!.result({ ...accepted, idempotencyKey: randomUUID(), renewal: { rotation: new Uint8Array(32) } });
        expect(await isInStep(card)).toBe(true);
      });
    });

    describe.each(controls)('who waits there, %s', (way) => {
      const openDesk = async (written: Credential[] = []) =>
        OpenDesk.open((await counterAndLine()).counter, { reader: new HandReader(), way, writeTag: async (_card, credential) => void written.push(credential) });
      const waitingFor = (what: 'charge' | 'access' | 'tag') => ({ kind: 'waiting', for: what, hasReader: true });

      test('hears of each who is refused, until somebody pays', async () => {
        await using desk = await openDesk();
        const [poor, card] = [await wallet(), await wallet()];
        poor.declines = true;
        const { events, ended } = desk.charge({ amount: euros('2.00'), takesMandate: false });
        await desk.next(events, 'waiting');
        desk.reader.hold(bareCard, { uid: uid() });
        expect(await desk.next(events, 'refused')).toMatchObject({ error: { code: 'mandate_not_taken' }, by: 'card' });
        desk.reader.hold(poor.application);
        expect(await desk.next(events, 'refused', 1)).toMatchObject({ error: { code: 'card_refused' } });
        desk.reader.hold(card.application);
        expect(await ended).toMatchObject({ charged: { sale: { tender: 'wallet', amount: euros('2.00') } }, isDelivered: true });
        expect(events.map(({ kind }) => kind)).toEqual(['waiting', 'refused', 'refused']);
        expect(events[0]).toEqual(waitingFor('charge'));
      });

      test('hears of a phone that is refused', async () => {
        await using desk = await openDesk();
        const card = await wallet();
        const { events, ended } = desk.charge({ key: randomUUID(), amount: euros('2.00'), takesMandate: false });
        await desk.next(events, 'waiting');
        const { accountId, terminalId } = card;
        expect(await codeOf(desk.desk.pay(desk.desk.order!.key, { accountId, terminalId, codeNumber: 1, password: 'guess' }, never))).toBe('password_wrong');
        expect(await desk.next(events, 'refused')).toMatchObject({ error: { code: 'password_wrong' }, by: 'phone' });
        desk.reader.hold(card.application);
        await ended;
      });

      test('hears that the reader is away, at once if it is so already, and that it is back', async () => {
        await using desk = await openDesk();
        const { events, ended } = desk.charge({ amount: euros('1.00'), takesMandate: false });
        await desk.next(events, 'waiting');
        desk.reader.unplug();
        expect(await desk.next(events, 'reader')).toMatchObject({ state: { kind: 'away', error: { code: 'reader_not_found' } } });
        const other = desk.tap({ writesTag: false });
        expect(await desk.next(other.events, 'reader')).toMatchObject({ state: { kind: 'away', error: { code: 'reader_not_found' } } });
        desk.reader.plug();
        expect(await desk.next(events, 'reader', 1)).toEqual({ kind: 'reader', state: { kind: 'ready' } });
        const card = await wallet();
        desk.reader.hold(card.application);
        expect(await codeOf(other.ended)).toBe('not_permitted');
        desk.reader.hold(card.application);
        await ended;
      });

      test('is given what a card that comes for access gets, or why not, and is told when the tag is wanted', async () => {
        const written: Credential[] = [];
        await using desk = await openDesk(written);
        const card = await wallet();
        const refused = desk.tap({ writesTag: false });
        await desk.next(refused.events, 'waiting');
        desk.reader.hold(card.application);
        expect(await codeOf(refused.ended)).toBe('not_permitted');
        expect(refused.events).toEqual([waitingFor('access')]);
        const { counter } = await counterAndLine();
        await charge(counter, orderOf('1.00'), card);
        const { events, ended } = desk.tap({ writesTag: true });
        await desk.next(events, 'waiting');
        desk.reader.hold(card.application);
        await desk.next(events, 'waiting', 1);
        desk.reader.hold(bareCard);
        expect(await ended).toMatchObject({ credential: shopCredential, isDelivered: true });
        expect(events).toEqual([waitingFor('access'), waitingFor('tag')]);
        expect(written).toEqual([shopCredential]);
      });

      test('goes, and what was asked for is withdrawn; two do not charge at once', async () => {
        await using desk = await openDesk();
        const charging = desk.charge({ amount: euros('1.00'), takesMandate: false });
        await desk.next(charging.events, 'waiting');
        const second = desk.charge({ amount: euros('2.00'), takesMandate: false });
        expect(await codeOf(second.ended)).toBe('charge_open');
        expect(second.events).toEqual([]);
        charging.withdraw();
        expect(await codeOf(charging.ended)).toBe('interrupted');
        await desk.next(desk.events, 'withdrawn');
        expect(desk.desk.order).toBeUndefined();
      });
    });

    test('a wallet whose answers make no sense is refused, and nothing is charged', async () => {
      const { counter } = await counterAndLine();
      const card = await wallet();
      const broken = (ins: number, answer: Uint8Array) => held({ reset: () => card.application.reset(), transmit: async (apdu) => (apdu[1] === ins ? answer : card.application.transmit(apdu)) });
      const body = (data: Uint8Array) => encodeResponse({ data, status: 0x9000 });
      for (const [ins, answer] of [
        [0xa4, body(Buffer.from('a0', 'hex'))],
        [walletInstruction.paymentInfo, body(Buffer.from('ff', 'hex'))],
        [walletInstruction.authorise, body(authorisation.encode({ password: 'short', codeNumber: 1 }).subarray(1))],
        [walletInstruction.authorise, Buffer.of(0x90)],
      ] as const) {
        expect(await codeOf(counter.chargeCard(orderOf('1.00'), broken(ins, answer), never))).toBe('card_answer_malformed');
      }
      expect(await codeOf(counter.chargeCard(orderOf('1.00'), broken(walletInstruction.authorise, body(authorisation.encode({ password: 'guess', codeNumber: 1 }))), never))).toBe('password_wrong');
      expect(await spentBy(card)).toBe(0n);
    });
  });
}
