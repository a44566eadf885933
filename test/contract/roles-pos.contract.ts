import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { mostDurationMs } from '../../src/domain/duration.ts';
import { parseAmount } from '../../src/domain/money.ts';
import { whyNoTime } from '../../src/domain/sale.ts';
import { parseTariff } from '../../src/domain/tariff-json.ts';
import { newAccessKey, publicJwkOf } from '../../src/protocol/access-code.ts';
import { subjectMac } from '../../src/protocol/subject-token.ts';
import type { Charge, Claim } from '../../src/roles/pos/ports.ts';
import { codeOf, errorOf, type MakeHarness } from './roles.harness.ts';
import { bindTo, openShop, type PlainTerminal } from './shop.ts';

const euros = (text: string) => parseAmount(`${text}EUR`);
const minute = 60_000;
const byTheEuro = parseTariff({ kind: 'steps', step: '1.00EUR=10min', minimum: '1.00EUR', pausable: true, refund: 'unused' });
const page = { limit: 100 };

/** Of a card that keeps its UID. */
function newUid(): Uint8Array {
  return Buffer.concat([Buffer.of(0x04), randomBytes(6)]);
}

function newPublicKey(): string {
  return JSON.stringify(publicJwkOf(newAccessKey()));
}

const newToken = () => randomBytes(16).toString('base64url');
/** A receipt code that a phone shows, another one each time unless it is named. */
const shown = (code: string, phoneToken = newToken()): Claim => ({ kind: 'receipt', code, phoneToken });

export function posContract(name: string, make: MakeHarness): void {
  describe(`${name}: cash register`, () => {
    let shop: Awaited<ReturnType<typeof openShop>>;
    let pos: Awaited<ReturnType<typeof register>>;
    beforeAll(async () => {
      shop = await openShop(make);
      pos = await register();
    });
    afterAll(() => shop.harness.close());

    /** A register of the café, with a network of its own unless it is an access point's. */
    async function register(aps?: readonly string[]) {
      const holder = await shop.harness.hold('pos', { accounts: [shop.cafe.id], ...(aps === undefined ? {} : { aps }) });
      if (aps === undefined) await holder.pos.describe({ ssid: 'cafe-guests' });
      await holder.pos.setTariff(byTheEuro);
      return holder;
    }

    async function payer(): Promise<PlainTerminal> {
      const account = await shop.admin.ledger.open({ name: randomUUID(), currency: 'EUR' });
      await shop.admin.ledger.topUp(account.id, euros('50.00'));
      return bindTo(shop.harness, await shop.harness.hold('terminal'), account);
    }

    const spent = async ({ accountId }: PlainTerminal) => 5000n - (await shop.admin.ledger.account(accountId)).balance;

    const cash = (amount: string, uid: Uint8Array | undefined, key: string = randomUUID()): Charge =>
      ({ key, amount: euros(amount), authority: { kind: 'cash', uid } });

    function walletCharge(terminal: PlainTerminal, amount: string, key: string = randomUUID()): Charge {
      const { accountId, password, codeNumber } = terminal.request(shop.cafe.id, euros(amount), { key });
      return { key, amount: euros(amount), authority: { kind: 'wallet', accountId: accountId!, terminalId: terminal.holder.token.id, codeNumber: codeNumber!, password } };
    }

    function claimOf(terminal: PlainTerminal, apId: string, at = shop.harness.clock.now()): Claim {
      const { accountId, code } = terminal;
      const terminalId = terminal.holder.token.id;
      const mac = subjectMac(code.code, { accountId, terminalId, apId, at });
      return { kind: 'terminal', token: { accountId, terminalId, codeNumber: code.number, at, mac } };
    }

    test('knows whom it charges for, its network and its tariff', async () => {
      const self = await pos.pos.self();
      expect(self).toMatchObject({ id: pos.token.id, payeeId: shop.cafe.id, tariff: byTheEuro, jwk: undefined });
      const jwk = newPublicKey();
      expect(await pos.pos.describe({ jwk })).toMatchObject({ jwk, tariff: byTheEuro });
      const nobody = await shop.harness.hold('pos');
      expect(await codeOf(nobody.pos.self())).toBe('register_not_enrolled');
      expect(await codeOf(pos.pos.setTariff(parseTariff({ kind: 'steps', step: '1.00EUR=500MB' })))).toBe('metric_mismatch');
    });

    test('its key is a public one, and nothing else of what it says is kept', async () => {
      const { d, ...jwk } = newAccessKey();
      expect(await pos.pos.describe({ jwk: JSON.stringify({ ...jwk, d, use: 'enc' }) })).toMatchObject({ jwk: JSON.stringify(jwk) });
      for (const none of ['', 'nonsense', '[]', '{"kty":"EC"}', JSON.stringify({ ...jwk, crv: 'P-384' }), JSON.stringify({ ...jwk, y: jwk.x })]) {
        expect(await codeOf(pos.pos.describe({ jwk: none })), none).toBe('invalid_input');
      }
      expect(await pos.pos.self()).toMatchObject({ jwk: JSON.stringify(jwk) });
    });

    test('what is said of it at the same time is all kept, also as the first thing', async () => {
      for (let round = 0; round < 12; round += 1) {
        const till = await shop.harness.hold('pos', { accounts: [shop.cafe.id] });
        if (round % 2 === 0) await till.pos.self();
        const jwk = newPublicKey();
        await Promise.all([till.pos.describe({ jwk }), till.pos.setTariff(byTheEuro), till.pos.describe({ ssid: 'cafe-guests' }), till.pos.self()]);
        expect(await till.pos.self()).toMatchObject({ jwk, tariff: byTheEuro });
        expect(await till.pos.network()).toMatchObject({ ssid: 'cafe-guests' });
      }
    });

    test('knows its network and who is on its list; whom it charges for is not its own to say', async () => {
      const { apId } = await pos.pos.self();
      expect(await pos.pos.network()).toMatchObject({ id: apId, ssid: 'cafe-guests', onboardingSsid: undefined, enforcement: 'none', lastSeenAt: undefined });
      const other = await register();
      const { grant } = await other.pos.charge(cash('1.00', newUid()));
      expect((await other.pos.permissions({}, page)).items).toEqual([grant]);
      expect((await other.pos.permissions({ state: 'paused' }, page)).items).toEqual([]);
      expect((await other.pos.permissions({ subjectId: grant!.subject.id, state: 'active' }, { limit: 1 })).items).toEqual([grant]);
      expect(await other.pos.permission(grant!.id)).toEqual(grant);
      expect(await codeOf(pos.pos.permission(grant!.id))).toBe('grant_not_found');
      expect((await pos.pos.permissions({}, page)).items.map(({ id }) => id)).not.toContain(grant!.id);
      expect(await codeOf(pos.pos.describe({ account: shop.anna.id }))).toBe('invalid_input');
    });

    test('who paid in cash is on the list by the card that was tapped, for the time that the amount buys', async () => {
      const uid = newUid();
      const { sale, grant, receiptCode } = await pos.pos.charge(cash('3.50', uid));
      expect(sale).toMatchObject({ tender: 'cash', amount: euros('3.50'), paymentId: undefined, used: 300n, quantity: { metric: 'time', size: BigInt(30 * minute) } });
      expect(receiptCode).toBeUndefined();
      expect(grant).toMatchObject({ source: 'payment', state: 'active', allowedMs: 30 * minute, waitingMs: undefined, network: { ssid: 'cafe-guests' } });
      expect(grant!.endsAt!.getTime() - grant!.startsAt.getTime()).toBe(30 * minute);
      expect(grant!.subject).toEqual({ kind: 'nfc', id: expect.stringMatching(/^sub_[\w-]{22}$/) });
      expect(grant!.subject.id).not.toContain(Buffer.from(uid).toString('base64url'));
      expect((await pos.pos.access({ kind: 'nfc', uid })).id).toBe(grant!.id);
      expect(await codeOf(pos.pos.access({ kind: 'nfc', uid: newUid() }))).toBe('not_permitted');
    });

    test('a new payment adds to what is left; time that is over goes to history', async () => {
      const uid = newUid();
      const first = await pos.pos.charge(cash('1.00', uid));
      shop.harness.clock.pass(5 * minute);
      const second = await pos.pos.charge(cash('2.00', uid));
      expect(second.grant!.id).toBe(first.grant!.id);
      expect(second.grant!.allowedMs).toBe(30 * minute);
      expect(second.grant!.endsAt!.getTime() - first.grant!.endsAt!.getTime()).toBe(20 * minute);
      shop.harness.clock.pass(31 * minute);
      expect(await codeOf(pos.pos.access({ kind: 'nfc', uid }))).toBe('time_used_up');
      expect(await codeOf(pos.pos.access({ kind: 'nfc', uid }))).toBe('not_permitted');
      const third = await pos.pos.charge(cash('1.00', uid));
      expect(third.grant!.id).not.toBe(first.grant!.id);
      const grants = (await shop.admin.owner.grants({ source: 'payment', subjectId: first.grant!.subject.id }, page)).items;
      expect(grants.map(({ state }) => state)).toEqual(['active', 'ended']);
    });

    test('what buys no time is a sale all the same', async () => {
      const uid = newUid();
      const { sale, grant } = await pos.pos.charge(cash('0.50', uid, 'too-little'));
      expect([sale, grant]).toEqual([expect.objectContaining({ quantity: undefined, grantId: undefined }), undefined]);
      expect(whyNoTime(sale)).toEqual({ kind: 'below_least', least: euros('1.00'), inHappyHours: false });
      expect(await codeOf(pos.pos.access({ kind: 'nfc', uid }))).toBe('not_permitted');
    });

    test('why a sale bought no time is said by the tariff of then', async () => {
      const other = await shop.harness.hold('pos', { accounts: [shop.cafe.id] });
      const first = (await other.pos.charge(cash('0.50', newUid(), 'no-tariff'))).sale;
      expect(whyNoTime(first)).toEqual({ kind: 'no_tariff' });
      await other.pos.setTariff(byTheEuro);
      const uid = newUid();
      expect(whyNoTime((await other.pos.charge(cash('0.50', uid, 'too-little'))).sale)).toMatchObject({ kind: 'below_least' });
      await other.pos.setTariff(undefined);
      expect(whyNoTime((await other.pos.charge(cash('0.50', uid, 'too-little'))).sale)).toMatchObject({ kind: 'below_least' });
    });

    test('the same key charges once, whatever the tender; another request under it is refused', async () => {
      const charge = cash('2.00', newUid(), 'till-1');
      const [one, other] = [await pos.pos.charge(charge), await pos.pos.charge(charge)];
      expect(other).toEqual(one);
      expect(await codeOf(pos.pos.charge({ ...charge, amount: euros('3.00') }))).toBe('idempotency_mismatch');
      expect(await codeOf(pos.pos.charge({ ...charge, memo: 'cake' }))).toBe('idempotency_mismatch');
      const anonymous = cash('2.00', undefined, 'till-2');
      expect((await pos.pos.charge(anonymous)).receiptCode).toBe((await pos.pos.charge(anonymous)).receiptCode);
    });

    test('a random UID is nobody’s, and a receipt code binds the phone that shows it first', async () => {
      const random = Buffer.of(0x08, 1, 2, 3);
      expect(await codeOf(pos.pos.charge(cash('1.00', random)))).toMatch(/random_identifier/);
      const { receiptCode, grant } = await pos.pos.charge(cash('1.00', undefined));
      expect(receiptCode).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
      const typed = receiptCode!.toLowerCase().replace('-', ' ');
      const token = newToken();
      const bound = await pos.pos.access(shown(typed, token));
      expect(bound).toMatchObject({ id: grant!.id, subject: { kind: 'phone' } });
      expect(await codeOf(pos.pos.access(shown(receiptCode!)))).toBe('receipt_code_invalid');
      expect((await pos.pos.access({ kind: 'phone', token })).id).toBe(grant!.id);
      expect(await codeOf(pos.pos.access({ kind: 'phone', token: 'another' }))).toBe('not_permitted');
      expect(await codeOf(pos.pos.access(shown('????')))).toBe('receipt_code_invalid');
    });

    test('a phone whose reply was lost shows the same code again, for as long as the permission stands, and nobody else does', async () => {
      const token = newToken();
      const { receiptCode, grant } = await pos.pos.charge(cash('1.00', undefined));
      const [one, other] = await Promise.all([pos.pos.access(shown(receiptCode!, token)), pos.pos.access(shown(receiptCode!, token))]);
      expect(other).toEqual(one);
      shop.harness.clock.pass(9 * minute);
      expect(await pos.pos.access(shown(receiptCode!, token))).toEqual(one);
      expect(await codeOf(pos.pos.access(shown(receiptCode!)))).toBe('receipt_code_invalid');
      expect(await codeOf(pos.pos.access(shown('7K2M-9QXA', token)))).toBe('receipt_code_invalid');
      const stranger = await pos.pos.charge(cash('1.00', undefined));
      const theirs = newToken();
      await pos.pos.access(shown(stranger.receiptCode!, theirs));
      expect(await codeOf(pos.pos.access(shown(stranger.receiptCode!, token)))).toBe('receipt_code_invalid');
      await pos.pos.move(stranger.grant!.id, { kind: 'nfc', uid: newUid() });
      expect(await codeOf(pos.pos.access(shown(stranger.receiptCode!, theirs)))).toBe('receipt_code_invalid');
      await pos.pos.pause(grant!.id);
      expect(await codeOf(pos.pos.access(shown(receiptCode!, token)))).toBe('grant_paused');
      await pos.pos.resume(grant!.id);
      shop.harness.clock.pass(minute);
      expect(await codeOf(pos.pos.access(shown(receiptCode!, token)))).toBe('time_used_up');
      expect(await codeOf(pos.pos.access(shown(receiptCode!, token)))).toBe('receipt_code_invalid');
    });

    test.each(['', 'token', 'A'.repeat(21), 'A'.repeat(23), `${'A'.repeat(21)}B`, `${'A'.repeat(21)}=`])('a phone has no such token: %j', async (token) => {
      const { receiptCode } = await pos.pos.charge(cash('1.00', undefined));
      expect(await codeOf(pos.pos.access(shown(receiptCode!, token)))).toBe('invalid_input');
      expect(await codeOf(pos.pos.access(shown(receiptCode!)))).toBeUndefined();
    });

    test('what a phone buys by another code is added to the time that it has, and goes back with it', async () => {
      const token = newToken();
      const [first, second, third] = [await pos.pos.charge(cash('1.00', undefined)), await pos.pos.charge(cash('2.00', undefined)), await pos.pos.charge(cash('1.00', undefined))];
      const grant = await pos.pos.access(shown(first.receiptCode!, token));
      const both = await pos.pos.access(shown(second.receiptCode!, token));
      expect(both).toMatchObject({ id: first.grant!.id, subject: grant.subject });
      const added = both.endsAt!.getTime() - grant.endsAt!.getTime();
      expect(added).toBeLessThanOrEqual(20 * minute);
      expect(added).toBeGreaterThan(20 * minute - 1000);
      for (const code of [first.receiptCode!, second.receiptCode!]) {
        expect(await pos.pos.access(shown(code, token))).toEqual(both);
        expect(await codeOf(pos.pos.access(shown(code)))).toBe('receipt_code_invalid');
      }
      expect(await pos.pos.permission(second.grant!.id)).toMatchObject({ state: 'ended', reason: expect.stringContaining(first.grant!.id) });
      await pos.pos.pause(grant.id);
      expect(await codeOf(pos.pos.access(shown(third.receiptCode!, token)))).toBe('grant_paused');
      expect((await pos.pos.access(shown(third.receiptCode!))).id).toBe(third.grant!.id);
      await pos.pos.resume(grant.id);
      const { byHand } = await pos.pos.refund(grant.id);
      expect(byHand.reduce((sum, { minor }) => sum + minor, 0n)).toBeGreaterThan(290n);
      shop.harness.clock.pass(60 * minute);
      const later = await pos.pos.charge(cash('1.00', undefined));
      expect((await pos.pos.access(shown(later.receiptCode!, token))).id).toBe(later.grant!.id);
    });

    test('a phone whose time is over, though nobody has seen that yet, gets what another code was sold with', async () => {
      const token = newToken();
      const first = await pos.pos.charge(cash('1.00', undefined));
      await pos.pos.access(shown(first.receiptCode!, token));
      shop.harness.clock.pass(10 * minute);
      const second = await pos.pos.charge(cash('1.00', undefined));
      expect((await pos.pos.access(shown(second.receiptCode!, token))).id).toBe(second.grant!.id);
      expect(await pos.pos.permission(first.grant!.id)).toMatchObject({ state: 'ended', reason: 'its time is over' });
    });

    test('is paid in the currency of whom it charges for, in cash as well', async () => {
      const [uid, terminal] = [newUid(), await payer()];
      const dollar = parseAmount('1.00USD');
      expect(await codeOf(pos.pos.charge({ key: randomUUID(), amount: dollar, authority: { kind: 'cash', uid } }))).toBe('currency_mismatch');
      await terminal.holder.mandates.setMandate({ uid, accountId: terminal.accountId, perTap: euros('1.00'), perDay: euros('1.00') });
      expect(await codeOf(pos.pos.charge({ key: randomUUID(), amount: dollar, authority: { kind: 'mandate', uid } }))).toBe('currency_mismatch');
      expect((await pos.pos.sales({}, page)).items.filter(({ amount }) => amount.currency !== 'EUR')).toEqual([]);
    });

    test('what a charge is for has at most 64 characters', async () => {
      for (const memo of ['', 'x'.repeat(65), 'two\nlines']) {
        expect(await codeOf(pos.pos.charge({ ...cash('1.00', newUid()), memo }))).toBe('invalid_input');
      }
    });

    test('a device whose time is over, though nobody has seen that yet, takes the rest of another’s', async () => {
      const [from, to] = [newUid(), newUid()];
      const over = await pos.pos.charge(cash('1.00', to));
      shop.harness.clock.pass(10 * minute);
      const { grant } = await pos.pos.charge(cash('1.00', from));
      expect(await pos.pos.move(grant!.id, { kind: 'nfc', uid: to })).toMatchObject({ id: grant!.id });
      expect(await pos.pos.permission(over.grant!.id)).toMatchObject({ state: 'ended', reason: 'its time is over' });
    });

    test('nothing is free for a receipt code: who shows it may have been here before', async () => {
      const till = await register();
      await till.pos.setTariff(parseTariff({ kind: 'steps', step: '1.00EUR=10min', free: '5min' }));
      const { sale } = await till.pos.charge(cash('1.00', undefined));
      expect(sale.quantity).toEqual({ metric: 'time', size: BigInt(10 * minute) });
    });

    test('of two phones that show a receipt code at once, one gets the time', async () => {
      const { receiptCode } = await pos.pos.charge(cash('1.00', undefined));
      const codes = await Promise.all(Array.from({ length: 6 }, () => codeOf(pos.pos.access(shown(receiptCode!)))));
      expect(codes.filter((code) => code === undefined)).toHaveLength(1);
    });

    test('a wallet pays through the register, and its terminal is on the list', async () => {
      const terminal = await payer();
      const charge = walletCharge(terminal, '12.50');
      const charged = await pos.pos.charge(charge);
      expect(charged.sale).toMatchObject({ tender: 'wallet', used: 1200n });
      expect(charged.grant).toMatchObject({ subject: { kind: 'terminal', id: terminal.holder.token.id }, allowedMs: 120 * minute });
      expect(charged.reply).toMatchObject({ state: 'paid', amount: euros('12.50') });
      expect(await pos.pos.charge(charge)).toEqual(charged);
      terminal.renew(charged.reply!);
      expect((await shop.admin.ledger.account(terminal.accountId)).balance).toBe(3750n);
      const { apId } = await pos.pos.self();
      expect((await pos.pos.access(claimOf(terminal, apId))).id).toBe(charged.grant!.id);
    });

    test('register and wallet may both bring the same payment: it is charged once, and both get its reply', async () => {
      const terminal = await payer();
      const charge = walletCharge(terminal, '2.00');
      const { authority } = charge;
      if (authority.kind !== 'wallet') throw new Error('a wallet’s charge');
      const request = { key: charge.key, accountId: authority.accountId, payeeId: shop.cafe.id, amount: charge.amount, password: authority.password, codeNumber: authority.codeNumber };
      const purchase = { registerId: pos.token.id };
      const [charged, reply] = await Promise.all([pos.pos.charge(charge), terminal.holder.wallet.pay({ ...request, purchase })]);
      expect(charged.reply).toEqual(reply);
      expect((await shop.admin.ledger.account(terminal.accountId)).balance).toBe(4800n);
      expect((await pos.pos.sales({}, page)).items.filter(({ key }) => key === charge.key)).toHaveLength(1);
      expect(await codeOf(terminal.holder.wallet.pay(request))).toBe('idempotency_mismatch');
      expect(await codeOf(terminal.holder.wallet.pay({ ...request, key: randomUUID(), payeeId: shop.anna.id, purchase }))).toBe('invalid_input');
    });

    test('a key is a payer’s own: who guesses another’s neither pays for him nor sees what he bought', async () => {
      const [one, other] = [await payer(), await payer()];
      const key = randomUUID();
      const paid = (terminal: PlainTerminal) => pos.pos.charge(walletCharge(terminal, '1.00', key));
      const [first, second, third] = [await paid(one), await paid(other), await pos.pos.charge(cash('1.00', newUid(), key))];
      expect(new Set([first, second, third].map(({ sale }) => sale.id)).size).toBe(3);
      expect(new Set([first, second, third].map(({ grant }) => grant!.id)).size).toBe(3);
      expect(second.sale).toMatchObject({ payerId: other.accountId, subjectId: other.holder.token.id });
      expect(await spent(one) + (await spent(other))).toBe(200n);
    });

    test('what buys time is paid at once, never held', async () => {
      const terminal = await payer();
      const request = terminal.request(shop.cafe.id, euros('1.00'), { holdMs: 60_000 });
      expect(await codeOf(terminal.holder.wallet.pay({ ...request, purchase: { registerId: pos.token.id } }))).toBe('invalid_input');
      expect(await spent(terminal)).toBe(0n);
    });

    test('a wallet that cannot pay buys no time, and a wrong password at a register does not count', async () => {
      const terminal = await payer();
      expect(await codeOf(pos.pos.charge(walletCharge(terminal, '50.01')))).toBe('insufficient_funds');
      const { authority, ...charge } = walletCharge(terminal, '1.00');
      expect(await codeOf(pos.pos.charge({ ...charge, authority: { ...authority, password: 'wrong' } as Charge['authority'] }))).toBe('password_wrong');
      expect((await terminal.holder.wallet.bindings())[0]).toMatchObject({ wrong: 0 });
      const { apId } = await pos.pos.self();
      expect(await codeOf(pos.pos.access(claimOf(terminal, apId)))).toBe('not_permitted');
    });

    test('a terminal’s claim is its own, of now, and for that network', async () => {
      const terminal = await payer();
      const charged = await pos.pos.charge(walletCharge(terminal, '1.00'));
      terminal.renew(charged.reply!);
      const { apId } = await pos.pos.self();
      const old = new Date(shop.harness.clock.now().getTime() - 5 * minute);
      expect(await codeOf(pos.pos.access(claimOf(terminal, apId, old)))).toBe('not_permitted');
      expect(await codeOf(pos.pos.access(claimOf(terminal, 'ap_other')))).toBe('not_permitted');
      const claim = claimOf(terminal, apId);
      if (claim.kind !== 'terminal') throw new Error('a terminal’s claim');
      expect(await codeOf(pos.pos.access({ ...claim, token: { ...claim.token, mac: randomBytes(32) } }))).toBe('not_permitted');
      expect(await codeOf(pos.pos.access(claim))).toBeUndefined();
    });

    test('a tap takes what its payer’s mandate allows, and no more', async () => {
      const terminal = await payer();
      const { mandates } = terminal.holder;
      const uid = newUid();
      const tap = (amount: string, key: string = randomUUID()) => pos.pos.charge({ key, amount: euros(amount), authority: { kind: 'mandate', uid } });
      expect(await codeOf(tap('1.00'))).toBe('mandate_missing');
      const mandate = await mandates.setMandate({ uid, accountId: terminal.accountId, perTap: euros('10.00'), perDay: euros('15.00') });
      expect(await mandates.mandates()).toEqual([mandate]);
      const { sale, grant, reply } = await tap('9.00');
      expect([sale.tender, grant!.subject.kind, reply]).toEqual(['mandate', 'nfc', undefined]);
      expect(await codeOf(tap('10.01'))).toBe('mandate_exceeded');
      expect(await codeOf(tap('6.01'))).toBe('mandate_exceeded');
      const codes = await Promise.all(Array.from({ length: 4 }, () => codeOf(tap('2.00'))));
      expect(codes.filter((code) => code === undefined)).toHaveLength(3);
      expect((await shop.admin.ledger.account(terminal.accountId)).balance).toBe(3500n);
      shop.harness.clock.pass(86_400_000);
      expect(await codeOf(tap('9.00'))).toBeUndefined();
      await mandates.endMandate(mandate.subjectId);
      expect(await codeOf(tap('1.00'))).toBe('mandate_missing');
      const stranger = await payer();
      expect(await codeOf(stranger.holder.mandates.setMandate({ uid: newUid(), accountId: terminal.accountId, perTap: euros('1.00'), perDay: euros('1.00') }))).toBe('not_bound');
    });

    test('a tap that was charged has its answer, whatever has become of the mandate', async () => {
      const terminal = await payer();
      const { mandates } = terminal.holder;
      const uid = newUid();
      const charge: Charge = { key: randomUUID(), amount: euros('1.00'), authority: { kind: 'mandate', uid } };
      const { subjectId } = await mandates.setMandate({ uid, accountId: terminal.accountId, perTap: euros('1.00'), perDay: euros('1.00') });
      const charged = await pos.pos.charge(charge);
      await mandates.endMandate(subjectId);
      expect(await pos.pos.charge(charge)).toEqual(charged);
      expect(await codeOf(pos.pos.charge({ ...charge, authority: { kind: 'mandate', uid: newUid() } }))).toBe('idempotency_mismatch');
      expect(await spent(terminal)).toBe(100n);
    });

    test('an account has so many mandates at a time, however many come at once', async () => {
      const terminal = await payer();
      const { mandates } = terminal.holder;
      const set = (uid: Uint8Array) => codeOf(mandates.setMandate({ uid, accountId: terminal.accountId, perTap: euros('1.00'), perDay: euros('1.00') }));
      const uids = Array.from({ length: 24 }, newUid);
      const codes = await Promise.all(uids.map(set));
      expect(codes.filter((code) => code === 'mandate_limit')).toHaveLength(4);
      expect(await mandates.mandates()).toHaveLength(20);
      expect(await set(uids[codes.indexOf(undefined)]!)).toBeUndefined();
      await mandates.endMandate((await mandates.mandates())[0]!.subjectId);
      expect(await set(newUid())).toBeUndefined();
      expect(await set(newUid())).toBe('mandate_limit');
    });

    test('what a register was told that nobody pays is not paid late by its wallet', async () => {
      const terminal = await payer();
      const { wallet } = terminal.holder;
      for (let tries = 0; tries < 5; tries += 1) await codeOf(wallet.pay(terminal.request(shop.cafe.id, euros('1.00'), { identityCode: 'wrong' })));
      const key = randomUUID();
      expect(await codeOf(pos.pos.charge(walletCharge(terminal, '2.00', key)))).toBe('account_locked');
      shop.harness.clock.pass(60_000);
      const request = { ...terminal.request(shop.cafe.id, euros('2.00'), { key }), purchase: { registerId: pos.token.id } };
      expect(await codeOf(wallet.pay(request))).toBe('payment_cancelled');
      expect(await codeOf(pos.pos.charge(walletCharge(terminal, '2.00', key)))).toBe('payment_cancelled');
      expect([await wallet.cancel({ accountId: terminal.accountId, key }), await spent(terminal)]).toEqual([undefined, 0n]);
    });

    test('a tap that was refused is not charged late, whatever has become of the mandate', async () => {
      const [one, other] = [await payer(), await payer()];
      const uid = newUid();
      const tap = (amount: string): Charge => ({ key: randomUUID(), amount: euros(amount), authority: { kind: 'mandate', uid } });
      const set = ({ holder, accountId }: PlainTerminal, limit: string) => holder.mandates.setMandate({ uid, accountId, perTap: euros(limit), perDay: euros(limit) });
      const early = tap('1.00');
      expect(await codeOf(pos.pos.charge(early))).toBe('mandate_missing');
      const { subjectId } = await set(one, '2.00');
      const large = tap('3.00');
      expect(await codeOf(pos.pos.charge(large))).toBe('mandate_exceeded');
      await one.holder.mandates.endMandate(subjectId);
      await set(other, '9.00');
      expect([await codeOf(pos.pos.charge(early)), await codeOf(pos.pos.charge(large))]).toEqual(['mandate_missing', 'mandate_exceeded']);
      expect(await codeOf(pos.pos.charge({ ...early, amount: euros('2.00') }))).toBe('idempotency_mismatch');
      expect([await spent(one), await spent(other)]).toEqual([0n, 0n]);
      expect(await codeOf(pos.pos.charge(tap('3.00')))).toBeUndefined();
    });

    test('of two payers who set a mandate for one card at once, one has it', async () => {
      const payers = [await payer(), await payer()];
      const uid = newUid();
      const set = ({ holder, accountId }: PlainTerminal) => codeOf(holder.mandates.setMandate({ uid, accountId, perTap: euros('1.00'), perDay: euros('1.00') }));
      const codes = await Promise.all(payers.map(set));
      expect(codes.toSorted()).toEqual(['mandate_conflict', undefined]);
      const [winner, loser] = codes[0] === undefined ? payers : payers.toReversed();
      expect(await loser!.holder.mandates.mandates()).toEqual([]);
      const [mandate] = await winner!.holder.mandates.mandates();
      expect(await codeOf(loser!.holder.mandates.endMandate(mandate!.subjectId))).toBe('mandate_not_found');
      await winner!.holder.mandates.endMandate(mandate!.subjectId);
      expect([await set(loser!), await set(loser!), await set(winner!)]).toEqual([undefined, undefined, 'mandate_conflict']);
    });

    test('each mandate of an account has a day of its own', async () => {
      const terminal = await payer();
      for (const uid of [newUid(), newUid()]) {
        const tap = () => pos.pos.charge({ key: randomUUID(), amount: euros('1.00'), authority: { kind: 'mandate', uid } });
        await terminal.holder.mandates.setMandate({ uid, accountId: terminal.accountId, perTap: euros('1.00'), perDay: euros('1.00') });
        expect(await codeOf(tap())).toBeUndefined();
        expect(await codeOf(tap())).toBe('mandate_exceeded');
      }
    });

    test('what another shop sells while this one refunds is not given back by it', async () => {
      const { apId } = await pos.pos.self();
      const bar = await shop.admin.ledger.open({ name: randomUUID(), currency: 'EUR' });
      const barPos = (await shop.harness.hold('pos', { accounts: [bar.id], aps: [apId] })).pos;
      await barPos.setTariff(byTheEuro);
      const sold = async (by: typeof barPos) => (await by.charge({ key: randomUUID(), amount: euros('1.00'), authority: { kind: 'cash', uid: undefined } })).receiptCode!;
      for (let round = 0; round < 12; round += 1) {
        const phoneToken = newToken();
        const grant = await pos.pos.access(shown(await sold(pos.pos), phoneToken));
        const other = shown(await sold(barPos), phoneToken);
        const [refund] = await Promise.allSettled([pos.pos.refund(grant.id), barPos.access(other)]);
        if (refund.status === 'fulfilled') expect(refund.value.sales.map(({ sale }) => sale.payeeId)).toEqual([shop.cafe.id]);
        else expect(refund.reason).toMatchObject({ code: 'grant_not_found' });
      }
    });

    test('time that another shop sold at the same network is not changed, nor given back, by this one', async () => {
      const { apId } = await pos.pos.self();
      const bar = await shop.admin.ledger.open({ name: randomUUID(), currency: 'EUR' });
      const barPos = (await shop.harness.hold('pos', { accounts: [bar.id], aps: [apId] })).pos;
      await barPos.setTariff(byTheEuro);
      const uid = newUid();
      const { grant } = await pos.pos.charge(cash('1.00', uid));
      const { id } = grant!;
      for (const attempt of [() => barPos.refund(id), () => barPos.refundable(id), () => barPos.pause(id), () => barPos.resume(id), () => barPos.move(id, { kind: 'nfc', uid: newUid() })]) {
        expect(await codeOf(attempt())).toBe('grant_not_found');
      }
      expect((await barPos.charge(cash('1.00', uid))).grant!.id).toBe(id);
      expect(await codeOf(pos.pos.refund(id))).toBe('grant_not_found');
      expect((await barPos.access({ kind: 'nfc', uid })).id).toBe(id);
    });

    test('what is free at the first purchase is free once, however many come at once and wherever', async () => {
      const till = await register();
      await till.pos.setTariff(parseTariff({ kind: 'steps', step: '1.00EUR=10min', free: '5min' }));
      const uid = newUid();
      const charges = await Promise.all(Array.from({ length: 4 }, () => till.pos.charge(cash('1.00', uid))));
      const free = charges.filter(({ sale }) => sale.quantity !== undefined && sale.quantity !== 'unlimited' && sale.quantity.size === BigInt(15 * minute));
      expect(free).toHaveLength(1);
      shop.harness.clock.pass(60 * minute);
      const again = await till.pos.charge(cash('1.00', uid));
      expect(again.sale.quantity).toEqual({ metric: 'time', size: BigInt(10 * minute) });
    });

    test('however much is paid, a permission ends within what may be granted, and the next purchase still counts', async () => {
      const till = await register();
      await till.pos.setTariff(parseTariff({ kind: 'steps', step: '1.00EUR=3000d' }));
      const uid = newUid();
      const { grant } = await till.pos.charge(cash('1.00', uid));
      for (let more = 0; more < 3; more += 1) await till.pos.charge(cash('99999.00', uid));
      const longest = await till.pos.access({ kind: 'nfc', uid });
      expect(longest.endsAt!.getTime()).toBeGreaterThan(grant!.endsAt!.getTime());
      expect(longest.endsAt!.getTime() - shop.harness.clock.now().getTime()).toBeLessThanOrEqual(mostDurationMs);
      expect(await codeOf(till.pos.charge(cash('1.00', uid)))).toBeUndefined();
    });

    test('what of a payment went back already does not go back again with the time', async () => {
      const terminal = await payer();
      const { grant, sale } = await pos.pos.charge(walletCharge(terminal, '2.00'));
      await shop.admin.ledger.refund(sale.paymentId!, euros('1.50'));
      expect(await pos.pos.refund(grant!.id)).toMatchObject({ inLedger: [euros('0.50')] });
      expect(await codeOf(shop.admin.ledger.refund(sale.paymentId!, euros('0.01')))).toBe('refund_too_large');
      expect(await spent(terminal)).toBe(0n);
      expect((await shop.admin.ledger.verify()).findings).toEqual([]);
    });

    test('the rest of the time is moved, paused and gone on with', async () => {
      const [from, to] = [newUid(), newUid()];
      const { grant } = await pos.pos.charge(cash('1.00', from));
      shop.harness.clock.pass(4 * minute);
      expect(await pos.pos.move(grant!.id, { kind: 'nfc', uid: to })).toMatchObject({ id: grant!.id, endsAt: grant!.endsAt });
      expect(await codeOf(pos.pos.access({ kind: 'nfc', uid: from }))).toBe('not_permitted');
      const paused = await pos.pos.pause(grant!.id);
      expect(paused).toMatchObject({ state: 'paused', endsAt: undefined });
      expect(Math.abs(paused.waitingMs! - 6 * minute)).toBeLessThan(1000);
      shop.harness.clock.pass(60 * minute);
      expect(await codeOf(pos.pos.access({ kind: 'nfc', uid: to }))).toBe('grant_paused');
      await pos.pos.resume(grant!.id);
      expect(await codeOf(pos.pos.access({ kind: 'nfc', uid: to }))).toBeUndefined();
      const other = await pos.pos.charge(cash('1.00', from));
      expect(await codeOf(pos.pos.move(other.grant!.id, { kind: 'nfc', uid: to }))).toBe('grant_conflict');
      shop.harness.clock.pass(6 * minute);
      expect(await codeOf(pos.pos.access({ kind: 'nfc', uid: to }))).toBe('time_used_up');
      expect(await codeOf(pos.pos.pause(grant!.id))).toBe('grant_over');
    });

    test('a refund gives back the unused part, of what was bought last first, in the ledger or by hand', async () => {
      const terminal = await payer();
      const first = await pos.pos.charge(walletCharge(terminal, '2.00'));
      terminal.renew(first.reply!);
      shop.harness.clock.pass(5 * minute);
      const refunded = await pos.pos.refund(first.grant!.id);
      expect(refunded).toMatchObject({ grant: { state: 'revoked' }, inLedger: [euros('1.49')], byHand: [] });
      expect((await shop.admin.ledger.account(terminal.accountId)).balance).toBe(4949n);
      const uid = newUid();
      const { grant } = await pos.pos.charge(cash('2.00', uid));
      await pos.pos.charge(cash('1.00', uid));
      shop.harness.clock.pass(15 * minute);
      const offered = await pos.pos.refundable(grant!.id);
      const byHand = await pos.pos.refund(grant!.id);
      expect({ ...offered, grant: undefined, sales: offered.sales.length }).toEqual({ ...byHand, grant: undefined, sales: byHand.sales.length });
      expect(offered.grant.state).toBe('active');
      expect(byHand.sales.map(({ sale, amount }) => [sale.amount, amount])).toEqual([[euros('1.00'), euros('1.00')], [euros('2.00'), euros('0.49')]]);
      expect(byHand).toMatchObject({ inLedger: [], byHand: [euros('1.00'), euros('0.49')] });
      expect(await errorOf(pos.pos.refund(grant!.id))).toMatchObject({ code: 'grant_over', message: `Grant ${grant!.id} was refunded already.` });
      expect(await codeOf(pos.pos.refundable(grant!.id))).toBe('grant_over');
      expect((await shop.admin.ledger.verify()).findings).toEqual([]);
    });

    test('where an agent enforces it, time runs from when the radio has the grant', async () => {
      const ap = await shop.harness.hold('ap');
      await ap.ap.announce({ ssid: 'cafe', onboardingSsid: 'setup', enforcement: 'per-grant' });
      const till = await register([ap.token.apId!]);
      expect(await codeOf(till.pos.describe({ ssid: 'else' }))).toBe('invalid_input');
      expect(await codeOf(till.pos.describe({ ssid: 'cafe' }))).toBeUndefined();
      expect(await till.pos.network()).toMatchObject({ ssid: 'cafe', onboardingSsid: 'setup', enforcement: 'per-grant' });
      const uid = newUid();
      const { grant } = await till.pos.charge(cash('1.00', uid));
      expect(grant).toMatchObject({ endsAt: undefined, waitingMs: 10 * minute, network: { apId: ap.token.apId, ssid: 'cafe' } });
      shop.harness.clock.pass(30 * minute);
      expect(await codeOf(till.pos.access({ kind: 'nfc', uid }))).toBeUndefined();

      const begun = (revision: number) => ap.ap.reportGrants([{ grantId: grant!.id, usage: grant!.usage, ended: undefined, begun: { at: shop.harness.clock.now(), revision } }]);
      await begun(grant!.revision - 1);
      expect((await till.pos.access({ kind: 'nfc', uid })).waitingMs).toBe(10 * minute);
      await begun(grant!.revision);
      const running = (await till.pos.access({ kind: 'nfc', uid }));
      expect(running.waitingMs).toBeUndefined();
      shop.harness.clock.pass(2 * minute);
      await begun(grant!.revision);
      expect((await till.pos.access({ kind: 'nfc', uid })).endsAt).toEqual(running.endsAt);
      shop.harness.clock.pass(9 * minute);
      expect(await codeOf(till.pos.access({ kind: 'nfc', uid }))).toBe('time_used_up');
    });

    test('time that was added while the access point was away is not lost with the time before it', async () => {
      const ap = await shop.harness.hold('ap');
      await ap.ap.announce({ ssid: 'cafe', onboardingSsid: 'setup', enforcement: 'per-grant' });
      const till = await register([ap.token.apId!]);
      const uid = newUid();
      const { grant: first } = await till.pos.charge(cash('1.00', uid));
      const at = () => shop.harness.clock.now();
      const report = (over: { begun?: number; ended: number }) => ap.ap.reportGrants([{
        grantId: first!.id,
        usage: first!.usage,
        ended: { at: at(), reason: 'its time is over', revision: over.ended },
        begun: over.begun === undefined ? undefined : { at: at(), revision: over.begun },
      }]);
      const { grant: second } = await till.pos.charge(cash('1.00', uid));
      await report({ begun: first!.revision, ended: first!.revision });
      expect((await till.pos.access({ kind: 'nfc', uid }))).toMatchObject({ state: 'active', waitingMs: 20 * minute });
      await report({ begun: second!.revision, ended: second!.revision });
      expect(await codeOf(till.pos.access({ kind: 'nfc', uid }))).toBe('not_permitted');
    });

    test('a password comes sealed from the access point to the register that it is for, until that has it', async () => {
      const ap = await shop.harness.hold('ap');
      await ap.ap.announce({ ssid: 'cafe', onboardingSsid: 'setup', enforcement: 'per-grant' });
      const till = await register([ap.token.apId!]);
      expect(await ap.ap.registers()).toEqual([]);
      const jwk = newPublicKey();
      await till.pos.describe({ jwk });
      expect(await ap.ap.registers()).toMatchObject([{ id: till.token.id, jwk }]);
      const { grant } = await till.pos.charge(cash('1.00', newUid()));
      expect(await till.pos.accessCode(grant!.id, 0)).toBeUndefined();
      const waiting = till.pos.accessCode(grant!.id, 10_000);
      await ap.ap.putAccessCode(grant!.id, till.token.id, 'aaa.bbb.ccc.ddd.eee');
      expect(await waiting).toBe('aaa.bbb.ccc.ddd.eee');
      expect(await codeOf(pos.pos.accessCode(grant!.id, 0))).toBe('grant_not_found');
      expect(await codeOf((await shop.harness.hold('ap')).ap.putAccessCode(grant!.id, till.token.id, 'x'))).toBe('grant_not_found');
      await till.pos.acknowledge(grant!.id);
      expect(await till.pos.accessCode(grant!.id, 0)).toBeUndefined();
    });

    test('who waits for a password that another got and had deleted meanwhile gets it, too', async () => {
      const ap = await shop.harness.hold('ap');
      await ap.ap.announce({ ssid: 'cafe', onboardingSsid: 'setup', enforcement: 'per-grant' });
      const till = await register([ap.token.apId!]);
      await till.pos.describe({ jwk: newPublicKey() });
      const { grant } = await till.pos.charge(cash('1.00', newUid()));
      await till.pos.acknowledge(grant!.id);
      const wanted = async () => (await ap.ap.changes(0, 0)).accessCodes.length > 0;
      expect(await wanted()).toBe(false);
      const waiting = till.pos.accessCode(grant!.id, 4000);
      await vi.waitUntil(wanted);
      await ap.ap.putAccessCode(grant!.id, till.token.id, 'aaa.bbb.ccc.ddd.eee');
      await till.pos.acknowledge(grant!.id);
      let isOver = false;
      void waiting.finally(() => (isOver = true));
      await vi.waitUntil(async () => isOver || (await wanted()));
      await ap.ap.putAccessCode(grant!.id, till.token.id, 'aaa.bbb.ccc.ddd.eee');
      expect(await waiting).toBe('aaa.bbb.ccc.ddd.eee');
    });

    test('the access point hears whatever password is wanted until it has brought it, and is kept nothing else of it', async () => {
      const ap = await shop.harness.hold('ap');
      await ap.ap.announce({ ssid: 'cafe', onboardingSsid: 'setup', enforcement: 'per-grant' });
      const till = await register([ap.token.apId!]);
      const uid = newUid();
      const { grant: before } = await till.pos.charge(cash('1.00', newUid()));
      await till.pos.accessCode(before!.id, 0);
      expect((await ap.ap.changes(0, 0)).accessCodes).toEqual([]);

      await till.pos.describe({ jwk: newPublicKey() });
      const { grant } = await till.pos.charge(cash('1.00', uid));
      const wanted = [{ grantId: grant!.id, registerId: till.token.id }];
      const { revision, accessCodes } = await ap.ap.changes(0, 0);
      expect(accessCodes).toEqual(wanted);
      expect((await ap.ap.changes(revision, 0)).accessCodes).toEqual(wanted);
      await ap.ap.putAccessCode(grant!.id, till.token.id, 'aaa.bbb.ccc.ddd.eee');
      expect((await ap.ap.changes(revision, 0)).accessCodes).toEqual([]);
      await ap.ap.putAccessCode(grant!.id, till.token.id, 'another.one');
      expect(await till.pos.accessCode(grant!.id, 0)).toBe('aaa.bbb.ccc.ddd.eee');
      await till.pos.acknowledge(grant!.id);
      await ap.ap.putAccessCode(grant!.id, till.token.id, 'too.late');

      // Asked for again: the access point, which waits for changes, hears of it.
      const news = ap.ap.changes(revision, 10_000);
      const again = till.pos.accessCode(grant!.id, 10_000);
      expect((await news).accessCodes).toEqual(wanted);
      await ap.ap.putAccessCode(grant!.id, till.token.id, 'fff.ggg.hhh.iii.jjj');
      expect(await again).toBe('fff.ggg.hhh.iii.jjj');
      expect((await shop.harness.hold('ap').then((other) => other.ap.changes(0, 0))).accessCodes).toEqual([]);
      await till.pos.refund(grant!.id);
      await till.pos.acknowledge(grant!.id);
      await till.pos.accessCode(grant!.id, 0);
      expect((await ap.ap.changes(0, 0)).accessCodes).toEqual([]);
    });

    test('what it sold is listed, of a time, newest first', async () => {
      const from = shop.harness.clock.now();
      const one = await pos.pos.charge(cash('1.00', undefined));
      const two = await pos.pos.charge({ ...cash('2.00', undefined), memo: 'cake' });
      const to = shop.harness.clock.now();
      await pos.pos.charge(cash('3.00', undefined));
      expect((await pos.pos.sales({ from, to }, page)).items.map(({ id, memo }) => [id, memo])).toEqual([[two.sale.id, 'cake'], [one.sale.id, undefined]]);
      const other = await register();
      expect((await other.pos.sales({}, page)).items).toEqual([]);
    });
  });
}
