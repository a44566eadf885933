import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAmount } from '../../src/domain/money.ts';
import { Payer, type BegunPayment } from '../../src/roles/wallet/payer.ts';
import { systemRandom } from '../server/running-server.ts';
import { codeOf, errorOf, type MakeHarness } from './roles.harness.ts';
import { bindTo, identityCode, openShop, type PlainTerminal } from './shop.ts';

const euros = (text: string) => parseAmount(`${text}EUR`);
const one = euros('1.00');

export function walletContract(name: string, make: MakeHarness): void {
  describe(`${name}: wallet`, () => {
    let shop: Awaited<ReturnType<typeof openShop>>;
    beforeAll(async () => {
      shop = await openShop(make);
    });
    afterAll(() => shop.harness.close());

    const newTerminal = () => shop.harness.hold('terminal');
    /** Of an account of its own, with 20.00EUR. */
    async function payer(algorithm?: 'md5'): Promise<PlainTerminal> {
      const account = await shop.admin.ledger.open({ name: randomUUID(), currency: 'EUR' });
      await shop.admin.ledger.topUp(account.id, euros('20.00'));
      return bindTo(shop.harness, await newTerminal(), account, algorithm === undefined ? {} : { algorithm });
    }
    const spentBy = async ({ accountId }: PlainTerminal) => 2000n - (await shop.admin.ledger.account(accountId)).balance;

    test('is bound by the code that its account’s contact gets', async () => {
      const { outbox } = shop.harness;
      const terminal = await newTerminal();
      const { verificationId, expiresAt, message } = await outbox.with(() => terminal.wallet.requestVerification({ key: randomUUID(), account: 'card_4711', name: 'Anna' }));
      expect(message).toMatchObject({ contact: 'anna@example.org', accountName: 'Anna', expiresAt });
      expect(message.code).toMatch(/^\d{6}$/);
      const binding = await terminal.wallet.bind({ verificationId, verificationCode: message.code, identityCode });
      expect(binding).toMatchObject({ accountId: shop.anna.id, name: 'Anna', currency: 'EUR', terminalId: terminal.token.id, algorithm: 'hmac-sha256' });
      expect(binding.temporaryCode.code).toHaveLength(32);
      expect(await terminal.wallet.bindings()).toMatchObject([{ accountId: shop.anna.id, available: 5000n, otherTerminals: 1, wrong: 0, lockedUntil: undefined }]);
      expect(await codeOf(terminal.wallet.bind({ verificationId, verificationCode: message.code, identityCode }))).toBe('verification_code_over');
    });

    test('says nothing of accounts to who does not know them', async () => {
      const { outbox } = shop.harness;
      const terminal = await newTerminal();
      const before = outbox.sent.length;
      for (const [account, called] of [['nobody', 'Nobody'], [shop.anna.id, 'Berta'], ['out_EUR', 'out_EUR']] as const) {
        const sent = await terminal.wallet.requestVerification({ key: randomUUID(), account, name: called });
        expect(Object.keys(sent).sort()).toEqual(['expiresAt', 'verificationId']);
        expect(await codeOf(terminal.wallet.bind({ verificationId: sent.verificationId, verificationCode: '123456', identityCode }))).toBe('verification_code_wrong');
      }
      await bindTo(shop.harness, await newTerminal(), shop.anna);
      expect(outbox.sent.slice(before)).toMatchObject([{ accountName: 'Anna' }]);
    });

    test('a verification code takes five tries, ten minutes, and its own terminal', async () => {
      const { outbox, clock } = shop.harness;
      const terminal = await newTerminal();
      const send = () => outbox.with(() => terminal.wallet.requestVerification({ key: randomUUID(), account: shop.anna.id, name: 'Anna' }));
      const bind = (verificationId: string, verificationCode: string, by = terminal) => by.wallet.bind({ verificationId, verificationCode, identityCode });

      const first = await send();
      const right = first.message.code;
      const wrong = right === '000000' ? '000001' : '000000';
      expect(await codeOf(bind(first.verificationId, right, await newTerminal()))).toBe('verification_code_over');
      for (let tries = 0; tries < 5; tries += 1) {
        expect(await codeOf(bind(first.verificationId, wrong))).toBe('verification_code_wrong');
      }
      expect(await codeOf(bind(first.verificationId, right))).toBe('verification_code_over');

      const second = await send();
      clock.pass(10 * 60_000);
      expect(await codeOf(bind(second.verificationId, second.message.code))).toBe('verification_code_over');

      const before = outbox.sent.length;
      const asked = await Promise.all(Array.from({ length: 12 }, () => codeOf(send())));
      await outbox.until(() => outbox.sent.length === before + 8);
      expect(asked.filter((code) => code === undefined)).toHaveLength(8);
      expect(await codeOf(send())).toBe('verification_limit');
      clock.pass(86_400_000);
      expect(await codeOf(send())).toBeUndefined();
    });

    test('a code that could not be sent is sent by the same key', async () => {
      const { outbox } = shop.harness;
      const terminal = await newTerminal();
      const request = { key: randomUUID(), account: shop.anna.id, name: 'Anna' };
      const before = outbox.sent.length;
      outbox.fails = true;
      const failures = outbox.failed;
      // A server has answered by then, and alone on this machine it is an error.
      const failed = await codeOf(terminal.wallet.requestVerification(request));
      expect([undefined, 'verification_unavailable']).toContain(failed);
      await outbox.until(() => outbox.failed > failures);
      outbox.fails = false;
      const { message: _message, ...sent } = await outbox.with(() => terminal.wallet.requestVerification(request));
      expect(await terminal.wallet.requestVerification(request)).toEqual(sent);
      await bindTo(shop.harness, await newTerminal(), shop.anna);
      expect(outbox.sent).toHaveLength(before + 2);
    });

    test('pays, and each payment renews its code', async () => {
      const terminal = await payer();
      const first = await terminal.pay(terminal.request(shop.cafe.id, euros('12.50'), { memo: 'breakfast' }));
      expect(first).toMatchObject({ state: 'paid', accountId: terminal.accountId, amount: euros('12.50'), payee: { id: shop.cafe.id, name: 'Café', currency: 'EUR' } });
      await terminal.pay(terminal.request(shop.cafe.id, one));
      expect(await spentBy(terminal)).toBe(1350n);
      expect(await shop.admin.ledger.payment(first.paymentId)).toMatchObject({ state: 'paid', captured: 1250n, memo: 'breakfast', terminalId: terminal.holder.token.id });
    });

    test.each(['hmac-sha256', 'md5'] as const)('the same request gets the same reply for ever (%s)', async (algorithm) => {
      const terminal = await payer(algorithm === 'md5' ? algorithm : undefined);
      const request = terminal.request(shop.cafe.id, one);
      const reply = await terminal.pay(request);
      await terminal.pay(terminal.request(shop.cafe.id, one));
      expect(await terminal.holder.wallet.pay(request)).toEqual(reply);
      expect(await spentBy(terminal)).toBe(200n);
    });

    test('of the same request many times at once, one is charged and all get its reply', async () => {
      const terminal = await payer();
      const request = terminal.request(shop.cafe.id, one);
      const replies = await Promise.all(Array.from({ length: 8 }, () => terminal.holder.wallet.pay(request)));
      expect(new Set(replies.map(({ paymentId }) => paymentId)).size).toBe(1);
      expect(await spentBy(terminal)).toBe(100n);
    });

    test('of several requests under one code, one is charged and the others are superseded', async () => {
      const terminal = await payer();
      const requests = Array.from({ length: 6 }, () => terminal.request(shop.cafe.id, one));
      const codes = await Promise.all(requests.map((request) => codeOf(terminal.holder.wallet.pay(request))));
      expect(codes.filter((code) => code === undefined)).toHaveLength(1);
      expect(codes.filter((code) => code === 'code_superseded')).toHaveLength(5);
      expect(await spentBy(terminal)).toBe(100n);
      const [status] = await terminal.holder.wallet.bindings();
      expect(status).toMatchObject({ wrong: 0, codeNumber: 2 });
      expect(status!.supersededAt).toBeInstanceOf(Date);
    });

    test('the same key for something else is refused, and tells nothing of the first', async () => {
      const terminal = await payer();
      const key = randomUUID();
      await terminal.pay(terminal.request(shop.cafe.id, one, { key }));
      const error = await errorOf(terminal.holder.wallet.pay(terminal.request(shop.cafe.id, euros('2.00'), { key })));
      expect(error?.code).toBe('idempotency_mismatch');
      expect(error?.message).not.toMatch(/pay_|1\.00/);
    });

    test('a password is good for what it was made for and nothing else', async () => {
      const terminal = await payer();
      const request = terminal.request(shop.cafe.id, one);
      const other = await shop.admin.ledger.open({ name: randomUUID(), currency: 'EUR' });
      for (const forged of [{ ...request, amount: euros('9.00') }, { ...request, payeeId: other.id }, { ...request, key: randomUUID() }]) {
        expect(await codeOf(terminal.holder.wallet.pay({ ...forged, key: forged.key === request.key ? randomUUID() : forged.key }))).toBe('password_wrong');
      }
      expect(await spentBy(terminal)).toBe(0n);
      expect(await codeOf(terminal.pay(request))).toBeUndefined();
    });

    test('a refusal is final for its key', async () => {
      const terminal = await payer();
      const request = terminal.request(shop.cafe.id, euros('20.01'));
      expect(await codeOf(terminal.holder.wallet.pay(request))).toBe('insufficient_funds');
      await shop.admin.ledger.topUp(terminal.accountId, euros('20.00'));
      expect(await codeOf(terminal.holder.wallet.pay(request))).toBe('insufficient_funds');
      expect(await codeOf(terminal.pay(terminal.request(shop.cafe.id, euros('20.01'))))).toBeUndefined();
    });

    test('what cannot be paid is refused, each with its own code, and the code is not spent', async () => {
      const terminal = await payer();
      const yen = await shop.admin.ledger.open({ name: randomUUID(), currency: 'JPY' });
      const closed = await shop.admin.ledger.close((await shop.admin.ledger.open({ name: randomUUID(), currency: 'EUR' })).id);
      const refused = async (payeeId: string, amount = one) => codeOf(terminal.holder.wallet.pay(terminal.request(payeeId, amount)));
      expect(await refused('acc_nobody')).toBe('account_not_found');
      expect(await refused('out_EUR')).toBe('account_not_found');
      expect(await refused(terminal.accountId)).toBe('payee_is_payer');
      expect(await refused(yen.id)).toBe('currency_mismatch');
      expect(await refused(shop.cafe.id, parseAmount('100JPY'))).toBe('currency_mismatch');
      expect(await refused(closed.id)).toBe('account_closed');
      expect(terminal.code.number).toBe(1);
      expect(await codeOf(terminal.pay(terminal.request(shop.cafe.id, one)))).toBeUndefined();
    });

    test('the fifth wrong password in a row brings a wait, which doubles, ends by a success, and counts nothing meanwhile', async () => {
      const { clock } = shop.harness;
      const terminal = await payer();
      const { wallet } = terminal.holder;
      const wrong = () => wallet.pay(terminal.request(shop.cafe.id, one, { identityCode: 'wrong' }));
      const kept = terminal.request(shop.cafe.id, one);
      const reply = await terminal.pay(kept);

      for (let tries = 0; tries < 5; tries += 1) expect(await codeOf(wrong())).toBe('password_wrong');
      const locked = await errorOf(wrong());
      expect(locked?.code).toBe('account_locked');
      expect(locked?.retryAfter).toBeGreaterThan(55);
      expect(locked?.retryAfter).toBeLessThanOrEqual(60);
      expect(await codeOf(wallet.pay(terminal.request(shop.cafe.id, one)))).toBe('account_locked');
      expect(await wallet.pay(kept)).toEqual(reply);
      expect((await wallet.bindings())[0]).toMatchObject({ wrong: 5 });

      clock.pass(60_000);
      expect(await codeOf(wrong())).toBe('password_wrong');
      expect((await errorOf(wrong()))?.retryAfter).toBeGreaterThan(110);
      clock.pass(120_000);
      expect(await codeOf(terminal.pay(terminal.request(shop.cafe.id, one)))).toBeUndefined();
      expect((await wallet.bindings())[0]).toMatchObject({ wrong: 0, lockedUntil: undefined });
    });

    test('who guesses many times at once gets no more tries', async () => {
      const terminal = await payer();
      const guesses = Array.from({ length: 40 }, (_, tried) => terminal.request(shop.cafe.id, one, { identityCode: tried === 20 ? identityCode : `guess ${tried}` }));
      for (let tries = 0; tries < 4; tries += 1) await codeOf(terminal.holder.wallet.pay(terminal.request(shop.cafe.id, one, { identityCode: 'wrong' })));
      const codes = await Promise.all(guesses.map((guess) => codeOf(terminal.holder.wallet.pay(guess))));
      // One more wrong one, or the right one and then those that came under a spent code.
      if (codes[20] === undefined) expect(codes.filter((code) => code !== 'code_superseded' && code !== undefined)).toEqual([]);
      else expect(codes.toSorted()).toEqual([...Array.from({ length: 39 }, () => 'account_locked'), 'password_wrong']);
    });

    test('the same wrong request counts once', async () => {
      const terminal = await payer();
      const wrong = terminal.request(shop.cafe.id, one, { identityCode: 'wrong' });
      const codes = await Promise.all(Array.from({ length: 9 }, () => codeOf(terminal.holder.wallet.pay(wrong))));
      expect(new Set(codes)).toEqual(new Set(['password_wrong']));
      expect((await terminal.holder.wallet.bindings())[0]).toMatchObject({ wrong: 1 });
    });

    test('who guesses at another terminal locks nobody else out', async () => {
      const terminal = await payer();
      const account = await shop.admin.ledger.account(terminal.accountId);
      const second = await bindTo(shop.harness, await newTerminal(), account, { identityCode: 'another code' });
      for (let tries = 0; tries < 5; tries += 1) {
        expect(await codeOf(second.holder.wallet.pay(second.request(shop.cafe.id, one, { identityCode: 'guess' })))).toBe('password_wrong');
      }
      expect(await codeOf(second.holder.wallet.pay(second.request(shop.cafe.id, one, { identityCode: 'another code' })))).toBe('account_locked');
      expect(await codeOf(terminal.pay(terminal.request(shop.cafe.id, one)))).toBeUndefined();
      const stranger = await newTerminal();
      expect(await codeOf(stranger.wallet.pay(terminal.request(shop.cafe.id, one)))).toBe('not_bound');
      expect(await shop.admin.ledger.unlock(account.id)).toMatchObject({ account: { id: account.id }, terminals: 1 });
      expect((await shop.admin.ledger.unlock(account.id)).terminals).toBe(0);
      expect(await codeOf(second.pay(second.request(shop.cafe.id, one, { identityCode: 'another code' })))).toBeUndefined();
    });

    test('what is held no longer pays for all who come at once', async () => {
      const terminal = await payer();
      const account = await shop.admin.ledger.account(terminal.accountId);
      const all = [terminal, await bindTo(shop.harness, await newTerminal(), account), await bindTo(shop.harness, await newTerminal(), account)];
      await terminal.pay(terminal.request(shop.cafe.id, euros('20.00'), { holdMs: 1_000 }));
      shop.harness.clock.pass(2_000);
      expect(await Promise.all(all.map((each) => codeOf(each.pay(each.request(shop.cafe.id, one)))))).toEqual([undefined, undefined, undefined]);
    });

    test('the first of payment and cancellation wins', async () => {
      const terminal = await payer();
      const { wallet } = terminal.holder;
      const { accountId } = terminal;
      const given = terminal.request(shop.cafe.id, one);
      expect(await wallet.cancel({ accountId, key: given.key })).toBeUndefined();
      expect(await codeOf(wallet.pay(given))).toBe('payment_cancelled');
      expect(await wallet.cancel({ accountId, key: given.key })).toBeUndefined();

      const paid = terminal.request(shop.cafe.id, one);
      const reply = await terminal.pay(paid);
      expect(await wallet.cancel({ accountId, key: paid.key })).toEqual(reply);

      const refused = terminal.request(shop.cafe.id, euros('99.00'));
      expect(await codeOf(wallet.pay(refused))).toBe('insufficient_funds');
      expect(await codeOf(wallet.cancel({ accountId, key: refused.key }))).toBe('insufficient_funds');
      expect(await codeOf((await newTerminal()).wallet.cancel({ accountId, key: randomUUID() }))).toBe('not_bound');
      expect(await spentBy(terminal)).toBe(100n);
    });

    test('payment and cancellation at once agree', async () => {
      const terminal = await payer();
      const { wallet } = terminal.holder;
      for (let round = 0; round < 5; round += 1) {
        const request = terminal.request(shop.cafe.id, one);
        const [paid, cancelled] = await Promise.all([
          wallet.pay(request).catch((error: { code: string }) => error.code),
          wallet.cancel({ accountId: terminal.accountId, key: request.key }),
        ]);
        if (cancelled === undefined) {
          expect(paid).toBe('payment_cancelled');
        } else {
          expect(paid).toEqual(cancelled);
          terminal.renew(cancelled);
        }
      }
    });

    test('binding anew ends the old code, and a payment under it is told so', async () => {
      const terminal = await payer();
      const old = terminal.request(shop.cafe.id, one);
      const again = await bindTo(shop.harness, terminal.holder, await shop.admin.ledger.account(terminal.accountId));
      expect(again.code.number).toBe(2);
      expect(await codeOf(terminal.holder.wallet.pay(old))).toBe('code_superseded');
      expect(await codeOf(again.pay(again.request(shop.cafe.id, one)))).toBeUndefined();
      expect(await codeOf(again.holder.wallet.pay({ ...again.request(shop.cafe.id, one), codeNumber: 9 }))).toBe('code_unknown');
    });

    test('md5: the password finds its account; a spent one is superseded, a wrong one counts', async () => {
      const terminal = await payer('md5');
      const spent = terminal.request(shop.cafe.id, one);
      expect(spent.accountId).toBeUndefined();
      await terminal.pay(spent);
      expect(await codeOf(terminal.holder.wallet.pay({ ...spent, key: randomUUID() }))).toBe('code_superseded');
      expect(await codeOf(terminal.holder.wallet.pay(terminal.request(shop.cafe.id, one, { identityCode: 'wrong' })))).toBe('password_wrong');
      expect((await terminal.holder.wallet.bindings())[0]).toMatchObject({ algorithm: 'md5', wrong: 1 });
      expect(await codeOf(terminal.pay(terminal.request(shop.cafe.id, one)))).toBeUndefined();
      const again = await bindTo(shop.harness, terminal.holder, await shop.admin.ledger.account(terminal.accountId), { algorithm: 'hmac-sha256' });
      expect(again.algorithm).toBe('hmac-sha256');
      expect(await codeOf(bindTo(shop.harness, terminal.holder, await shop.admin.ledger.account(terminal.accountId), { algorithm: 'md5' }))).toBe('algorithm_disabled');
    });

    test('a verification code that was asked for before the terminal was bound binds it no more', async () => {
      const { outbox } = shop.harness;
      const terminal = await payer();
      const account = await shop.admin.ledger.account(terminal.accountId);
      const ask = async () => {
        const { verificationId, message } = await outbox.with(() => terminal.holder.wallet.requestVerification({ key: randomUUID(), account: account.id, name: account.name }));
        return { verificationId, verificationCode: message.code, identityCode };
      };
      const late = await ask();
      const { temporaryCode } = await terminal.holder.wallet.bind(await ask());
      expect(await codeOf(terminal.holder.wallet.bind(late))).toBe('verification_code_over');
      terminal.code = temporaryCode;
      expect(await codeOf(terminal.pay(terminal.request(shop.cafe.id, one)))).toBeUndefined();
    });

    test('binding anew and paying at once agree on the code', async () => {
      const terminal = await payer();
      const account = await shop.admin.ledger.account(terminal.accountId);
      const { wallet } = terminal.holder;
      for (let round = 0; round < 8; round += 1) {
        const { verificationId, message } = await shop.harness.outbox.with(() => wallet.requestVerification({ key: randomUUID(), account: account.id, name: account.name }));
        const [{ temporaryCode }, paid] = await Promise.all([
          wallet.bind({ verificationId, verificationCode: message.code, identityCode }),
          codeOf(wallet.pay(terminal.request(shop.cafe.id, one))),
        ]);
        expect(temporaryCode.number).toBe(terminal.code.number + (paid === undefined ? 2 : 1));
        terminal.code = temporaryCode;
        expect(await codeOf(terminal.pay(terminal.request(shop.cafe.id, one)))).toBeUndefined();
      }
    });

    test('md5: what was sent before the terminal was bound anew has its answer, and is not counted as wrong', async () => {
      const terminal = await payer('md5');
      const account = await shop.admin.ledger.account(terminal.accountId);
      const { wallet } = terminal.holder;
      const unsent = terminal.request(shop.cafe.id, one);
      const again = await bindTo(shop.harness, terminal.holder, account);
      expect(await codeOf(wallet.pay(unsent))).toBe('code_superseded');
      expect((await wallet.bindings())[0]).toMatchObject({ wrong: 0 });

      const sent = again.request(shop.cafe.id, one);
      const reply = await wallet.pay(sent);
      await bindTo(shop.harness, terminal.holder, account, { algorithm: 'hmac-sha256' });
      expect(await wallet.pay(sent)).toEqual(reply);
    });

    test('a payment whose key another terminal of the account has used comes to its end', async () => {
      const terminal = await payer();
      const account = await shop.admin.ledger.account(terminal.accountId);
      const other = await bindTo(shop.harness, await newTerminal(), account);
      const payee = { id: shop.cafe.id, name: 'Café', currency: 'EUR' };
      const open = new Map<string, BegunPayment>();
      const held = { ...terminal.code, algorithm: terminal.algorithm };
      const phone = new Payer({
        wallet: terminal.holder.wallet,
        codes: { get: async () => held, set: async () => {} },
        journal: {
          pending: async (accountId) => open.get(accountId),
          find: async () => undefined,
          begin: async (payment) => { open.set(payment.accountId, payment); },
          giveUp: async () => {},
          end: async ({ accountId }) => { open.delete(accountId); },
        },
        clock: shop.harness.clock,
        random: systemRandom,
      });
      for (const [key, meet] of [['order-1', () => other.pay(other.request(shop.cafe.id, one, { key: 'order-1' }))], ['order-2', () => other.holder.wallet.cancel({ accountId: account.id, key: 'order-2' })]] as const) {
        await meet();
        const { end } = await phone.pay({ accountId: account.id, payee, amount: one, key }, identityCode);
        expect(end.kind).toBe('refused');
        expect(await phone.pending(account.id)).toBeUndefined();
      }
    });

    test('finds whom to pay by the id, and by the name a shop or an account of its own', async () => {
      const { wallet } = shop.terminal.holder;
      const bakery = await shop.admin.ledger.open({ name: 'Bakery', currency: 'EUR' });
      const payee = { id: bakery.id, name: 'Bakery', currency: 'EUR' };
      expect(await wallet.payee(bakery.id)).toEqual(payee);
      const toNobody = await errorOf(wallet.payee('nobody'));
      expect(toNobody).toMatchObject({ code: 'account_not_found', message: 'There is no account nobody.' });
      expect(await errorOf(wallet.payee('Bakery'))).toMatchObject({ code: 'account_not_found', message: 'There is no account Bakery.' });
      await (await shop.harness.hold('pos', { accounts: [bakery.id] })).pos.self();
      expect(await wallet.payee('Bakery')).toEqual(payee);
      expect((await wallet.payee('Anna')).id).toBe(shop.anna.id);
      expect(await codeOf((await newTerminal()).wallet.payee('Anna'))).toBe('account_not_found');
      expect(await codeOf(wallet.payee('card_4711'))).toBe('account_not_found');
      expect(await codeOf(wallet.payee('out_EUR'))).toBe('account_not_found');
    });

    test('one person pays another, who has no shop', async () => {
      const terminal = await payer();
      const friend = await payer();
      await terminal.pay(terminal.request(friend.accountId, one));
      expect(await spentBy(friend)).toBe(-100n);
    });

    test('refuses identity codes that cannot be typed again', async () => {
      const terminal = await newTerminal();
      const bind = (typed: string) => terminal.wallet.bind({ verificationId: 'ver_none', verificationCode: '123456', identityCode: typed });
      for (const typed of ['123', 'tab\tbed', 'e\u0301t\u0301e', 'x'.repeat(65)]) {
        expect(await codeOf(bind(typed))).toBe('invalid_input');
      }
    });
  });
}
