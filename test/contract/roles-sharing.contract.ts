import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { noUsage, timeGraceMs, timeUpAt } from '../../src/domain/grant.ts';
import { readingSkewMs } from '../../src/domain/meter.ts';
import { parseAmount } from '../../src/domain/money.ts';
import { parseQuantity } from '../../src/domain/quantity.ts';
import { collectMs, complaintMs, feeStandsMs, lastReadingsMs, mostUnpaid, owedAgainMs, trafficLastsMs, type ShareRequest } from '../../src/domain/share-request.ts';
import { parseTariff } from '../../src/domain/tariff-json.ts';
import { jwkThumbprint, newAccessKey, publicJwkOf, sealAccessCode } from '../../src/protocol/access-code.ts';
import type { PaymentRequest } from '../../src/roles/ledger/payment-request.ts';
import { Payer, type BegunPayment, type HeldCode } from '../../src/roles/wallet/payer.ts';
import type { WalletRole } from '../../src/roles/wallet/ports.ts';
import { codeOf, type MakeHarness, type RolesHarness } from './roles.harness.ts';
import { identityCode } from './shop.ts';
import { accessCode, byTime, byTraffic, openSite, type Guest, type Site } from './share-parties.ts';

const page = { limit: 100 };
const minutes = (count: number) => count * 60_000;

export function sharingContract(name: string, make: MakeHarness): void {
  describe(`${name}: access to shared networks`, () => {
    let harness: RolesHarness;
    let site: Site;
    let guest: Guest;
    beforeAll(async () => {
      harness = await make();
      site = await openSite(harness);
    });
    afterAll(() => harness.close());
    beforeEach(async () => {
      guest = await site.newGuest();
    });
    afterEach(async () => {
      expect((await site.admin.ledger.verify()).findings).toEqual([]);
    });

    const moneyOf = (of: Guest) => site.money(of);
    const earned = async (before: bigint) => (await site.money(site.sharer)).balance - before;
    const earnings = async () => (await site.money(site.sharer)).balance;

    test('is bought, held, answered, collected, used, ended and settled', async () => {
      const { offer, network } = await site.newNetwork();
      const before = await earnings();
      const request = await guest.order(offer, '250MB');
      expect(request).toMatchObject({
        kind: 'access', accessId: request.id, offerId: offer.id, networkId: network.id, state: 'priced', fee: { minor: 300n, currency: 'EUR' },
        quantity: parseQuantity('300MB'), bought: parseQuantity('300MB'), sharer: { accountId: site.sharer.account.id }, guest: { accountId: guest.account.id },
      });
      const held = await guest.pay(request);
      expect(held.state).toBe('held');
      expect(await moneyOf(guest)).toEqual({ balance: 5000n, held: 300n });

      const approved = await site.sharer.sharing.approve(request.id);
      expect(approved.state).toBe('approved');
      const grant = (await harness.store.grants.find(approved.grantId!))!;
      expect(grant).toMatchObject({ source: 'share', subject: { kind: 'terminal', id: guest.holder.token.id }, policy: 'restrict', quotaBytes: 300_000_000n, state: 'active' });
      expect(await guest.sharing.accessCode(request.id)).toBeUndefined();
      expect((await site.deliver(request)).state).toBe('ready');
      expect(await guest.open(request)).toEqual(accessCode);
      expect(await moneyOf(guest)).toEqual({ balance: 5000n, held: 300n });

      const active = await guest.sharing.acknowledge(request.id);
      expect(active.state).toBe('active');
      expect(await guest.sharing.accessCode(request.id)).toBeUndefined();
      expect(await moneyOf(guest)).toEqual({ balance: 4700n, held: 0n });
      expect(await earned(before)).toBe(300n);

      await site.ap.ap.reportGrants([{ grantId: grant.id, usage: { bytesIn: 20_000_000n, bytesOut: 80_000_000n, seconds: 60 }, ended: undefined }]);
      expect((await guest.sharing.usage(request.id)).used).toEqual({ bytesIn: 20_000_000n, bytesOut: 80_000_000n, seconds: 60 });
      const ending = await guest.sharing.end(request.id);
      expect(ending).toMatchObject({ state: 'ending', reason: 'ended_by_guest' });
      expect((await harness.store.grants.find(grant.id))!.state).toBe('revoked');
      await guest.read(active, { bytesIn: 20_000_000n, bytesOut: 80_000_000n, seconds: 60 }, { isFinal: true });
      expect((await guest.sharing.show(request.id)).state).toBe('ending');
      await site.sharer.read(active, { bytesIn: 20_000_000n, bytesOut: 80_000_000n, seconds: 60 }, { isFinal: true });
      expect(await guest.sharing.show(request.id)).toMatchObject({ state: 'ended', returned: 200n, owed: 0n });
      expect(await moneyOf(guest)).toEqual({ balance: 4900n, held: 0n });
      expect(await earned(before)).toBe(100n);
    });

    test('by time: it runs from the collection on, and what is left of it goes back', async () => {
      const { offer } = await site.newNetwork({ tariff: byTime, approval: 'manual', answerMs: minutes(15) });
      const request = await guest.order(offer, '1h');
      await guest.pay(request);
      harness.clock.pass(minutes(5));
      await site.deliver(request);
      harness.clock.pass(minutes(5));
      const active = await guest.sharing.acknowledge(request.id);
      const grant = (await harness.store.grants.find(active.grantId!))!;
      expect(timeUpAt(grant)!.getTime() - active.paidAt!.getTime()).toBe(minutes(60));
      expect(active.dueAt).toEqual(timeUpAt(grant));
      harness.clock.pass(minutes(15));
      await guest.sharing.end(request.id);
      harness.clock.pass(lastReadingsMs);
      const settled = await guest.sharing.show(request.id);
      expect(settled.state).toBe('ended');
      expect(settled.returned).toBe(149n);
    });

    test('by time: who has used it up may buy more for a while, from then on; nothing of it goes back', async () => {
      const { offer } = await site.newNetwork({ tariff: byTime });
      const access = await site.sell(guest, offer, '30min');
      harness.clock.pass(minutes(40));
      await site.tend();
      expect(await guest.sharing.show(access.id)).toMatchObject({ state: 'active', dueAt: new Date(access.dueAt!.getTime() + timeGraceMs) });
      const increase = await guest.sharing.increase(access.id, parseQuantity('30min'));
      await guest.pay(increase);
      await site.sharer.sharing.approve(increase.id);
      const grant = (await harness.store.grants.find(access.grantId!))!;
      expect(grant).toMatchObject({ state: 'active', allowedMs: minutes(60) });
      const laterMs = harness.clock.now().getTime() + minutes(30) - timeUpAt(grant)!.getTime();
      expect([laterMs >= 0, laterMs < 1000], String(laterMs)).toEqual([true, true]);
      harness.clock.pass(minutes(30) + timeGraceMs - 2000);
      await site.tend();
      expect((await guest.sharing.show(access.id)).state).toBe('active');
      harness.clock.pass(2000);
      await site.tend();
      expect(await guest.sharing.show(access.id)).toMatchObject({ state: 'ending', reason: 'used_up' });
      expect((await harness.store.grants.find(access.grantId!))!.state).toBe('ended');
      harness.clock.pass(lastReadingsMs);
      await site.tend();
      expect(await guest.sharing.show(access.id)).toMatchObject({ state: 'ended', returned: 0n });
      expect(await moneyOf(guest)).toEqual({ balance: 4800n, held: 0n });
    });

    test('by time, where no agent counts, it ends with that', async () => {
      const { offer } = await site.newNetwork({ tariff: byTime }, { isEnforced: false });
      const access = await site.sell(guest, offer, '30min');
      expect(await harness.store.grants.find(access.grantId!)).toMatchObject({ policy: 'cut', endsAt: access.dueAt });
      harness.clock.pass(minutes(30));
      await site.tend();
      expect((await guest.sharing.show(access.id)).state).toBe('ending');
    });

    test('what the sharer’s side has counted is had by hours, of its own networks alone', async () => {
      const { network, offer } = await site.newNetwork();
      const request = await site.sell(guest, offer, '300MB');
      const begin = new Date(Math.floor(harness.clock.now().getTime() / 3_600_000) * 3_600_000);
      const [from, to] = [begin, new Date(begin.getTime() + 86_400_000)];
      await site.sharer.read(request, { bytesIn: 1_000n, bytesOut: 20_000n });
      harness.clock.pass(2 * 3_600_000);
      await site.sharer.read(request, { bytesIn: 1_500n, bytesOut: 50_000n });
      const later = new Date(Math.floor(harness.clock.now().getTime() / 3_600_000) * 3_600_000);
      const hours = [{ hour: begin, bytesIn: 1_000n, bytesOut: 20_000n }, { hour: later, bytesIn: 500n, bytesOut: 30_000n }];
      expect(await site.sharer.sharing.traffic(network.id, from, to)).toEqual(hours);
      expect(await site.sharer.sharing.traffic(undefined, from, later)).toEqual(expect.arrayContaining([expect.objectContaining({ hour: begin })]));
      expect(await site.sharer.sharing.traffic(network.id, new Date(later.getTime() + 3_600_000), to)).toEqual([]);
      expect(await guest.sharing.traffic(undefined, from, to)).toEqual([]);
      expect(await codeOf(guest.sharing.traffic(network.id, from, to))).toBe('network_not_found');
      expect(await codeOf(site.sharer.sharing.traffic(network.id, to, from))).toBe('invalid_input');
      expect(await codeOf(site.sharer.sharing.traffic(network.id, from, new Date(from.getTime() + 401 * 86_400_000)))).toBe('invalid_input');
    });

    test('a payment whose answer is lost is gone on with as it was written down, and holds the fee once', async () => {
      const { offer } = await site.newNetwork();
      const request = await guest.order(offer, '100MB');
      let begun: BegunPayment | undefined;
      let held: HeldCode = { ...guest.terminal.code, algorithm: guest.terminal.algorithm };
      let answers = false;
      const wallet: WalletRole = Object.create(guest.holder.wallet, {
        pay: {
          async value(payment: PaymentRequest) {
            const reply = await guest.holder.wallet.pay(payment);
            if (!answers) throw new LatchkeyError('remote_unreachable');
            return reply;
          },
        },
      });
      const payer = new Payer({
        wallet,
        clock: harness.clock,
        random: { bytes: (size) => randomBytes(size) },
        codes: { get: async () => held, set: async (__, code) => void (held = code) },
        journal: {
          pending: async () => begun,
          find: async () => undefined,
          begin: async (payment) => void (begun = payment),
          giveUp: async () => {},
          end: async () => void (begun = undefined),
        },
      });
      const payee = { id: request.sharer.accountId, name: 'Sharer', currency: 'EUR' };
      expect(await codeOf(payer.pay({ accountId: guest.account.id, payee, amount: request.fee, shareRequestId: request.id }, identityCode))).toBe('remote_unreachable');
      expect(begun?.request).toMatchObject({ shareRequestId: request.id, holdMs: undefined });
      answers = true;
      expect(await payer.settle(guest.account.id)).toMatchObject({ end: { kind: 'accepted', reply: { state: 'held', amount: request.fee } } });
      expect((await guest.sharing.show(request.id)).state).toBe('held');
      expect(await moneyOf(guest)).toEqual({ balance: 5000n, held: 100n });
    });

    test('a payment that comes twice is one, and the same answers are as good as the first', async () => {
      const { offer } = await site.newNetwork();
      const request = await guest.order(offer, '100MB');
      const payment = guest.payment(request);
      const reply = await guest.terminal.pay(payment);
      expect(await guest.holder.wallet.pay(payment)).toEqual(reply);
      const code = await site.deliver(request);
      expect(await site.sharer.sharing.approve(request.id)).toEqual(code);
      expect(await site.sharer.sharing.respond(request.id, (await guest.sharing.accessCode(request.id))!)).toEqual(code);
      const active = await guest.sharing.acknowledge(request.id);
      expect(await guest.sharing.acknowledge(request.id)).toEqual(active);
      expect(await guest.holder.wallet.pay(payment)).toEqual(reply);
      expect(await moneyOf(guest)).toEqual({ balance: 4900n, held: 0n });
    });

    test.each([
      ['unpaid', feeStandsMs, async () => {}],
      ['unanswered', 120_000, async (id: string) => {
        await guest.pay(await guest.sharing.show(id));
      }],
      ['undelivered', 120_000, async (id: string) => {
        await guest.pay(await guest.sharing.show(id));
        await site.sharer.sharing.approve(id);
      }],
      ['uncollected', collectMs, async (id: string) => {
        await guest.pay(await guest.sharing.show(id));
        await site.deliver(await guest.sharing.show(id));
      }],
    ] as [string, number, (id: string) => Promise<void>][])('%s it expires, and the money is back', async (reason, afterMs, bring) => {
      const { offer } = await site.newNetwork();
      const request = await guest.order(offer, '100MB');
      await bring(request.id);
      harness.clock.pass(afterMs);
      await site.tend();
      const expired = await guest.sharing.show(request.id);
      expect(expired).toMatchObject({ state: 'expired', reason });
      expect(await moneyOf(guest)).toEqual({ balance: 5000n, held: 0n });
      if (expired.grantId !== undefined) expect((await harness.store.grants.find(expired.grantId))!.state).toBe('revoked');
      expect(await guest.sharing.accessCode(request.id)).toBeUndefined();
      for (const [by, late] of [[guest, 'acknowledge'], [guest, 'cancel'], [guest, 'end'], [site.sharer, 'approve'], [site.sharer, 'refuse']] as const) {
        expect(await codeOf(by.sharing[late](request.id))).toBe('share_request_over');
      }
      expect(await codeOf(guest.holder.wallet.pay(guest.payment(request)))).toBe('share_request_over');
    });

    test('refused, cancelled or not payable any more, the money is back', async () => {
      const { offer } = await site.newNetwork();
      const refused = await guest.order(offer, '100MB');
      await guest.pay(refused);
      expect(await site.sharer.sharing.refuse(refused.id, 'not today')).toMatchObject({ state: 'refused', reason: 'not today' });
      expect((await site.sharer.sharing.refuse(refused.id)).state).toBe('refused');
      const { offer: uncounted } = await site.newNetwork({}, { isEnforced: false });
      const cancelled = await guest.order(uncounted, '100MB');
      await guest.pay(cancelled);
      const { grantId } = await site.deliver(cancelled);
      expect((await guest.sharing.cancel(cancelled.id)).state).toBe('cancelled');
      expect((await guest.sharing.cancel(cancelled.id)).state).toBe('cancelled');
      expect(await harness.store.grants.find(grantId!)).toMatchObject({ state: 'revoked' });
      expect(await codeOf(site.sharer.sharing.respond(cancelled.id, 'a.b.c.d.e'))).toBe('access_code_invalid');
      expect(await moneyOf(guest)).toEqual({ balance: 5000n, held: 0n });
      expect((await guest.holder.ledger.payments({}, page)).items.map(({ state }) => state)).toEqual(['released', 'released']);
    });

    describe('given up while the code waits where an agent counts, its fee is held until it is known that it was not used', () => {
      async function given(tariff: Record<string, string> = {}): Promise<ShareRequest> {
        const { offer } = await site.newNetwork({ tariff: parseTariff({ kind: 'steps', step: '1.00EUR=100MB', refund: 'unused', ...tariff }) });
        const request = await guest.order(offer, '100MB');
        if (request.state === 'priced') await guest.pay(request);
        await site.deliver(request);
        const ending = await guest.sharing.cancel(request.id);
        expect(ending).toMatchObject({ state: 'ending', reason: 'given_up', paidAt: undefined });
        expect(await guest.sharing.cancel(request.id)).toEqual(ending);
        expect(await harness.store.grants.find(ending.grantId!)).toMatchObject({ state: 'revoked' });
        expect(await moneyOf(guest)).toEqual({ balance: 5000n, held: ending.fee.minor });
        expect(await guest.sharing.accessCode(request.id)).toBeUndefined();
        return ending;
      }

      test('it is back with the last reading', async () => {
        const ending = await given();
        await site.sharer.read(ending, { bytesOut: 1_000_000n }, { isFinal: true });
        const cancelled = await guest.sharing.show(ending.id);
        expect(cancelled).toMatchObject({ state: 'cancelled', reason: 'given_up', paidAt: undefined, returned: 0n });
        expect(await guest.sharing.cancel(ending.id)).toEqual(cancelled);
        expect(await moneyOf(guest)).toEqual({ balance: 5000n, held: 0n });
        expect((await guest.holder.ledger.payments({}, page)).items.map(({ state }) => state)).toEqual(['released']);
      });

      test('nobody reads anything: it is back by itself', async () => {
        const { id } = await given();
        harness.clock.pass(lastReadingsMs);
        await site.tend();
        expect((await guest.sharing.show(id)).state).toBe('cancelled');
        expect(await moneyOf(guest)).toEqual({ balance: 5000n, held: 0n });
      });

      test('what was used until the cut is paid, and the rest goes back', async () => {
        const ending = await given();
        await site.ap.ap.reportGrants([{ grantId: ending.grantId!, usage: { bytesIn: 0n, bytesOut: 70_000_000n, seconds: 3 }, ended: undefined }]);
        harness.clock.pass(lastReadingsMs);
        await site.tend();
        expect(await guest.sharing.show(ending.id)).toMatchObject({ state: 'ended', reason: 'given_up', returned: 30n, owed: 0n });
        expect(await moneyOf(guest)).toEqual({ balance: 4930n, held: 0n });
      });

      test('of time as long as it was connected is paid', async () => {
        const { offer } = await site.newNetwork({ tariff: parseTariff({ kind: 'steps', step: '1.00EUR=10min', refund: 'unused' }) });
        const request = await guest.order(offer, '10min');
        await guest.pay(request);
        await site.deliver(request);
        const ending = await guest.sharing.cancel(request.id);
        await site.sharer.read(ending, { bytesOut: 2_000_000n, seconds: 60 }, { isFinal: true });
        expect(await guest.sharing.show(ending.id)).toMatchObject({ state: 'ended', returned: 90n });
      });

      test('what is free is not free again for who has used it', async () => {
        const ending = await given({ free: '100MB' });
        expect(ending.fee.minor).toBe(0n);
        await site.sharer.read(ending, { bytesOut: 70_000_000n }, { isFinal: true });
        expect((await guest.sharing.show(ending.id)).state).toBe('ended');
        expect((await guest.order({ id: ending.offerId }, '100MB')).fee.minor).toBe(100n);
      });

      test('a hold that went back meanwhile is not paid any more', async () => {
        const ending = await given();
        await site.sharer.read(ending, { bytesOut: 70_000_000n });
        await harness.store.payments.settle(ending.paymentId!, { state: 'released', captured: 0n, at: harness.clock.now(), reason: 'expired' });
        harness.clock.pass(lastReadingsMs);
        await site.tend();
        expect(await guest.sharing.show(ending.id)).toMatchObject({ state: 'expired', reason: 'uncollected' });
        expect(await moneyOf(guest)).toEqual({ balance: 5000n, held: 0n });
      });
    });

    test('more than anybody may have is not sold, and not paid where two orders together would be', async () => {
      const { offer } = await site.newNetwork({ tariff: parseTariff({ kind: 'steps', step: '1.00EUR=1000d', largest_quantity: '3000d' }) });
      const access = await site.sell(guest, offer, '2000d');
      expect(await codeOf(guest.sharing.increase(access.id, parseQuantity('2000d')))).toBe('purchase_too_large');
      const increases = [await guest.sharing.increase(access.id, parseQuantity('1000d'))];
      await guest.pay(increases[0]!);
      increases.push(await guest.sharing.increase(access.id, parseQuantity('1000d')));
      await guest.pay(increases[1]!);
      expect((await site.sharer.sharing.approve(increases[0]!.id)).state).toBe('active');
      expect(await codeOf(site.sharer.sharing.approve(increases[1]!.id))).toBe('share_request_over');
      expect(await moneyOf(guest)).toEqual({ balance: 4700n, held: 0n });
      expect((await harness.store.grants.find(access.grantId!))!.allowedMs).toBe(3000 * 86_400_000);
    });

    test('what is not sealed for this request is no access code', async () => {
      const { offer } = await site.newNetwork();
      const request = await guest.order(offer, '100MB');
      await guest.pay(request);
      await site.sharer.sharing.approve(request.id);
      const forAnother = await sealAccessCode(accessCode, guest.key, 'srq_another');
      for (const sealed of ['', 'the password of the network', forAnother, `${forAnother}.x`]) {
        expect(await codeOf(site.sharer.sharing.respond(request.id, sealed)), sealed).toMatch(/^(access_code_invalid|invalid_input)$/);
      }
      expect((await guest.sharing.show(request.id)).state).toBe('approved');
      const sealed = await sealAccessCode(accessCode, guest.key, request.id);
      await site.sharer.sharing.respond(request.id, sealed);
      expect(await codeOf(site.sharer.sharing.respond(request.id, await sealAccessCode(accessCode, guest.key, request.id)))).toBe('share_request_over');
      expect(await guest.sharing.accessCode(request.id)).toBe(sealed);
    });

    describe('the fee', () => {
      test('stays as it was set, whatever becomes of the offer, also for an increase', async () => {
        const { offer } = await site.newNetwork();
        const request = await guest.order(offer, '100MB');
        await site.sharer.holder.offers.update(offer.id, { tariff: parseTariff({ kind: 'steps', step: '9.00EUR=100MB', refund: 'none' }) });
        await guest.pay(request);
        await site.deliver(request);
        await guest.sharing.acknowledge(request.id);
        await site.sharer.holder.offers.setState(offer.id, 'paused');
        const increase = await guest.sharing.increase(request.id, parseQuantity('200MB'));
        expect(increase).toMatchObject({ kind: 'increase', accessId: request.id, fee: { minor: 200n }, tariff: byTraffic });
        await guest.pay(increase);
        expect((await site.sharer.sharing.approve(increase.id)).state).toBe('active');
        expect(await moneyOf(guest)).toEqual({ balance: 4700n, held: 0n });
        expect((await (await site.newGuest()).sharing.requests({}, page)).items).toEqual([]);
      });

      test('is nothing where all of it is free, the first time alone', async () => {
        const free = parseTariff({ kind: 'steps', step: '1.00EUR=100MB', free: '50MB', refund: 'unused' });
        const { offer } = await site.newNetwork({ tariff: free });
        const request = await guest.order(offer, '20MB');
        expect(request).toMatchObject({ state: 'held', fee: { minor: 0n }, quantity: parseQuantity('50MB'), bought: { metric: 'traffic', size: 0n } });
        await site.deliver(request);
        const active = await guest.sharing.acknowledge(request.id);
        expect(active).toMatchObject({ state: 'active', paymentId: undefined });
        await guest.sharing.end(request.id);
        harness.clock.pass(lastReadingsMs);
        await site.tend();
        expect(await guest.sharing.show(request.id)).toMatchObject({ state: 'ended', returned: 0n });
        expect(await guest.order(offer, '20MB')).toMatchObject({ state: 'priced', fee: { minor: 100n }, quantity: parseQuantity('100MB') });
        expect(await moneyOf(guest)).toEqual({ balance: 5000n, held: 0n });
      });

      test('with a free part is taken once, of two terminals that ask for it at the same time', async () => {
        const { offer } = await site.newNetwork({ tariff: parseTariff({ kind: 'steps', step: '1.00EUR=100MB', free: '50MB' }) });
        const other = await site.anotherTerminal(guest);
        const [one, two] = [await guest.order(offer, '150MB'), await other.order(offer, '150MB')];
        expect([one.fee.minor, two.fee.minor]).toEqual([100n, 100n]);
        expect((await guest.pay(one)).state).toBe('held');
        expect(await codeOf(other.pay(two))).toBe('share_request_over');
        expect(await moneyOf(guest)).toEqual({ balance: 5000n, held: 100n });
      });

      test.each([
        ['more than the tariff sells', '2GB', 'purchase_too_large'],
        ['another metric', '10min', 'metric_mismatch'],
      ] as const)('is none for %s', async (_, quantity, code) => {
        const { offer } = await site.newNetwork({ tariff: parseTariff({ kind: 'steps', step: '1.00EUR=100MB', largest_quantity: '1GB' }) });
        expect(await codeOf(guest.order(offer, quantity))).toBe(code);
      });

      test('is paid by its guest, from its account, to the sharer, and exactly', async () => {
        const { offer } = await site.newNetwork();
        const request = await guest.order(offer, '100MB');
        const other = await site.newGuest();
        const [payee, fee] = [request.sharer.accountId, request.fee];
        const wrong = [
          { ...guest.terminal.request(payee, { ...fee, minor: 99n }), shareRequestId: request.id },
          { ...guest.terminal.request(other.account.id, fee), shareRequestId: request.id },
          { ...guest.terminal.request(payee, fee, { holdMs: 60_000 }), shareRequestId: request.id },
        ];
        for (const payment of wrong) {
          expect(await codeOf(guest.holder.wallet.pay(payment))).toBe('invalid_input');
        }
        expect(await codeOf(other.holder.wallet.pay(other.payment(request)))).toBe('share_request_not_found');
        expect(await codeOf(guest.holder.wallet.pay({ ...guest.payment(request), shareRequestId: 'srq_nobodys' }))).toBe('share_request_not_found');
        expect((await guest.sharing.show(request.id)).state).toBe('priced');
        expect((await guest.pay(request)).state).toBe('held');
        expect(await codeOf(guest.terminal.pay(guest.payment(request)))).toBe('share_request_over');
        expect(await moneyOf(guest)).toEqual({ balance: 5000n, held: 100n });
      });

      test('that the guest does not have is not held, and may be paid later', async () => {
        const { offer } = await site.newNetwork();
        const poor = await site.newGuest('0.50');
        const request = await poor.order(offer, '100MB');
        expect(await codeOf(poor.terminal.pay(poor.payment(request)))).toBe('insufficient_funds');
        expect((await poor.sharing.show(request.id)).state).toBe('priced');
        await site.admin.ledger.topUp(poor.account.id, parseAmount('1.00EUR'));
        expect((await poor.pay(request)).state).toBe('held');
      });

      test('that is held is taken and given back by its request alone', async () => {
        const { offer } = await site.newNetwork();
        const request = await guest.order(offer, '100MB');
        const { paymentId } = await guest.pay(request);
        expect(await codeOf(site.admin.ledger.capture(paymentId!))).toBe('payment_of_share');
        expect(await codeOf(site.admin.ledger.release(paymentId!))).toBe('payment_of_share');
        expect(await codeOf(site.admin.ledger.close(guest.account.id))).toBe('account_shares');
        expect(await codeOf(site.admin.ledger.close(site.sharer.account.id))).toBe('account_shares');
      });
    });

    describe('asking', () => {
      test('by the same key is one request', async () => {
        const { offer } = await site.newNetwork();
        const request = await guest.order(offer, '100MB', 'key-1');
        expect(await guest.order(offer, '100MB', 'key-1')).toEqual(request);
        expect(await codeOf(guest.order(offer, '200MB', 'key-1'))).toBe('idempotency_mismatch');
      });

      test('again gives up what is not paid, and nothing else', async () => {
        const { offer } = await site.newNetwork();
        const first = await guest.order(offer, '100MB');
        const second = await guest.order(offer, '200MB');
        expect(await guest.sharing.show(first.id)).toMatchObject({ state: 'cancelled', reason: 'replaced' });
        const told = (await harness.store.events.after(site.sharer.holder.token.id, 0, 1000)).filter(({ detail }) => detail['request_id'] === first.id);
        expect(told.map(({ kind }) => kind)).toEqual(['request.received', 'request.cancelled']);
        await guest.pay(second);
        expect(await codeOf(guest.order(offer, '100MB'))).toBe('share_request_open');
      });

      test('for many offers and paying none ends somewhere, until their time is over', async () => {
        const offers = [];
        while (offers.length <= mostUnpaid) offers.push((await site.newNetwork()).offer);
        for (const offer of offers.slice(1)) await guest.order(offer, '100MB');
        expect(await codeOf(guest.order(offers[0]!, '100MB'))).toBe('unpaid_limit');
        const replaced = await guest.order(offers[1]!, '200MB');
        await guest.pay(replaced);
        await guest.order(offers[0]!, '100MB');
        expect(await codeOf(guest.order((await site.newNetwork()).offer, '100MB'))).toBe('unpaid_limit');
        harness.clock.pass(feeStandsMs);
        expect((await guest.order((await site.newNetwork()).offer, '100MB')).state).toBe('priced');
      });

      test('is for offers that are open, of somebody else, with keys that are some', async () => {
        const { offer, network } = await site.newNetwork({ guests: 1 });
        const taken = await guest.order(offer, '100MB');
        await guest.pay(taken);
        const other = await site.newGuest();
        expect(await codeOf(other.order(offer, '100MB'))).toBe('offer_closed');
        await guest.sharing.cancel(taken.id);
        expect((await other.order(offer, '100MB')).state).toBe('priced');
        await harness.store.networks.change(network.id, { state: 'suspended', reason: 'not heard' });
        expect(await codeOf(guest.order(offer, '100MB'))).toBe('offer_closed');
        expect(await codeOf(guest.order({ id: 'off_nobodys' }, '100MB'))).toBe('offer_not_found');
        const paused = await site.newNetwork();
        await site.sharer.holder.offers.setState(paused.offer.id, 'paused');
        expect(await codeOf(guest.order(paused.offer, '100MB'))).toBe('offer_closed');
        const open = (await site.newNetwork()).offer;
        const order = { offerId: open.id, quantity: parseQuantity('100MB'), jwk: JSON.stringify(publicJwkOf(guest.key)), meterKey: guest.meter.publicKey };
        expect(await codeOf(site.sharer.sharing.request(order))).toBe('payee_is_payer');
        expect(await codeOf(guest.sharing.request({ ...order, jwk: '{"kty":"EC"}' }))).toBe('access_code_invalid');
        expect(await codeOf(guest.sharing.request({ ...order, meterKey: new Uint8Array(32) }))).toBe('invalid_input');
        expect(await codeOf(guest.sharing.request({ ...order, account: 'Nobody' }))).toBe('not_bound');
        expect(await codeOf((await harness.hold('terminal')).sharing.request(order))).toBe('not_bound');
        expect(await codeOf((await harness.hold('pos', { aps: [site.ap.token.apId!] })).sharing.request(order))).toBe('forbidden');
      });
    });

    test('nobody else sees anything of it, or does anything to it', async () => {
      const { offer } = await site.newNetwork();
      const request = await guest.order(offer, '100MB');
      await guest.pay(request);
      await site.deliver(request);
      const stranger = await site.newGuest();
      const sealed = (await guest.sharing.accessCode(request.id))!;
      const sharing = stranger.sharing;
      const tries = [
        () => sharing.show(request.id), () => sharing.accessCode(request.id), () => sharing.acknowledge(request.id), () => sharing.cancel(request.id), () => sharing.usage(request.id),
        () => sharing.approve(request.id), () => sharing.refuse(request.id), () => sharing.respond(request.id, sealed), () => sharing.end(request.id),
        () => sharing.increase(request.id, parseQuantity('1MB')), () => sharing.warn(request.id, { threshold: '80%', left: parseQuantity('1MB') }),
        () => sharing.reportMismatch(request.id, 'A'.repeat(43)), () => stranger.read({ ...request, grantId: 'grt_x' }, { bytesIn: 1n }),
        // Each side does its own part.
        () => site.sharer.sharing.accessCode(request.id), () => site.sharer.sharing.acknowledge(request.id), () => site.sharer.sharing.cancel(request.id),
        () => guest.sharing.approve(request.id), () => guest.sharing.refuse(request.id), () => guest.sharing.respond(request.id, sealed),
      ];
      for (const attempt of tries) {
        expect(await codeOf(attempt())).toBe('share_request_not_found');
      }
      expect((await sharing.requests({}, page)).items).toEqual([]);
      expect((await guest.sharing.show(request.id)).state).toBe('ready');
      expect((await guest.sharing.requests({ side: 'guest' }, page)).items.map(({ id }) => id)).toEqual([request.id]);
      expect((await guest.sharing.requests({ side: 'sharer' }, page)).items).toEqual([]);
      expect((await site.sharer.sharing.requests({ networkId: request.networkId, states: ['ready'] }, page)).items.map(({ id }) => id)).toEqual([request.id]);
    });

    describe('increases', () => {
      test('of traffic and of time raise what is in force, and are paid by that', async () => {
        for (const [tariff, first, more] of [[byTraffic, '100MB', '200MB'], [byTime, '30min', '1h']] as const) {
          const { offer } = await site.newNetwork({ tariff });
          const access = await site.sell(guest, offer, first);
          const before = (await harness.store.grants.find(access.grantId!))!;
          const increase = await guest.sharing.increase(access.id, parseQuantity(more), `more-${more}`);
          expect(await guest.sharing.increase(access.id, parseQuantity(more), `more-${more}`)).toEqual(increase);
          await guest.pay(increase);
          expect((await harness.store.grants.find(access.grantId!))!).toEqual(before);
          const active = await site.sharer.sharing.approve(increase.id);
          expect(await site.sharer.sharing.approve(increase.id)).toEqual(active);
          const after = (await harness.store.grants.find(access.grantId!))!;
          expect(after.revision).toBeGreaterThan(before.revision);
          if (tariff === byTraffic) expect(after.quotaBytes! - before.quotaBytes!).toBe(200_000_000n);
          else expect(after.endsAt!.getTime() - before.endsAt!.getTime()).toBe(minutes(60));
          await guest.sharing.end(access.id);
        }
      });

      test('of what is over are given back, held or not', async () => {
        const { offer } = await site.newNetwork();
        const access = await site.sell(guest, offer, '100MB');
        const held = await guest.sharing.increase(access.id, parseQuantity('100MB'));
        await guest.pay(held);
        const priced = await guest.sharing.increase(access.id, parseQuantity('100MB'));
        expect(await moneyOf(guest)).toEqual({ balance: 4900n, held: 100n });
        await guest.sharing.end(access.id);
        for (const { id } of [held, priced]) expect(await guest.sharing.show(id)).toMatchObject({ state: 'expired', reason: 'grant_over' });
        expect(await moneyOf(guest)).toEqual({ balance: 4900n, held: 0n });
        expect(await codeOf(guest.sharing.increase(access.id, parseQuantity('100MB')))).toBe('share_request_over');
      });

      test('that are not paid give way to the next, so that however many are asked for, one is open', async () => {
        const { offer } = await site.newNetwork();
        const access = await site.sell(guest, offer, '100MB');
        const more = () => guest.sharing.increase(access.id, parseQuantity('100MB'));
        const paid = await more();
        await guest.pay(paid);
        const [first, second] = [await more(), await more()];
        expect(await guest.sharing.show(first.id)).toMatchObject({ state: 'cancelled', reason: 'replaced' });
        expect(await codeOf(guest.pay(first))).toBe('share_request_over');
        expect((await guest.sharing.show(paid.id)).state).toBe('held');
        expect((await harness.store.shareRequests.ofGrant(access.grantId!)).map(({ id }) => id)).toEqual([access.id, paid.id, second.id]);
      });

      test('end with their access, and what was bought last is used last', async () => {
        const { offer } = await site.newNetwork();
        const access = await site.sell(guest, offer, '100MB');
        const increase = await guest.sharing.increase(access.id, parseQuantity('200MB'));
        await guest.pay(increase);
        await site.sharer.sharing.approve(increase.id);
        await use(access, 150_000_000n);
        await guest.sharing.end(access.id);
        await settleNow();
        expect(await guest.sharing.show(access.id)).toMatchObject({ state: 'ended', returned: 0n });
        expect(await guest.sharing.show(increase.id)).toMatchObject({ state: 'ended', returned: 150n });
        expect(await moneyOf(guest)).toEqual({ balance: 4850n, held: 0n });
      });
    });

    describe('settling', () => {
      const without = { refund: 'none' } as const;
      test.each([
        ['its guest ends it: by the tariff', 'guest', {}, 90n, 60n],
        ['its guest ends it, and the tariff gives nothing back', 'guest', without, 90n, 0n],
        ['its sharer ends it: whatever the tariff says', 'sharer', without, 90n, 70n],
        ['its grant is revoked by the owner', 'owner', without, 90n, 70n],
        ['its agent says that its traffic is used up', 'agent', without, 300n, 0n],
      ] as const)('%s', async (_, by, refund, usedMb, __) => {
        const { offer } = await site.newNetwork({ tariff: parseTariff({ kind: 'steps', step: '1.00EUR=100MB', ...(by === 'guest' && refund !== without ? { refund: 'unused' } : {}) }) });
        const access = await site.sell(guest, offer, '300MB');
        await use(access, usedMb * 1_000_000n);
        if (by === 'guest') await guest.sharing.end(access.id);
        if (by === 'sharer') await site.sharer.sharing.end(access.id);
        if (by === 'owner') await (await harness.hold('owner', { aps: [site.ap.token.apId!] })).owner.revokeGrant(access.grantId!);
        if (by === 'agent') await end(access, usedMb * 1_000_000n);
        expect((await guest.sharing.show(access.id)).state).toBe('ending');
        await settleNow();
        const expected = by === 'agent' || refund === without && by === 'guest' ? 0n : 210n;
        expect(await guest.sharing.show(access.id)).toMatchObject({ state: 'ended', returned: expected, owed: 0n });
        expect(await moneyOf(guest)).toEqual({ balance: 4700n + expected, held: 0n });
      });

      test('what brought nothing and is ended at once goes back as a whole, and later does not', async () => {
        const tariff = parseTariff({ kind: 'steps', step: '1.00EUR=100MB' });
        for (const [afterMs, returned] of [[complaintMs - minutes(1), 300n], [complaintMs, 0n]] as const) {
          const { offer } = await site.newNetwork({ tariff });
          const access = await site.sell(guest, offer, '300MB');
          await use(access, 4_000n);
          harness.clock.pass(afterMs);
          await guest.sharing.end(access.id);
          await settleNow();
          expect(await guest.sharing.show(access.id)).toMatchObject({ state: 'ended', returned });
        }
      });

      test('of what has no limit the sharer that ends it keeps nothing, and the guest gets nothing back', async () => {
        for (const [by, returned] of [[site.sharer, 500n], [guest, 0n]] as const) {
          const { offer } = await site.newNetwork({ tariff: parseTariff({ kind: 'unlimited', price: '5.00EUR' }) });
          const access = await site.sell(guest, offer, '1GB');
          expect(access.quantity).toBe('unlimited');
          await use(access, 5_000_000n);
          await by.sharing.end(access.id);
          await settleNow();
          expect(await guest.sharing.show(access.id)).toMatchObject({ state: 'ended', returned });
        }
      });

      test('what the sharer’s account lacks is owed, closes its offers, and is paid as soon as it can be', async () => {
        const poor = await site.newSharer();
        const { offer } = await site.newNetwork({}, { sharer: poor });
        const other = await site.newNetwork({}, { sharer: poor });
        const access = await site.sell(guest, offer, '300MB', poor);
        await site.admin.ledger.payOut(poor.account.id, parseAmount('2.50EUR'));
        await poor.sharing.end(access.id);
        await settleNow();
        expect(await guest.sharing.show(access.id)).toMatchObject({ state: 'ended', returned: 50n, owed: 250n });
        expect(await codeOf(guest.order(other.offer, '100MB'))).toBe('offer_closed');
        expect(await codeOf(site.admin.ledger.close(poor.account.id))).toBe('account_shares');
        await site.admin.ledger.topUp(poor.account.id, parseAmount('1.00EUR'));
        await passAndTend(owedAgainMs);
        expect(await guest.sharing.show(access.id)).toMatchObject({ returned: 150n, owed: 150n });
        await site.admin.ledger.topUp(poor.account.id, parseAmount('0.50EUR'));
        await site.admin.ledger.refund(access.paymentId!, parseAmount('0.50EUR'));
        expect(await guest.sharing.show(access.id)).toMatchObject({ returned: 200n, owed: 100n });
        await site.admin.ledger.topUp(poor.account.id, parseAmount('5.00EUR'));
        await passAndTend(owedAgainMs);
        expect(await guest.sharing.show(access.id)).toMatchObject({ returned: 300n, owed: 0n });
        expect(await moneyOf(guest)).toEqual({ balance: 5000n, held: 0n });
        expect(await site.money(poor)).toEqual({ balance: 400n, held: 0n });
        expect((await guest.order(other.offer, '100MB')).state).toBe('priced');
      });

      test.each([
        ['without an agent the guest’s signed count is what counts', 100n, 100n, 200n, false],
        ['a small difference is none', 100n, 101n, 200n, false],
        ['of what is disputed goes back what both say was not used', 0n, 300n, 0n, true],
        ['the sharer says less', 100n, 0n, 200n, true],
        ['the guest says nothing: all that was bought was used', undefined, 100n, 0n, false],
        ['the sharer says nothing', 100n, undefined, 200n, false],
      ] as const)('%s', async (_, ofGuest, ofSharer, returned, isDisputed) => {
        const { offer } = await site.newNetwork({}, { isEnforced: false });
        const access = await site.sell(guest, offer, '300MB');
        harness.clock.pass(complaintMs);
        await guest.sharing.end(access.id);
        const disputed = (await site.sharer.holder.offers.showOffer(offer.id)) && (await disputes());
        if (ofGuest !== undefined) await guest.read(access, { bytesOut: ofGuest * 1_000_000n }, { isFinal: true });
        if (ofSharer !== undefined) await site.sharer.read(access, { bytesOut: ofSharer * 1_000_000n }, { isFinal: true });
        await settleNow();
        expect(await guest.sharing.show(access.id)).toMatchObject({ state: 'ended', returned });
        expect((await disputes()) - disputed).toBe(isDisputed ? 1 : 0);
      });

      test('with an agent its last count is what counts, also where it has not come by itself yet', async () => {
        const { offer } = await site.newNetwork();
        const access = await site.sell(guest, offer, '300MB');
        await site.ap.ap.reportGrants([{ grantId: access.grantId!, usage: { bytesIn: 0n, bytesOut: 100_000_000n, seconds: 1 }, ended: undefined }]);
        await guest.sharing.end(access.id);
        await guest.read(access, { bytesOut: 200_000_000n }, { isFinal: true });
        await site.sharer.read(access, { bytesOut: 200_000_000n }, { isFinal: true });
        expect(await guest.sharing.show(access.id)).toMatchObject({ state: 'ended', returned: 100n });
      });

      test.each([
        ['and neither has counted: nothing was used', undefined, 300n],
        ['and only the sharer has counted: that', 100n, 200n],
      ] as const)('a sharer without an agent that puts its guest off the air, which can say nothing then, %s', async (_, ofSharer, returned) => {
        const { offer } = await site.newNetwork({ tariff: parseTariff({ kind: 'steps', step: '1.00EUR=100MB' }) }, { isEnforced: false });
        const access = await site.sell(guest, offer, '300MB');
        if (ofSharer !== undefined) await site.sharer.read(access, { bytesOut: ofSharer * 1_000_000n });
        await site.sharer.sharing.end(access.id);
        await settleNow();
        expect(await guest.sharing.show(access.id)).toMatchObject({ state: 'ended', reason: 'ended_by_sharer', returned });
      });

      test('by time alone, where no agent says that it is over', async () => {
        const { offer } = await site.newNetwork({ tariff: byTime }, { isEnforced: false });
        const access = await site.sell(guest, offer, '30min');
        harness.clock.pass(minutes(30));
        expect(await guest.sharing.show(access.id)).toMatchObject({ state: 'ending', reason: 'used_up' });
        await settleNow();
        expect(await guest.sharing.show(access.id)).toMatchObject({ state: 'ended', returned: 0n });
        expect(await codeOf(guest.sharing.acknowledge(access.id))).toBe('share_request_over');
      });
    });

    test('traffic that nobody uses up lasts thirty days from its last purchase, and then goes back by the tariff', async () => {
      const { offer } = await site.newNetwork({ guests: 1 });
      const access = await site.sell(guest, offer, '100MB');
      harness.clock.pass(trafficLastsMs - minutes(1));
      const more = await guest.sharing.increase(access.id, parseQuantity('100MB'));
      await guest.pay(more);
      await site.sharer.sharing.approve(more.id);
      harness.clock.pass(trafficLastsMs - minutes(1));
      expect((await guest.sharing.show(access.id)).state).toBe('active');
      harness.clock.pass(minutes(1));
      expect(await guest.sharing.show(access.id)).toMatchObject({ state: 'ending', reason: 'used_up' });
      await settleNow();
      expect(await guest.sharing.show(access.id)).toMatchObject({ state: 'ended', returned: 100n });
    });

    test('an access point with one password for all counts nobody’s traffic: the guest’s signed count goes', async () => {
      const { offer } = await site.newNetwork();
      await site.ap.ap.announce({ ssid: 'CoffeeHouse', onboardingSsid: 'setup', enforcement: 'shared-password' });
      try {
        const access = await site.sell(guest, offer, '100MB');
        await guest.read(access, { bytesIn: 40_000_000n });
        await guest.sharing.end(access.id);
        await settleNow();
        expect(await guest.sharing.show(access.id)).toMatchObject({ state: 'ended', returned: 60n });
      } finally {
        await site.ap.ap.announce({ ssid: 'CoffeeHouse', onboardingSsid: 'setup', enforcement: 'per-grant' });
      }
    });

    describe('the first use', () => {
      test('that an agent reports pays what waits to be collected; the code stays until it was opened', async () => {
        const { offer } = await site.newNetwork();
        const request = await guest.order(offer, '100MB');
        await guest.pay(request);
        const { grantId } = await site.deliver(request);
        await site.ap.ap.reportGrants([{ grantId: grantId!, usage: noUsage, ended: undefined }]);
        expect((await guest.sharing.show(request.id)).state).toBe('ready');
        await site.ap.ap.reportGrants([{ grantId: grantId!, usage: { bytesIn: 90n, bytesOut: 0n, seconds: 1 }, ended: undefined }]);
        expect((await guest.sharing.show(request.id)).state).toBe('active');
        expect(await moneyOf(guest)).toEqual({ balance: 4900n, held: 0n });
        expect(await guest.open(request)).toEqual(accessCode);
        await guest.sharing.acknowledge(request.id);
        expect(await guest.sharing.accessCode(request.id)).toBeUndefined();
        expect(await moneyOf(guest)).toEqual({ balance: 4900n, held: 0n });
      });

      test('that the sharer’s own meter shows pays as well, and not the guest’s, nor another agent’s', async () => {
        const { offer } = await site.newNetwork({}, { isEnforced: false });
        const request = await guest.order(offer, '100MB');
        await guest.pay(request);
        const ready = await site.deliver(request);
        await guest.read(ready, { bytesIn: 1n });
        await site.ap.ap.reportGrants([{ grantId: ready.grantId!, usage: { bytesIn: 90n, bytesOut: 0n, seconds: 1 }, ended: undefined }]);
        await site.sharer.read(ready, {});
        expect((await guest.sharing.show(request.id)).state).toBe('ready');
        await site.sharer.read(ready, { bytesIn: 1n });
        expect((await guest.sharing.show(request.id)).state).toBe('active');
      });
    });

    describe('meter readings', () => {
      test('are taken by their signature, and what was counted never goes back', async () => {
        const { offer, network } = await site.newNetwork({}, { isEnforced: false });
        const access = await site.sell(guest, offer, '300MB');
        const now = harness.clock.now();
        const at = (s: number) => new Date(now.getTime() + s * 1000);
        expect(await codeOf(guest.read(access, { bytesIn: 5n }, { key: site.sharer.meter.privateKey }))).toBe('signature_invalid');
        expect(await codeOf(site.sharer.read(access, { bytesIn: 5n }, { key: guest.meter.privateKey }))).toBe('signature_invalid');
        await site.sharer.read(access, { bytesIn: 10n, bytesOut: 20n, seconds: 1 }, { at: at(1) });
        await site.sharer.read(access, { bytesIn: 30n, bytesOut: 20n, seconds: 3 }, { at: at(3) });
        // Doubled, out of order, and with a count that goes back.
        await site.sharer.read(access, { bytesIn: 30n, bytesOut: 20n, seconds: 3 }, { at: at(3) });
        await site.sharer.read(access, { bytesIn: 20n, bytesOut: 20n, seconds: 2 }, { at: at(2) });
        await site.sharer.read(access, { bytesIn: 40n, bytesOut: 10n, seconds: 4 }, { at: at(4) });
        expect((await guest.sharing.usage(access.id)).sharer).toMatchObject({ bytesIn: 30n, bytesOut: 20n, seconds: 3, side: 'sharer', isFinal: false });
        await site.sharer.read(access, { bytesIn: 50n, bytesOut: 25n, seconds: 5 }, { at: at(5), isFinal: true });
        await site.sharer.read(access, { bytesIn: 60n, bytesOut: 25n, seconds: 6 }, { at: at(6) });
        const { sharer, guest: ofGuest } = await guest.sharing.usage(access.id);
        expect([sharer?.bytesIn, sharer?.isFinal, ofGuest]).toEqual([50n, true, undefined]);
        const day = new Date(now.getTime() - 86_400_000);
        const hours = await harness.store.shareRequests.hours([network.id], day, at(86_400));
        expect([hours.reduce((sum, { bytesIn }) => sum + bytesIn, 0n), hours.reduce((sum, { bytesOut }) => sum + bytesOut, 0n)]).toEqual([50n, 25n]);
      });

      test('are of now, by the server’s clock', async () => {
        const { offer, network } = await site.newNetwork({}, { isEnforced: false });
        const access = await site.sell(guest, offer, '300MB');
        const now = harness.clock.now().getTime();
        for (const apart of [-readingSkewMs - 1000, readingSkewMs + 1000, 365 * 86_400_000]) {
          expect(await codeOf(site.sharer.read(access, { bytesIn: 5n }, { at: new Date(now + apart) }))).toBe('clock_wrong');
        }
        expect(await harness.store.shareRequests.hours([network.id], new Date(0), new Date(now + 400 * 86_400_000))).toEqual([]);
        await site.sharer.read(access, { bytesIn: 5n }, { at: new Date(now - readingSkewMs + 1000) });
        expect((await guest.sharing.usage(access.id)).sharer?.bytesIn).toBe(5n);
      });

      test('of many at once count once', async () => {
        const { offer, network } = await site.newNetwork({}, { isEnforced: false });
        const access = await site.sell(guest, offer, '300MB');
        const now = harness.clock.now();
        await Promise.all(Array.from({ length: 12 }, (_, index) => site.sharer.read(access, { bytesIn: BigInt((index % 4) + 1) * 100n }, { at: new Date(now.getTime() + (index % 4) * 1000) })));
        expect((await guest.sharing.usage(access.id)).sharer?.bytesIn).toBe(400n);
        const [hour, ...more] = await harness.store.shareRequests.hours([network.id], new Date(0), new Date(now.getTime() + 86_400_000));
        expect(more.reduce((sum, { bytesIn }) => sum + bytesIn, hour!.bytesIn)).toBe(400n);
      });

      test('of both sides, when they are the last, settle at once', async () => {
        const { offer } = await site.newNetwork();
        const access = await site.sell(guest, offer, '100MB');
        await site.sharer.sharing.end(access.id);
        await guest.read(access, {}, { isFinal: true });
        await site.sharer.read(access, {}, { isFinal: true });
        expect((await guest.sharing.show(access.id)).state).toBe('ended');
        expect(await codeOf(guest.read(access, { bytesIn: 1n }))).toBe('share_request_over');
      });
    });

    describe('another key than the guest’s', () => {
      test('that the server put in is found by its thumbprint: the access is revoked, and what was not used goes back whatever the tariff says', async () => {
        const { offer } = await site.newNetwork({ tariff: parseTariff({ kind: 'steps', step: '1.00EUR=100MB' }) });
        const request = await guest.order(offer, '100MB');
        await guest.pay(request);
        await site.sharer.sharing.approve(request.id);
        const cheat = newAccessKey();
        // It opens the code, and seals it to the guest again, who sees nothing of it.
        await site.sharer.sharing.respond(request.id, await sealAccessCode(accessCode, guest.key, request.id));
        await guest.open(request);
        const active = await guest.sharing.acknowledge(request.id);
        const increase = await guest.sharing.increase(request.id, parseQuantity('100MB'));
        await guest.pay(increase);
        await site.sharer.sharing.approve(increase.id);
        await use(active, 50_000_000n);
        const [seen, own] = [await jwkThumbprint(cheat), await jwkThumbprint(guest.key)];
        expect(await codeOf(guest.sharing.reportMismatch(request.id, own))).toBe('invalid_input');
        const ending = await guest.sharing.reportMismatch(request.id, seen);
        expect(ending).toMatchObject({ state: 'ending', reason: 'key_mismatch' });
        expect(await guest.sharing.reportMismatch(request.id, seen)).toEqual(ending);
        await settleNow();
        expect(await guest.sharing.show(request.id)).toMatchObject({ state: 'ended', returned: 50n });
        expect(await guest.sharing.show(increase.id)).toMatchObject({ state: 'ended', returned: 100n });
        expect((await harness.store.grants.find(active.grantId!))!.state).toBe('revoked');
        expect(await moneyOf(guest)).toEqual({ balance: 4950n, held: 0n });
      });

      test.each(['50.00EUR', '1.00EUR'])('that is found before it is used gives all back: %s', async (price) => {
        const { offer } = await site.newNetwork({ tariff: parseTariff(price === '1.00EUR' ? { kind: 'unlimited', price } : { kind: 'steps', step: `${price}=100MB` }) });
        const access = await site.sell(guest, offer, '100MB');
        await use(access, 900_000n);
        await guest.sharing.reportMismatch(access.id, await jwkThumbprint(newAccessKey()));
        await settleNow();
        expect(await guest.sharing.show(access.id)).toMatchObject({ state: 'ended', returned: access.fee.minor });
        expect(await moneyOf(guest)).toEqual({ balance: 5000n, held: 0n });
      });

      test.each([
        ['nobody has counted anything: all', undefined, undefined, 300n],
        ['the sharer has counted: what it has not', undefined, 100n, 200n],
        ['both have: what is not used', 100n, 100n, 200n],
      ] as const)('without an agent, where %s goes back', async (_, ofGuest, ofSharer, returned) => {
        const { offer } = await site.newNetwork({ tariff: parseTariff({ kind: 'steps', step: '1.00EUR=100MB' }) }, { isEnforced: false });
        const access = await site.sell(guest, offer, '300MB');
        if (ofGuest !== undefined) await guest.read(access, { bytesOut: ofGuest * 1_000_000n });
        if (ofSharer !== undefined) await site.sharer.read(access, { bytesOut: ofSharer * 1_000_000n });
        await guest.sharing.reportMismatch(access.id, await jwkThumbprint(newAccessKey()));
        await settleNow();
        expect(await guest.sharing.show(access.id)).toMatchObject({ state: 'ended', returned });
      });

      test('before it is paid gives back what is held; long after it is too late', async () => {
        const { offer } = await site.newNetwork();
        const request = await guest.order(offer, '100MB');
        await guest.pay(request);
        await site.deliver(request);
        const other = await jwkThumbprint(newAccessKey());
        expect(await guest.sharing.reportMismatch(request.id, other)).toMatchObject({ state: 'ending', reason: 'key_mismatch' });
        const access = await site.sell(guest, offer, '100MB');
        await settleNow();
        expect(await guest.sharing.show(request.id)).toMatchObject({ state: 'cancelled', reason: 'key_mismatch' });
        harness.clock.pass(complaintMs);
        expect(await codeOf(guest.sharing.reportMismatch(access.id, other))).toBe('share_request_over');
        expect(await moneyOf(guest)).toEqual({ balance: 4900n, held: 0n });
      });
    });

    test('both sides are told what happens, once each', async () => {
      const { offer } = await site.newNetwork();
      const access = await site.sell(guest, offer, '100MB');
      await site.sharer.sharing.warn(access.id, { threshold: '80%', left: parseQuantity('20MB') });
      await site.sharer.sharing.warn(access.id, { threshold: '80%', left: parseQuantity('19MB') });
      const increase = await guest.sharing.increase(access.id, parseQuantity('100MB'));
      await guest.pay(increase);
      await site.sharer.sharing.approve(increase.id);
      await site.sharer.sharing.warn(access.id, { threshold: '80%', left: parseQuantity('40MB') });
      await guest.sharing.end(access.id);
      await settleNow();
      const told = async (terminalId: string) =>
        (await harness.store.events.after(terminalId, 0, 1000)).filter(({ detail }) => detail['access_id'] === access.id).map(({ kind }) => kind);
      expect(await told(guest.holder.token.id)).toEqual(['fee.set', 'response.ready', 'quota.low', 'fee.set', 'increase.granted', 'quota.low', 'grant.ended', 'request.settled']);
      expect(await told(site.sharer.holder.token.id)).toEqual([
        'request.received', 'payment.held', 'code.collected', 'increase.received', 'payment.held', 'grant.ended', 'request.settled',
      ]);
      const actions = (await harness.store.audit.list({}, { limit: 200 }, 'newest')).items.filter(({ detail }) => detail['share_request_id'] === access.id).map(({ action }) => action);
      expect(new Set(actions)).toEqual(new Set(['share.held', 'share.approved', 'grant.created', 'share.ready', 'share.active', 'share.ending', 'share.ended', 'share.returned']));
    });

    describe('of what comes at the same time one wins, and money moves once', () => {
      const settledAs = (results: readonly (string | undefined)[]) => results.filter((code) => code === undefined).length;

      test('many payments', async () => {
        const { offer } = await site.newNetwork();
        const request = await guest.order(offer, '100MB');
        const payments = [guest.payment(request), guest.payment(request), guest.payment(request)];
        const codes = await Promise.all(payments.map((payment) => codeOf(guest.holder.wallet.pay(payment))));
        expect(settledAs(codes), codes.join()).toBe(1);
        expect(await moneyOf(guest)).toEqual({ balance: 5000n, held: 100n });
      });

      test('more guests than there is room for', async () => {
        const { offer } = await site.newNetwork({ guests: 2 });
        const guests: Guest[] = [];
        while (guests.length < 5) guests.push(await site.newGuest());
        const requests = await Promise.all(guests.map((each) => each.order(offer, '100MB')));
        const codes = await Promise.all(guests.map((each, index) => codeOf(each.terminal.pay(each.payment(requests[index]!)))));
        expect(settledAs(codes), codes.join()).toBe(2);
        expect(new Set(codes)).toEqual(new Set([undefined, 'share_request_over']));
        const held = await Promise.all(guests.map(async (each) => (await moneyOf(each)).held));
        expect(held.reduce((sum, each) => sum + each, 0n)).toBe(200n);
      });

      test.each(['pay', 'approve', 'respond', 'acknowledge', 'refuse'] as const)('a cancellation against %s', async (what) => {
        const { offer } = await site.newNetwork();
        const request = await guest.order(offer, '100MB');
        if (what !== 'pay') await guest.pay(request);
        if (what === 'respond') await site.sharer.sharing.approve(request.id);
        if (what === 'acknowledge') await site.deliver(request);
        const sealed = await sealAccessCode(accessCode, guest.key, request.id);
        const against = {
          pay: () => guest.terminal.pay(guest.payment(request)),
          approve: () => site.sharer.sharing.approve(request.id),
          respond: () => site.sharer.sharing.respond(request.id, sealed),
          acknowledge: () => guest.sharing.acknowledge(request.id),
          refuse: () => site.sharer.sharing.refuse(request.id),
        }[what];
        const [cancelled, other] = await Promise.all([codeOf(guest.sharing.cancel(request.id)), codeOf(against())]);
        const { state, grantId } = await guest.sharing.show(request.id);
        expect([cancelled, other].every((code) => code === undefined || code === 'share_request_over'), [cancelled, other].join()).toBe(true);
        expect(state === 'ending' ? 'cancelled' : state).toBe(cancelled === undefined ? 'cancelled' : what === 'acknowledge' ? 'active' : 'refused');
        await settleNow();
        expect(await moneyOf(guest)).toEqual(state === 'active' ? { balance: 4900n, held: 0n } : { balance: 5000n, held: 0n });
        if (grantId !== undefined && state !== 'active') expect((await harness.store.grants.find(grantId))!.state).toBe('revoked');
      });

      test.each(['approve', 'acknowledge'] as const)('its time against %s', async (what) => {
        const { offer } = await site.newNetwork();
        const request = await guest.order(offer, '100MB');
        await guest.pay(request);
        if (what === 'acknowledge') await site.deliver(request);
        harness.clock.pass(what === 'approve' ? 119_900 : collectMs - 100);
        const acting = what === 'approve' ? () => site.sharer.sharing.approve(request.id) : () => guest.sharing.acknowledge(request.id);
        harness.clock.pass(100);
        const codes = await Promise.all([codeOf(acting()), site.tend().then(() => undefined), codeOf(acting())]);
        const { state } = await guest.sharing.show(request.id);
        expect(state, codes.join()).toBe('expired');
        expect(await moneyOf(guest)).toEqual({ balance: 5000n, held: 0n });
      });

      test('two acknowledgements, uses and an end', async () => {
        const { offer } = await site.newNetwork();
        const request = await guest.order(offer, '100MB');
        await guest.pay(request);
        const { grantId } = await site.deliver(request);
        await Promise.all([
          guest.sharing.acknowledge(request.id), guest.sharing.acknowledge(request.id), use(request, 2_000_000n, grantId), use(request, 2_000_000n, grantId),
        ]);
        expect(await moneyOf(guest)).toEqual({ balance: 4900n, held: 0n });
        await Promise.all([guest.sharing.end(request.id), site.sharer.sharing.end(request.id), end(request, 2_000_000n, grantId)]);
        harness.clock.pass(lastReadingsMs);
        await Promise.all([site.tend(), site.tend(), guest.sharing.show(request.id)]);
        const { state, returned, reason } = await guest.sharing.show(request.id);
        expect([state, returned], reason).toEqual(['ended', 98n]);
        expect(await moneyOf(guest)).toEqual({ balance: 4998n, held: 0n });
      });
    });

    /** What its agent has counted of it so far. */
    function use({ grantId }: ShareRequest, bytesOut: bigint, id = grantId): Promise<void> {
      return site.ap.ap.reportGrants([{ grantId: id!, usage: { bytesIn: 0n, bytesOut, seconds: 60 }, ended: undefined }]);
    }
    function end({ grantId }: ShareRequest, bytesOut: bigint, id = grantId): Promise<void> {
      return site.ap.ap.reportGrants([{ grantId: id!, usage: { bytesIn: 0n, bytesOut, seconds: 60 }, ended: { at: harness.clock.now(), reason: 'its traffic is used up' } }]);
    }
    async function passAndTend(ms: number): Promise<void> {
      harness.clock.pass(ms);
      await site.tend();
    }
    const settleNow = () => passAndTend(lastReadingsMs);
    const disputes = async () => (await harness.store.offers.record(site.sharer.account.id)).disputed;
  });
}
