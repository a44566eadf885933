import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Account } from '../../src/domain/account.ts';
import { clockSkewMs, longestShowingMs, longestTrustMs, mostReceiptKeys, revocationSpreadMs, settlementGraceMs, type CodeOrder } from '../../src/domain/credit-code.ts';
import { parseAmount } from '../../src/domain/money.ts';
import { verifyToken } from '../../src/protocol/credit-code.ts';
import { receiptIdOf } from '../../src/protocol/code-receipt.ts';
import { ed25519Public, newEd25519 } from '../../src/protocol/ed25519.ts';
import type { AcceptedCode, DisputeQuery } from '../../src/roles/codes/ports.ts';
import { CodeHolder, codeRequest, issueCode, openCodeRegister, type CodeRegister } from './code-parties.ts';
import { codeOf, type Holder, type MakeHarness, type RolesHarness } from './roles.harness.ts';
import { bindTo, openShop, type PlainTerminal } from './shop.ts';

const page = { limit: 100 };
const euros = (text: string) => parseAmount(`${text}EUR`);
const dayMs = 86_400_000;

export function codesContract(name: string, make: MakeHarness): void {
  describe(`${name}: credit payment codes`, () => {
    let shop: Awaited<ReturnType<typeof openShop>>;
    let harness: RolesHarness;
    let account: Account;
    let terminal: PlainTerminal;
    let cafe: CodeRegister;
    let kiosk: CodeRegister;

    beforeAll(async () => {
      shop = await openShop(make);
      harness = shop.harness;
    });
    afterAll(() => harness.close());
    beforeEach(async () => {
      account = await shop.admin.ledger.open({ name: randomUUID(), currency: 'EUR' });
      await shop.admin.ledger.topUp(account.id, euros('30.00'));
      terminal = await bindTo(harness, await harness.hold('terminal'), account);
      cafe = await openCodeRegister(harness, await shop.admin.ledger.open({ name: randomUUID(), currency: 'EUR' }));
      kiosk = await openCodeRegister(harness, await shop.admin.ledger.open({ name: randomUUID(), currency: 'EUR' }));
    });
    afterEach(async () => {
      expect((await shop.admin.ledger.verify()).findings).toEqual([]);
    });

    const issue = (order: Partial<CodeOrder> = {}, limit = '20.00EUR') => issueCode(harness, terminal, order, { limit });
    const standing = async (id = account.id) => {
      const { balance, held, suspendedAt } = await shop.admin.ledger.account(id);
      return { balance, held, isSuspended: suspendedAt !== undefined };
    };
    const balanceOf = async (register: CodeRegister) => (await shop.admin.ledger.account(register.payeeId)).balance;

    test('who was given a receipt learns by which keys a register ever signed, the latest first, and no more of it', async () => {
      const self = cafe.holder.token.id;
      const [first] = await terminal.holder.codes.receiptKeys(self);
      await cafe.rekey();
      const keys = await terminal.holder.codes.receiptKeys(self);
      expect(keys.map((key) => Buffer.from(key).toString('hex')).indexOf(Buffer.from(first!).toString('hex'))).toBe(1);
      expect(await shop.admin.codes.receiptKeys(self)).toHaveLength(2);
      expect(await terminal.holder.codes.receiptKeys('tok_none')).toEqual([]);
      expect(await codeOf(cafe.holder.codes.receiptKeys(self))).toBe('forbidden');
    });

    describe('issuing', () => {
      test('reserves the whole limit and gives a token that the trust list’s key signed, to this terminal alone', async () => {
        const { issued } = await issue({ payees: [cafe.payeeId] });
        expect(await standing()).toEqual({ balance: 3000n, held: 2000n, isSuspended: false });
        const { issuer, keys } = await cafe.sync();
        const key = keys.find(({ id }) => id === issued.keyId)!;
        const { holderKey, ...verified } = verifyToken(issued.signed, [ed25519Public(key.publicKey)]);
        expect({ ...verified, holderKey: Buffer.from(holderKey) }).toEqual({ ...issued.token, issuer, holderKey: Buffer.from(issued.token.holderKey) });
        expect(issued).toMatchObject({ state: 'active', settled: 0n, settledUses: 0, accountId: account.id, token: { maxEach: 500n, maxTotal: 2000n, uses: 10, payees: [cafe.payeeId] } });
        expect(issued.settleBy.getTime()).toBeGreaterThanOrEqual(issued.token.expiresAt.getTime() + settlementGraceMs);
        expect(namedIn(everythingIn(issued.signed), [account.id, account.name, terminal.holder.token.id, issued.paymentId])).toEqual([]);

        const payment = await shop.admin.ledger.payment(issued.paymentId);
        expect(payment).toMatchObject({ state: 'held', amount: euros('20.00'), captured: 0n, expiresAt: issued.settleBy });
        expect(await terminal.holder.codes.issued(account.id, payment.key)).toEqual(issued);
        const other = await bindTo(harness, await harness.hold('terminal'), account);
        expect(await codeOf(other.holder.codes.issued(account.id, payment.key))).toBe('code_not_found');
        expect(await codeOf(terminal.holder.codes.issued(account.id, 'another'))).toBe('code_not_found');
      });

      test('a lost reply loses nothing: the same request has the same code, and the same key no other', async () => {
        const { publicKey } = newEd25519(randomBytes(32));
        const request = codeRequest(terminal, publicKey, { uses: 3 });
        const reply = await terminal.holder.wallet.pay(request);
        expect(await terminal.holder.wallet.pay(request)).toEqual(reply);
        expect(reply).toMatchObject({ state: 'held', payee: { id: 'codes_EUR' } });
        expect((await terminal.holder.codes.codes({}, page)).items).toHaveLength(1);
        expect(await codeOf(terminal.holder.wallet.pay({ ...request, code: { ...request.code!, uses: 4 } }))).toBe('idempotency_mismatch');
        expect(await codeOf(terminal.holder.wallet.pay({ ...request, code: { ...request.code!, holderKey: newEd25519(randomBytes(32)).publicKey } }))).toBe('idempotency_mismatch');
        expect(await standing()).toMatchObject({ held: 2000n });
      });

      test('many of the same request at once are one code', async () => {
        const request = codeRequest(terminal, newEd25519(randomBytes(32)).publicKey);
        const replies = await Promise.all(Array.from({ length: 5 }, () => terminal.holder.wallet.pay(request)));
        expect(new Set(replies.map(({ paymentId }) => paymentId)).size).toBe(1);
        expect((await terminal.holder.codes.codes({}, page)).items).toHaveLength(1);
        expect(await standing()).toMatchObject({ held: 2000n });
      });

      test('takes the password for what it pays, and no more than there is', async () => {
        const { publicKey } = newEd25519(randomBytes(32));
        const wrong = { ...codeRequest(terminal, publicKey), password: 'wrong' };
        expect(await codeOf(terminal.holder.wallet.pay(wrong))).toBe('password_wrong');
        expect(await codeOf(terminal.pay(codeRequest(terminal, publicKey, {}, { limit: '30.01EUR' })))).toBe('insufficient_funds');
        expect(await standing()).toMatchObject({ held: 0n });
        expect((await terminal.holder.codes.codes({}, page)).items).toEqual([]);
        const guess = codeRequest(terminal, publicKey, { maxEach: 1n }, { limit: '20CLP' });
        expect(await codeOf(terminal.holder.wallet.pay({ ...guess, password: 'wrong' }))).toBe('password_wrong');
        expect(await codeOf(shop.admin.ledger.account('codes_CLP'))).toBe('account_not_found');
        expect(await codeOf(terminal.pay(codeRequest(terminal, publicKey, { maxEach: 1n }, { limit: '20CLP' })))).toBe('currency_mismatch');
        expect(await codeOf(shop.admin.ledger.account('codes_CLP'))).toBe('account_not_found');
      });

      test('what no token can say is no order, and nobody pays to what codes hold', async () => {
        const { publicKey } = newEd25519(randomBytes(32));
        const ask = (order: Partial<CodeOrder>) => codeOf(terminal.pay(codeRequest(terminal, publicKey, order)));
        expect(await ask({ maxEach: 2001n })).toBe('invalid_input');
        expect(await ask({ maxEach: 0n })).toBe('invalid_input');
        expect(await ask({ uses: 0 })).toBe('invalid_input');
        expect(await ask({ validMs: 24 * dayMs })).toBe('invalid_input');
        expect(await ask({ validMs: 1000 })).toBe('invalid_input');
        expect(await ask({ payees: [] })).toBe('invalid_input');
        expect(await ask({ holderKey: Buffer.alloc(32) })).toBe('invalid_input');
        expect(await codeOf(cafe.holder.pos.describe({ receiptKey: Buffer.alloc(32) }))).toBe('invalid_input');
        expect(await ask({ payees: ['acc_nobody'] })).toBe('account_not_found');
        expect(await ask({ payees: [cafe.payeeId, account.id] })).toBe('payee_is_payer');
        const plain = terminal.request('codes_EUR', euros('1.00'));
        expect(await codeOf(terminal.pay(plain))).toBe('account_not_found');
        const elsewhere = terminal.request(cafe.payeeId, euros('1.00'));
        expect(await codeOf(terminal.pay({ ...elsewhere, code: { maxEach: 1n, uses: 1, payees: undefined, validMs: dayMs, holderKey: publicKey } }))).toBe('invalid_input');
        expect(await codeOf(terminal.holder.wallet.payee('codes_EUR'))).toBe('account_not_found');
      });

      test('what a code holds is not captured, released or refunded by hand', async () => {
        const { issued } = await issue();
        const { ledger } = shop.admin;
        expect(await codeOf(ledger.capture(issued.paymentId))).toBe('payment_of_code');
        expect(await codeOf(ledger.release(issued.paymentId))).toBe('payment_of_code');
        expect(await codeOf(ledger.refund(issued.paymentId, undefined))).toBe('payment_of_code');
        for (const { ledger: own } of [shop.admin, terminal.holder]) {
          expect(await own.payment(issued.paymentId)).toMatchObject({ payeeId: 'codes_EUR', codeId: issued.token.id });
          expect((await own.payments({ accountIds: [account.id] }, page)).items.map(({ codeId }) => codeId)).toEqual([issued.token.id]);
        }
        const { paymentId } = await terminal.pay(terminal.request(cafe.payeeId, euros('1.00')));
        expect((await terminal.holder.ledger.payment(paymentId)).codeId).toBe(undefined);
        expect(await codeOf(ledger.close('codes_EUR'))).toBe('account_not_empty');
      });
    });

    describe('credit', () => {
      test('is what an account may go below nothing by, for codes and payments, and never for what is paid out', async () => {
        const { ledger } = shop.admin;
        expect(await ledger.setCredit(account.id, euros('15.00'))).toMatchObject({ credit: 1500n });
        await issue({}, '40.00EUR');
        expect((await terminal.holder.wallet.bindings())[0]).toMatchObject({ available: 500n, credit: 1500n });
        expect(await codeOf(ledger.payOut(account.id, euros('1.00')))).toBe('insufficient_funds');
        await terminal.pay(terminal.request(cafe.payeeId, euros('5.00')));
        expect(await codeOf(terminal.pay(terminal.request(cafe.payeeId, euros('0.01'))))).toBe('insufficient_funds');
        expect(await standing()).toEqual({ balance: 2500n, held: 4000n, isSuspended: false });
      });

      test('is not set lower than what is used of it', async () => {
        const { ledger } = shop.admin;
        await ledger.setCredit(account.id, euros('10.00'), 'credit-1');
        expect(await ledger.setCredit(account.id, euros('10.00'), 'credit-1')).toMatchObject({ credit: 1000n });
        await issue({}, '35.00EUR');
        await expect(ledger.setCredit(account.id, euros('4.99'))).rejects.toMatchObject({ code: 'credit_in_use', message: expect.stringContaining('5.00EUR') });
        expect(await ledger.setCredit(account.id, euros('5.00'))).toMatchObject({ credit: 500n });
        expect(await codeOf(ledger.setCredit(account.id, parseAmount('1JPY')))).toBe('currency_mismatch');
        expect(await codeOf(ledger.setCredit('nobody', euros('1.00')))).toBe('account_not_found');
      });
    });

    describe('settling', () => {
      test('pays the shop, again and again the same, and gives back the rest at the end', async () => {
        const code = await issue();
        const [first, second] = [cafe.take(code, 1, '4.00EUR'), kiosk.take(code, 2, '3.50EUR')];
        const reply = await cafe.settle(first);
        expect(reply).toEqual([{ id: receiptIdOf(first.receipt), outcome: 'settled', reason: undefined }]);
        expect(await kiosk.outcomes(second)).toEqual(['settled']);
        expect(await cafe.settle(first)).toEqual(reply);
        expect(await cafe.settle(first, first)).toEqual([...reply, ...reply]);
        expect([await balanceOf(cafe), await balanceOf(kiosk)]).toEqual([400n, 350n]);
        expect(await standing()).toEqual({ balance: 2250n, held: 1250n, isSuspended: false });
        const { settlements, ...shown } = await terminal.holder.codes.code(code.id);
        expect(shown).toMatchObject({ settled: 750n, settledUses: 2, state: 'active' });
        expect(settlements.map(({ outcome, receipt }) => [outcome, receipt.amount.minor, receipt.payeeId])).toEqual([['settled', 400n, cafe.payeeId], ['settled', 350n, kiosk.payeeId]]);

        harness.clock.pass(dayMs + settlementGraceMs + 1000);
        // Whoever needs what is held too long has it given back.
        await terminal.pay(terminal.request(cafe.payeeId, euros('22.50')));
        expect(await standing()).toEqual({ balance: 0n, held: 0n, isSuspended: false });
        expect(await shop.admin.ledger.payment(code.issued.paymentId)).toMatchObject({ state: 'paid', captured: 750n, reason: 'expired' });
        expect(await terminal.holder.codes.code(code.id)).toMatchObject({ state: 'ended' });
        expect(await cafe.settle(first)).toEqual(reply);
      });

      test('of one showing at two registers one is settled, and the other is told of both receipts', async () => {
        const code = await issue();
        const shown = code.show(1);
        const [first, second] = [cafe.accept(shown, code, 1, '4.00EUR'), kiosk.accept(shown, code, 1, '5.00EUR')];
        expect(await kiosk.outcomes(second)).toEqual(['settled']);
        expect(await cafe.outcomes(first)).toEqual(['duplicate']);
        expect(await cafe.outcomes(first)).toEqual(['duplicate']);
        expect(await standing()).toEqual({ balance: 2500n, held: 1500n, isSuspended: false });
        const { items: [dispute] } = await cafe.holder.codes.disputes({}, page);
        expect(dispute).toMatchObject({ outcome: 'duplicate', borneBy: 'payee', loss: euros('4.00'), other: { id: receiptIdOf(second.receipt) } });
        expect([dispute!.signedReceipt, dispute!.other!.signedReceipt, dispute!.code].map((bytes) => Buffer.from(bytes))).toEqual([first.receipt, second.receipt, shown].map((bytes) => Buffer.from(bytes)));
        expect(await cafe.holder.codes.dispute(dispute!.id)).toEqual(dispute);
        expect(await codeOf(kiosk.holder.codes.dispute(dispute!.id))).toBe('dispute_not_found');
        expect((await kiosk.holder.codes.disputes({}, page)).items).toEqual([]);
        expect((await shop.admin.codes.disputes({ outcome: 'duplicate' }, page)).items[0]).toEqual({ ...dispute, accountId: account.id });
      });

      test('what is spent beyond the uses or the limit suspends the account and revokes its codes, and the payee bears it', async () => {
        const [code, other] = [await issue({ uses: 2 }, '10.00EUR'), await issue({}, '5.00EUR')];
        const receipts = [1, 2, 3].map((counter) => cafe.take(code, counter, '2.00EUR'));
        expect(await cafe.outcomes(...receipts)).toEqual(['settled', 'settled', 'over_limit']);
        expect(await cafe.outcomes(...receipts.toReversed())).toEqual(['over_limit', 'settled', 'settled']);
        expect(await balanceOf(cafe)).toBe(400n);
        expect(await standing()).toEqual({ balance: 2600n, held: 1100n, isSuspended: true });
        expect((await terminal.holder.codes.codes({ state: 'revoked' }, page)).items.map(({ token }) => token.id).toSorted()).toEqual([code.id, other.id].toSorted());
        expect((await cafe.sync()).revoked).toEqual(expect.arrayContaining([code.id, other.id]));
        expect((await cafe.holder.codes.disputes({}, page)).items[0]).toMatchObject({ outcome: 'over_limit', borneBy: 'payee', loss: euros('2.00'), other: undefined, postingId: undefined });

        const again = codeRequest(terminal, newEd25519(randomBytes(32)).publicKey);
        expect(await codeOf(terminal.holder.wallet.pay(again))).toBe('account_suspended');
        await terminal.pay(terminal.request(cafe.payeeId, euros('1.00')));
        expect(await shop.admin.ledger.reinstate(account.id)).toMatchObject({ suspendedAt: undefined });
        expect(await codeOf(terminal.holder.wallet.pay(again))).toBe('account_suspended');
        await issue({}, '5.00EUR');
        const entries = (await shop.admin.admin.auditEntries({}, { limit: 1000 })).items.filter(({ detail }) => detail['account_id'] === account.id);
        expect(entries.map(({ action }) => action)).toEqual(expect.arrayContaining(['code.issued', 'account.suspended', 'code.revoked', 'account.reinstated']));
        expect(entries.find(({ action }) => action === 'account.suspended')!.detail).toMatchObject({ code_id: code.id, receipt_id: receiptIdOf(receipts[2]!.receipt), outcome: 'over_limit', codes_revoked: 2 });
      });

      test('an admin finds what an account was suspended for, by the account and by the code; a register is not told whose it was', async () => {
        const [code, other] = [await issue({ uses: 1 }, '5.00EUR'), await issue({ uses: 1 }, '5.00EUR')];
        const receipts = [code, code, other, other].map((each, index) => cafe.take(each, index + 1, '2.00EUR'));
        expect(await cafe.outcomes(...receipts)).toEqual(['settled', 'over_limit', 'settled', 'over_limit']);
        const found = async (query: DisputeQuery, from = shop.admin) => (await from.codes.disputes(query, page)).items.map(({ id, accountId }) => [id, accountId]);
        const [first, second] = [receiptIdOf(receipts[1]!.receipt), receiptIdOf(receipts[3]!.receipt)];
        expect(await found({ accountId: account.id })).toEqual([[second, account.id], [first, account.id]]);
        expect(await found({ accountId: cafe.payeeId })).toEqual([]);
        expect(await found({ codeId: code.id })).toEqual([[first, account.id]]);
        expect((await shop.admin.codes.dispute(first)).reason).toBe('Its only use was settled before.');
        expect((await shop.admin.codes.dispute(first)).accountId).toBe(account.id);
        expect(await found({ codeId: code.id }, cafe.holder)).toEqual([[first, undefined]]);
        expect((await cafe.holder.codes.dispute(first)).accountId).toBeUndefined();
        expect(await codeOf(cafe.holder.codes.disputes({ accountId: account.id }, page))).toBe('forbidden');
      });

      test('of one counter that was signed for two showings one is paid, and who signed it is issued no more', async () => {
        const proofs = (code: CodeHolder) => ({
          amount: [cafe.take(code, 1, '4.00EUR', { proof: { amount: 400n } }), kiosk.take(code, 1, '5.00EUR', { proof: { amount: 500n } })],
          payee: [cafe.take(code, 2, '1.00EUR', { proof: { payeeId: cafe.payeeId } }), kiosk.take(code, 2, '1.00EUR')],
        });
        const { amount, payee } = proofs(await issue());
        expect([await cafe.outcomes(amount[0]!), await kiosk.outcomes(amount[1]!)]).toEqual([['settled'], ['duplicate']]);
        expect(await standing()).toEqual({ balance: 2600n, held: 1600n, isSuspended: true });
        await shop.admin.ledger.reinstate(account.id);
        expect([await cafe.outcomes(payee[0]!), await kiosk.outcomes(payee[1]!)]).toEqual([['settled'], ['duplicate']]);
        expect((await standing()).isSuspended).toBe(true);
        await shop.admin.ledger.reinstate(account.id);

        const code = await issue({}, '5.00EUR');
        const first = cafe.take(code, 1, '1.00EUR');
        harness.clock.pass(longestShowingMs);
        const [last, later] = [kiosk.take(code, 1, '1.00EUR'), () => kiosk.take(code, 1, '1.00EUR')];
        expect([await cafe.outcomes(first), await kiosk.outcomes(last)]).toEqual([['settled'], ['duplicate']]);
        expect((await standing()).isSuspended).toBe(false);
        harness.clock.pass(clockSkewMs + 2000);
        expect(await kiosk.outcomes(later())).toEqual(['duplicate']);
        expect((await standing()).isSuspended).toBe(true);
      });

      test('no order of settling takes more than the limit', async () => {
        const code = await issue({ uses: 10 }, '10.00EUR');
        const receipts = [1, 2, 3, 4].map((counter) => (counter % 2 === 0 ? kiosk : cafe).take(code, counter, '3.00EUR'));
        expect(await kiosk.outcomes(receipts[3]!, receipts[1]!)).toEqual(['settled', 'settled']);
        expect(await cafe.outcomes(receipts[2]!, receipts[0]!)).toEqual(['settled', 'over_limit']);
        expect(await cafe.outcomes(cafe.take(code, 5, '1.00EUR'))).toEqual(['settled']);
        expect(await standing()).toEqual({ balance: 2000n, held: 0n, isSuspended: true });
      });

      test('what comes after the last day is late', async () => {
        const code = await issue();
        const receipt = cafe.take(code, 1, '4.00EUR');
        harness.clock.pass(dayMs + settlementGraceMs + 1000);
        expect(await cafe.outcomes(receipt)).toEqual(['late']);
        expect(await cafe.outcomes(receipt)).toEqual(['late']);
        expect(await balanceOf(cafe)).toBe(0n);
        expect((await cafe.holder.codes.disputes({}, page)).items[0]).toMatchObject({ outcome: 'late', borneBy: 'payee' });
      });

      test('everything is checked again', async () => {
        const code = await issue({ payees: [cafe.payeeId] });
        harness.clock.pass(60_000);
        const now = () => harness.clock.now().getTime();
        const at = (ms: number) => new Date(now() + ms);
        const reasons = async (...accepted: readonly AcceptedCode[]) => (await cafe.settle(...accepted)).map(({ outcome, reason }) => `${outcome}: ${reason}`);
        const unissued = new CodeHolder(harness, { ...code.issued, signed: damaged(code.issued.signed) }, newEd25519(randomBytes(32)));
        const stranger = new CodeHolder(harness, code.issued, newEd25519(randomBytes(32)));
        const other = cafe.take(code, 6, '1.00EUR');
        expect(await reasons(
          cafe.take(code, 1, '5.01EUR'),
          cafe.take(code, 1, '4.00EUR', { proof: { amount: 399n } }),
          cafe.take(code, 1, '4.00EUR', { proof: { payeeId: kiosk.payeeId } }),
          cafe.take(code, 1, '4.00EUR', { receipt: { at: at(62_000) } }),
          cafe.take(code, 1, '4.00EUR', { receipt: { at: at(-32_000) } }),
          cafe.take(code, 1, '4.00EUR', { receipt: { at: at(2 * dayMs) }, proof: { at: at(2 * dayMs) } }),
          cafe.take(code, 1, '4.00EUR', { receipt: { counter: 2 } }),
          cafe.take(code, 1, '400JPY'),
          { ...cafe.take(code, 1, '4.00EUR'), code: other.code },
          cafe.take(unissued, 1, '4.00EUR'),
          cafe.take(stranger, 1, '4.00EUR'),
          cafe.accept(randomBytes(50), code, 1, '4.00EUR'),
        )).toEqual([
          'rejected: The amount is more than the token allows at once.',
          'rejected: The code was shown for another amount.',
          'rejected: The code was shown for another payee.',
          'rejected: The code was not fresh then.',
          'rejected: The code was not fresh then.',
          'rejected: The token was not valid then.',
          'rejected: The receipt is of another showing.',
          'rejected: The token is of another currency.',
          'rejected: The receipt is of another code.',
          'rejected: No such token was issued.',
          'rejected: The code is not shown by its holder',
          expect.stringMatching(/^rejected: This is no credit payment code of ours/),
        ]);
        expect(await kiosk.settle(kiosk.take(code, 1, '4.00EUR'))).toMatchObject([{ outcome: 'rejected', reason: 'The token is not for this payee.' }]);
        expect(await standing()).toEqual({ balance: 3000n, held: 2000n, isSuspended: false });
        expect((await cafe.holder.codes.disputes({ outcome: 'rejected' }, page)).items).toHaveLength(9);
      });

      test('what is of no token that was issued is kept nowhere, and of what is rejected no more than a hundred', async () => {
        const code = await issue();
        const shown = code.show(1);
        const [known, other] = [code.show(2), await issue({}, '5.00EUR')];
        const strange = [
          ...Array.from({ length: 5 }, (_, index) => kiosk.accept(randomBytes(50), code, index + 1, '1.00EUR')),
          kiosk.accept(other.show(1), code, 1, '1.00EUR'),
          { ...kiosk.accept(shown, code, 1, '1.00EUR'), code: known },
        ];
        expect(new Set(await kiosk.outcomes(...strange))).toEqual(new Set(['rejected']));
        expect((await kiosk.holder.codes.disputes({}, page)).items).toEqual([]);
        expect((await terminal.holder.codes.code(code.id)).settlements).toEqual([]);

        const tooMuch = Array.from({ length: 110 }, (_, index) => kiosk.accept(shown, code, 1, `6.${String(index + 100).slice(-2)}EUR`, { at: new Date(harness.clock.now().getTime() + 1000 * Math.floor(index / 100)) }));
        const replies = await kiosk.settle(...tooMuch);
        expect(replies).toHaveLength(110);
        expect(new Set(replies.map(({ outcome }) => outcome))).toEqual(new Set(['rejected']));
        expect(await kiosk.settle(...tooMuch)).toEqual(replies);
        expect(await cafe.outcomes(cafe.accept(shown, code, 1, '2.00EUR'))).toEqual(['settled']);
        const { settlements } = await terminal.holder.codes.code(code.id);
        expect(settlements).toHaveLength(101);
        expect(settlements[0]).toMatchObject({ outcome: 'settled', receipt: { amount: euros('2.00') } });
      });

      test('what the register did not sign is rejected and kept nowhere', async () => {
        const code = await issue();
        const taken = cafe.take(code, 1, '4.00EUR');
        expect(await kiosk.outcomes(taken)).toEqual(['rejected']);
        expect(await cafe.outcomes({ ...taken, receipt: damaged(taken.receipt) })).toEqual(['rejected']);
        expect(await cafe.outcomes({ ...taken, receipt: randomBytes(20) })).toEqual(['rejected']);
        expect(await cafe.outcomes(cafe.take(code, 1, '4.00EUR', { receipt: { payeeId: kiosk.payeeId } }))).toEqual(['rejected']);
        for (const register of [cafe, kiosk]) expect((await register.holder.codes.disputes({}, page)).items).toEqual([]);
        expect(await cafe.outcomes(taken)).toEqual(['settled']);
      });

      test('what a register signed by an earlier key is settled, too', async () => {
        const code = await issue();
        const before = cafe.take(code, 1, '1.00EUR');
        await cafe.rekey();
        const after = cafe.take(code, 2, '1.00EUR');
        await cafe.rekey();
        await cafe.holder.pos.describe({ ssid: 'Shop' });
        expect(await cafe.outcomes(before, after, cafe.take(code, 3, '1.00EUR'))).toEqual(['settled', 'settled', 'settled']);
        expect(await kiosk.outcomes(cafe.take(code, 4, '1.00EUR'))).toEqual(['rejected']);
      });

      test('a register has no more than eight keys in its life, and may say each of them again', async () => {
        const first = (await cafe.holder.pos.self()).receiptKey!;
        for (let keys = 1; keys < mostReceiptKeys; keys += 1) await cafe.rekey();
        expect(await codeOf(cafe.rekey())).toBe('receipt_keys_used_up');
        expect(Buffer.from((await cafe.holder.pos.describe({ receiptKey: first })).receiptKey!)).toEqual(Buffer.from(first));
      });

      test('a register that is enrolled anew brings what it accepted before, and what is disputed of that', async () => {
        const code = await issue();
        const [before, tooMuch] = [cafe.take(code, 1, '1.00EUR'), cafe.take(code, 2, '5.01EUR')];
        const anew = await openCodeRegister(harness, await shop.admin.ledger.account(cafe.payeeId));
        expect(await anew.outcomes(before, tooMuch, anew.take(code, 3, '1.00EUR'))).toEqual(['settled', 'rejected', 'settled']);
        expect(await cafe.outcomes(before, tooMuch)).toEqual(['settled', 'rejected']);
        expect((await anew.holder.codes.disputes({}, page)).items.map(({ id }) => id)).toEqual([receiptIdOf(tooMuch.receipt)]);
        expect(await anew.holder.codes.dispute(receiptIdOf(tooMuch.receipt))).toMatchObject({ outcome: 'rejected' });
        expect(await codeOf(kiosk.holder.codes.dispute(receiptIdOf(tooMuch.receipt)))).toBe('dispute_not_found');
        expect(await balanceOf(anew)).toBe(200n);
      });

      test('who pays himself is paid nothing', async () => {
        const own = await openCodeRegister(harness, account);
        const code = await issue();
        expect(await own.outcomes(own.take(code, 1, '1.00EUR'))).toEqual(['rejected']);
        expect(await cafe.outcomes(cafe.take(code, 1, '1.00EUR'))).toEqual(['settled']);
      });

      test('an account that a register charges for is not closed, for codes may have been accepted there', async () => {
        const { ledger } = shop.admin;
        expect(await codeOf(ledger.close(cafe.payeeId))).toBe('account_charged_for');
        await shop.admin.admin.revokeToken(cafe.holder.token.id);
        const late = await harness.hold('pos', { accounts: [cafe.payeeId] });
        expect(await ledger.close(cafe.payeeId)).toMatchObject({ closedAt: expect.any(Date) });
        expect(await codeOf(late.pos.self())).toBe('register_not_enrolled');
      });

      test('a register without a key settles nothing', async () => {
        const holder = await harness.hold('pos', { accounts: [cafe.payeeId] });
        await holder.pos.self();
        expect(await codeOf(holder.codes.settle([]))).toBe('receipt_key_missing');
        expect(await codeOf(terminal.holder.codes.settle([]))).toBe('forbidden');
      });

      test('the same at once is settled once, and of two of one showing one', async () => {
        const code = await issue();
        const shown = code.show(1);
        const [mine, theirs] = [cafe.accept(shown, code, 1, '4.00EUR'), kiosk.accept(shown, code, 1, '4.00EUR')];
        const outcomes = await Promise.all([...Array.from({ length: 4 }, () => cafe.outcomes(mine)), ...Array.from({ length: 4 }, () => kiosk.outcomes(theirs))]);
        const [own, others] = [new Set(outcomes.slice(0, 4).flat()), new Set(outcomes.slice(4).flat())];
        expect([...own, ...others].toSorted()).toEqual(['duplicate', 'settled']);
        expect(await standing()).toEqual({ balance: 2600n, held: 1600n, isSuspended: false });
      });

      test('more than are settled at once are not taken, and what is brought in one go is settled in its order', async () => {
        const code = await issue({ uses: 200, maxEach: 10n });
        const receipts = Array.from({ length: 130 }, (_, index) => cafe.take(code, index + 1, '0.10EUR'));
        expect(new Set(await cafe.outcomes(...receipts))).toEqual(new Set(['settled']));
        expect(await standing()).toEqual({ balance: 1700n, held: 700n, isSuspended: false });
        expect(await codeOf(cafe.settle(...Array.from({ length: 501 }, () => receipts[0]!)))).toBe('invalid_input');
      });

      test('many receipts of many codes at many registers at once come to what they are worth', async () => {
        const codes = [await issue({ uses: 6 }, '6.00EUR'), await issue({ uses: 6 }, '6.00EUR')];
        const receipts = (register: CodeRegister, from: number) => codes.flatMap((code) => [0, 1, 2, 3].map((index) => register.take(code, from + index, '1.00EUR')));
        const [mine, theirs] = [receipts(cafe, 1), receipts(kiosk, 5)];
        const outcomes = (await Promise.all([
          cafe.outcomes(...mine), cafe.outcomes(...mine.toReversed()), kiosk.outcomes(...theirs), kiosk.outcomes(...theirs.toReversed()),
        ]));
        expect(outcomes[0]).toEqual(outcomes[1]!.toReversed());
        expect(outcomes[2]).toEqual(outcomes[3]!.toReversed());
        const all = [...outcomes[0]!, ...outcomes[2]!];
        expect(all.filter((outcome) => outcome === 'settled')).toHaveLength(12);
        expect(all.filter((outcome) => outcome === 'over_limit')).toHaveLength(4);
        expect(await standing()).toEqual({ balance: 1800n, held: 0n, isSuspended: true });
        expect((await balanceOf(cafe)) + (await balanceOf(kiosk))).toBe(1200n);
      });
    });

    test('an operator that bears losses pays a shop what others had spent, once more what the code allows at most, and the payer nothing of it', async () => {
      const own = await openShop(make, { codeLosses: 'operator' });
      try {
        const { ledger } = own.admin;
        const register = await openCodeRegister(own.harness, own.cafe);
        const second = await openCodeRegister(own.harness, await ledger.open({ name: 'Kiosk', currency: 'EUR' }));
        const [code, other] = [await issueCode(own.harness, own.terminal, { uses: 2 }, { limit: '5.00EUR' }), await issueCode(own.harness, own.terminal, { uses: 2 }, { limit: '5.00EUR' })];
        const elsewhere = second.take(other, 1, '1.00EUR');
        expect(await register.outcomes(register.take(code, 1, '2.00EUR'), register.take(code, 2, '3.00EUR'), register.take(other, 2, '5.00EUR'))).toEqual(['settled', 'settled', 'settled']);
        // What its own journal had to refuse: by its uses, and by its amounts.
        const refusable = [register.take(code, 3, '1.00EUR'), second.take(code, 6, '2.00EUR')];
        const receipts = [second.take(code, 4, '2.00EUR'), second.take(code, 5, '3.00EUR')];
        expect(await second.outcomes(...receipts, refusable[1]!)).toEqual(['over_limit', 'over_limit', 'over_limit']);
        expect(await second.outcomes(...receipts)).toEqual(['over_limit', 'over_limit']);
        expect(await register.outcomes(refusable[0]!)).toEqual(['over_limit']);
        // The same payer's next code is no further cover.
        expect(await second.outcomes(elsewhere)).toEqual(['over_limit']);
        expect(await ledger.account(own.cafe.id)).toMatchObject({ balance: 1000n });
        expect(await ledger.account(second.payeeId)).toMatchObject({ balance: 500n });
        expect(await ledger.account('losses_EUR')).toMatchObject({ balance: -500n, kind: 'losses' });
        expect(await ledger.account(own.anna.id)).toMatchObject({ balance: 4000n, suspendedAt: expect.any(Date) });
        const { items } = await second.holder.codes.disputes({ outcome: 'over_limit' }, page);
        expect(items.map(({ loss, borneBy, postingId }) => [loss.minor, borneBy, postingId !== undefined])).toEqual([[100n, 'payee', false], [200n, 'payee', false], [300n, 'operator', true], [200n, 'operator', true]]);
        expect((await second.holder.ledger.statement(second.payeeId, page)).items.map(({ posting: { kind, debitId } }) => [kind, debitId])).toEqual([['loss', 'losses_EUR'], ['loss', 'losses_EUR']]);
        expect((await ledger.verify()).findings).toEqual([]);
        expect(await codeOf(ledger.payOut('losses_EUR', euros('1.00')))).toBe('account_not_found');
      } finally {
        await own.harness.close();
      }
    });

    test('an operator that bears losses bears none of what was accepted after the payer was suspended', async () => {
      const own = await openShop(make, { codeLosses: 'operator' });
      try {
        const register = await openCodeRegister(own.harness, own.cafe);
        const second = await openCodeRegister(own.harness, await own.admin.ledger.open({ name: 'Kiosk', currency: 'EUR' }));
        const code = await issueCode(own.harness, own.terminal, {}, { limit: '5.00EUR' });
        expect(await register.outcomes(register.take(code, 1, '5.00EUR'))).toEqual(['settled']);
        const before = second.take(code, 2, '2.00EUR');
        expect(await second.outcomes(before)).toEqual(['over_limit']);
        own.harness.clock.pass(2000);
        expect(await second.outcomes(second.take(code, 3, '2.00EUR'))).toEqual(['over_limit']);
        expect(await own.admin.ledger.account('losses_EUR')).toMatchObject({ balance: -200n });
      } finally {
        await own.harness.close();
      }
    });

    describe('revoking', () => {
      test('binds a register from the date of its list, and no longer than a week after', async () => {
        const code = await issue({ validMs: 20 * dayMs });
        const [before, early] = [cafe.take(code, 1, '1.00EUR'), cafe.trust.asOf];
        harness.clock.pass(2000);
        const revoked = await terminal.holder.codes.revoke(code.id);
        expect(revoked).toMatchObject({ state: 'revoked', revokedAt: expect.any(Date) });
        expect(await terminal.holder.codes.revoke(code.id)).toEqual(revoked);
        // Its list may have been written while the revocation was on its way, or by another server’s clock.
        const boundFrom = revoked.revokedAt!.getTime() + revocationSpreadMs;
        const justBefore = new Date(boundFrom - 1000);
        const meanwhile = cafe.take(code, 5, '1.00EUR', { receipt: { trustAsOf: justBefore } });
        harness.clock.pass(revocationSpreadMs + 2000);
        expect((await cafe.sync()).revoked).toContain(code.id);
        expect(await cafe.outcomes(before, meanwhile, cafe.take(code, 2, '1.00EUR', { receipt: { trustAsOf: early } }), cafe.take(code, 3, '1.00EUR'))).toEqual(['settled', 'settled', 'settled', 'rejected']);
        harness.clock.pass(boundFrom + longestTrustMs - 2000 - harness.clock.now().getTime());
        expect(await cafe.outcomes(cafe.take(code, 6, '1.00EUR', { receipt: { trustAsOf: justBefore } }))).toEqual(['settled']);
        harness.clock.pass(4000);
        expect(await cafe.outcomes(cafe.take(code, 4, '1.00EUR', { receipt: { trustAsOf: early } }))).toEqual(['rejected']);
      });

      test('comes with the terminal’s token, of which it is said how many there were', async () => {
        const [one, other] = [await issue({}, '5.00EUR'), await issue({}, '5.00EUR')];
        const second = await bindTo(harness, await harness.hold('terminal'), account);
        const kept = await issueCode(harness, second, {}, { limit: '5.00EUR' });
        const { admin } = shop.admin;
        expect(await admin.revokeToken(terminal.holder.token.id)).toMatchObject({ codesRevoked: 2, revokedAt: expect.any(Date) });
        expect(await admin.revokeToken(terminal.holder.token.id)).toMatchObject({ codesRevoked: 0 });
        const { revoked } = await cafe.sync();
        expect(revoked).toEqual(expect.arrayContaining([one.id, other.id]));
        expect(revoked).not.toContain(kept.id);
        const entries = (await admin.auditEntries({ action: 'code.revoked' }, { limit: 1000 })).items.filter(({ detail }) => detail['token_id'] === terminal.holder.token.id);
        expect(entries.map(({ detail }) => detail['code_id']).toSorted()).toEqual([one.id, other.id].toSorted());
      });

      test('is on the list as long as a register may take the code whose clock is behind that list', async () => {
        const code = await issue({ validMs: 60_000 });
        await terminal.holder.codes.revoke(code.id);
        const now = () => harness.clock.now().getTime();
        const { expiresAt } = code.issued.token;
        harness.clock.pass(expiresAt.getTime() + 60_500 - now());
        const { asOf, revoked, keys } = await cafe.sync();
        // Such a register accepts until 30 s after the end by its own clock, and that may be 30 s behind the list, in whole seconds.
        expect(asOf.getTime()).toBeLessThan(expiresAt.getTime() + 61_000);
        expect(revoked).toContain(code.id);
        expect(keys.map(({ id }) => id)).toContain(code.issued.keyId);
        harness.clock.pass(10_000);
        expect((await cafe.sync()).revoked).not.toContain(code.id);
      });

      test('is its payer’s and the admins’', async () => {
        const code = await issue();
        const stranger = await bindTo(harness, await harness.hold('terminal'), shop.anna);
        expect(await codeOf(stranger.holder.codes.revoke(code.id))).toBe('code_not_found');
        expect(await codeOf(stranger.holder.codes.code(code.id))).toBe('code_not_found');
        expect((await stranger.holder.codes.codes({ accountId: account.id }, page)).items).toEqual([]);
        expect(await shop.admin.codes.revoke(code.id)).toMatchObject({ state: 'revoked' });
        expect((await shop.admin.codes.codes({ accountId: account.id }, page)).items).toHaveLength(1);
        expect(await codeOf(shop.admin.codes.revoke('code_none'))).toBe('code_not_found');
      });
    });

    describe('signing keys', () => {
      test('the next is trusted at once and signs after the overlap', async () => {
        const { issued: first } = await issue({}, '5.00EUR');
        const { codes } = shop.admin;
        const next = await codes.rotateKey(dayMs, 'rotate-1');
        expect(await codes.rotateKey(dayMs, 'rotate-1')).toMatchObject({ id: next.id });
        expect(next).toMatchObject({ state: 'next', revokedAt: undefined });
        expect((await cafe.sync()).keys.map(({ id }) => id)).toEqual(expect.arrayContaining([next.id, first.keyId]));
        expect((await issue({}, '5.00EUR')).issued.keyId).toBe(first.keyId);
        harness.clock.pass(dayMs);
        expect((await issue({}, '5.00EUR')).issued.keyId).toBe(next.id);
        const keys = await codes.keys();
        expect(keys.find(({ id }) => id === next.id)).toMatchObject({ state: 'current' });
        expect(keys.find(({ id }) => id === first.keyId)).toMatchObject({ state: 'retired' });
        expect((await cafe.sync()).keys.map(({ id }) => id)).toContain(first.keyId);
        harness.clock.pass(21 * dayMs);
        expect((await cafe.sync()).keys.map(({ id }) => id)).not.toContain(first.keyId);
      });

      test('one that is revoked kills its codes, and another signs', async () => {
        const code = await issue();
        const before = cafe.take(code, 1, '1.00EUR');
        harness.clock.pass(2000);
        const { codes } = shop.admin;
        const { keyId } = code.issued;
        const revoked = await codes.revokeKey(keyId);
        expect(revoked).toMatchObject({ id: keyId, state: 'revoked' });
        expect(await codes.revokeKey(keyId)).toEqual(revoked);
        harness.clock.pass(revocationSpreadMs + 2000);
        const { keys, revoked: tokens } = await cafe.sync();
        expect(keys.find(({ id }) => id === keyId)).toMatchObject({ revokedAt: revoked.revokedAt });
        expect(tokens).not.toContain(code.id);
        expect(await terminal.holder.codes.code(code.id)).toMatchObject({ state: 'revoked', revokedAt: revoked.revokedAt });
        expect(await cafe.outcomes(before, cafe.take(code, 2, '1.00EUR'))).toEqual(['settled', 'rejected']);
        const { issued } = await issue({}, '5.00EUR');
        expect(issued.keyId).not.toBe(keyId);
        expect((await cafe.sync()).keys.map(({ id }) => id)).toContain(issued.keyId);
        expect(await codeOf(codes.revokeKey('AAAAAAAAAAA'))).toBe('key_not_found');
      });

      test('after a revocation only that signs which every list has that a register may still use', async () => {
        const own = await openShop(make);
        try {
          const { codes } = own.admin;
          const register = await openCodeRegister(own.harness, own.cafe);
          const signer = async () => (await issueCode(own.harness, own.terminal, { validMs: 60_000 }, { limit: '5.00EUR' })).issued.keyId;
          const listed = async () => (await register.sync()).keys.map(({ id }) => id);
          const stateOf = async (id: string) => (await codes.keys()).find((key) => key.id === id)?.state;
          const first = await signer();
          const second = (await codes.rotateKey(1000)).id;
          own.harness.clock.pass(2000);
          expect(await signer()).toBe(second);
          await codes.revokeKey(second);
          // It was on the lists all the time.
          expect([await signer(), await stateOf(first)]).toEqual([first, 'current']);

          const third = (await codes.rotateKey(1000)).id;
          own.harness.clock.pass(130_000);
          expect(await listed()).not.toContain(first);
          const [soon, later] = [await codes.rotateKey(2 * dayMs), await codes.rotateKey(3 * dayMs)];
          own.harness.clock.pass(1000);
          const sooner = await codes.rotateKey(dayMs);
          await codes.revokeKey(third);
          expect([await stateOf(first), await stateOf(soon.id), await signer()]).toEqual(['retired', 'current', soon.id]);
          for (const { id } of [soon, later, sooner]) await codes.revokeKey(id);
          const made = await signer();
          expect([first, second, third, soon.id, later.id, sooner.id]).not.toContain(made);
          expect([await stateOf(first), await stateOf(made)]).toEqual(['retired', 'current']);
          expect(await listed()).toContain(made);
        } finally {
          await own.harness.close();
        }
      });

      test('many that need the first one at once make one', async () => {
        const own = await openShop(make);
        try {
          const terminals = [own.terminal];
          while (terminals.length < 4) terminals.push(await bindTo(own.harness, await own.harness.hold('terminal'), own.anna));
          const codes = await Promise.all(terminals.map((each) => issueCode(own.harness, each, {}, { limit: '5.00EUR' })));
          expect(new Set(codes.map(({ issued }) => issued.keyId)).size).toBe(1);
          expect(await own.admin.codes.keys()).toHaveLength(1);
        } finally {
          await own.harness.close();
        }
      });
    });

    test('nothing that a register can ask for names the payer', async () => {
      const code = await issue({ uses: 1 });
      const shown = code.show(1);
      await kiosk.outcomes(kiosk.accept(shown, code, 1, '1.00EUR'));
      const replies: unknown[] = [await cafe.settle(cafe.accept(shown, code, 1, '2.00EUR'), cafe.take(code, 2, '1.00EUR'), cafe.take(code, 3, '9.00EUR'))];
      const { codes, ledger, pos } = kiosk.holder;
      replies.push(await cafe.holder.codes.disputes({}, page), await cafe.sync(), await cafe.holder.ledger.statement(cafe.payeeId, page));
      replies.push(await codes.trust(), await codes.disputes({}, page), await ledger.accounts(page), await ledger.payments({}, page), await pos.self(), await pos.sales({}, page));
      const statement = await ledger.statement(kiosk.payeeId, page);
      expect(statement.items.map(({ posting: { kind, debitId, paymentId } }) => ({ kind, debitId, paymentId }))).toEqual([{ kind: 'code', debitId: code.id, paymentId: undefined }]);
      replies.push(statement);
      const text = everythingIn(replies);
      // What is there is found.
      expect([namedIn(text, [kiosk.payeeId]), namedIn(everythingIn(shown), [code.id])]).toEqual([[kiosk.payeeId], [code.id]]);
      expect(namedIn(text, [account.id, account.name, terminal.holder.token.id, code.issued.paymentId])).toEqual([]);
      expect(await codeOf(ledger.payment(code.issued.paymentId))).toBe('payment_not_found');
      expect(await codeOf(ledger.account(account.id))).toBe('account_not_found');
      const shopTerminal = await bindTo(harness, await harness.hold('terminal'), await shop.admin.ledger.account(kiosk.payeeId));
      const debited = async ({ holder }: { readonly holder: Holder }, id: string) => (await holder.ledger.statement(id, page)).items.filter(({ posting }) => posting.kind === 'code').map(({ posting }) => [posting.debitId, posting.paymentId]);
      expect(await debited(shopTerminal, kiosk.payeeId)).toEqual([[code.id, undefined]]);
      expect(await debited(terminal, account.id)).toEqual([[account.id, code.issued.paymentId]]);
      expect(await debited({ holder: shop.admin }, kiosk.payeeId)).toEqual([[account.id, code.issued.paymentId]]);
      const ownOfLedger = await harness.hold('pos', { accounts: ['codes_EUR'] });
      expect(await codeOf(ownOfLedger.pos.self())).toBe('register_not_enrolled');
      expect((await ownOfLedger.ledger.payments({}, page)).items).toEqual([]);
      if (harness.isRemote) {
        expect(await codeOf(codes.code(code.id))).toBe('forbidden');
        expect(await codeOf(codes.codes({}, page))).toBe('forbidden');
      }
    });
  });
}

/** All text and all bytes of it, these as Latin-1. */
function everythingIn(value: unknown): string {
  if (value instanceof Uint8Array) {
    return Buffer.from(value).toString('latin1');
  }
  return typeof value === 'object' && value !== null ? Object.values(value).map(everythingIn).join('\n') : String(value);
}

/** As they are written, or, as in what is signed, the 16 bytes that an id is made of. */
function namedIn(text: string, names: readonly string[]): string[] {
  return names.filter((name) => text.includes(name) || (/^[a-z]+_/.test(name) && text.includes(Buffer.from(name.replace(/^[a-z]+_/, ''), 'base64url').toString('latin1'))));
}

/** With another signature. */
function damaged(signed: Uint8Array): Uint8Array {
  const bytes = Buffer.from(signed);
  return bytes.fill(7, bytes.length - 5);
}
