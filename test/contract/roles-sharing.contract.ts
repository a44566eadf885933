import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/domain/quantity.ts';
import { collectMs, feeStandsMs, lastReadingsMs } from '../../src/domain/share-request.ts';
import { codeOf, type MakeHarness, type RolesHarness } from './roles.harness.ts';
import { accessCode, byTime, openSite, type Guest, type Site } from './share-parties.ts';

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
      expect(grant.endsAt!.getTime() - active.paidAt!.getTime()).toBe(minutes(60));
      harness.clock.pass(minutes(15));
      await guest.sharing.end(request.id);
      harness.clock.pass(lastReadingsMs);
      const settled = await guest.sharing.show(request.id);
      expect(settled.state).toBe('ended');
      expect(settled.returned).toBe(149n);
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
  });
}
