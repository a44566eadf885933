import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Network } from '../../src/domain/network.ts';
import type { Offer } from '../../src/domain/offer.ts';
import { endReasons, type ShareRequest } from '../../src/domain/share-request.ts';
import { parseTariff } from '../../src/domain/tariff-json.ts';
import { parseShownOffer } from '../../src/roles/offers/shown-offer.ts';
import type { Store } from '../../src/roles/store.ts';
import { addAccount, addNetwork, after, newId, start } from '../storage/samples.ts';
import type { StoreHarness } from './store.contract.ts';

const tariff = parseTariff({ kind: 'fixed', allowed: '1GB', price: '2.00EUR' });
const fee = { minor: 200n, currency: 'EUR' };

/** How every store keeps offers, and what it says of their sharers. */
export function offerStoreContract(name: string, harness: () => Promise<StoreHarness>): void {
  describe(`${name}: offers`, () => {
    let database: StoreHarness;
    let store: Store;
    beforeAll(async () => {
      database = await harness();
      store = await database.open();
    });
    afterAll(async () => {
      await store.close();
      await database.remove();
    });

    async function addOffer(parts: Partial<Network> = {}): Promise<{ network: Network; offer: Offer }> {
      const network = await addNetwork(store, parts);
      const offer: Offer = {
        id: newId('off'), networkId: network.id, accountId: network.accountId, terminalId: network.terminalId, state: 'active', tariff, guests: 5, hours: undefined,
        approval: 'automatic', answerMs: 120_000, createdAt: start, changedAt: start,
      };
      expect(await store.offers.insert(offer)).toBe(true);
      return { network, offer };
    }
    async function addRequest(offer: Offer, parts: Partial<ShareRequest>): Promise<ShareRequest> {
      const id = newId('srq');
      const request: ShareRequest = {
        id, kind: 'access', accessId: id, offerId: offer.id, networkId: offer.networkId, apId: newId('ap'), guest: { accountId: await addAccount(store), terminalId: newId('tok') },
        sharer: { accountId: offer.accountId, terminalId: offer.terminalId }, jwk: '{}', meterKey: randomBytes(32), tariff, approval: 'automatic', answerMs: 1,
        quantity: { metric: 'traffic', size: 1n }, bought: { metric: 'traffic', size: 1n }, fee, state: 'priced', paymentId: newId('pay'), grantId: undefined, createdAt: start,
        dueAt: undefined, paidAt: undefined, endedAt: undefined, reason: undefined, returned: 0n, owed: 0n, ...parts,
      };
      await store.shareRequests.insert(request);
      return request;
    }
    const found = async ({ bssids }: Pick<Network, 'bssids'>) => (await store.offers.search(bssids))[0];

    test('of a network there is one that is not withdrawn', async () => {
      const { offer } = await addOffer();
      expect(await store.offers.insert({ ...offer, id: newId('off') })).toBe(false);
      await store.offers.put({ ...offer, state: 'withdrawn' });
      expect(await store.offers.insert({ ...offer, id: newId('off') })).toBe(true);
    });

    test('what is found is the offer and its network as they are now', async () => {
      const { network, offer } = await addOffer();
      const shown = async () => parseShownOffer((await found(network))!.shown);
      expect(await shown()).toMatchObject({ offer, network: { id: network.id, bssids: network.bssids, verifiedAt: network.verifiedAt } });
      const changed = { ...offer, guests: 9, changedAt: after(1) };
      await store.offers.put(changed);
      await store.networks.change(network.id, { verifiedAt: after(2), security: 'wpa3-sae' });
      expect(await shown()).toMatchObject({ offer: changed, network: { verifiedAt: after(2), security: 'wpa3-sae' } });
      expect(await found(network)).toMatchObject({ limits: { guests: 9, hours: undefined } });
    });

    test('its guests are those who have access, or whose money is held for it', async () => {
      const { network, offer } = await addOffer();
      const { id } = await addRequest(offer, { state: 'held' });
      for (const state of ['approved', 'ready', 'active', 'priced', 'ending', 'refused', 'expired', 'cancelled'] as const) await addRequest(offer, { state });
      await addRequest(offer, { kind: 'increase', accessId: id, state: 'held' });
      await addRequest((await addOffer()).offer, { state: 'held' });
      expect(await store.offers.guests(offer.id)).toBe(4);
      expect(await found(network)).toMatchObject({ guests: 4, owes: false });
    });

    test('who owes what should have gone back is told from who does not', async () => {
      const [one, other] = [await addOffer(), await addOffer()];
      await addRequest(one.offer, { state: 'ended', owed: 1n });
      await addRequest(other.offer, { state: 'ended', returned: 200n });
      expect([await store.offers.owes(one.offer.accountId), await store.offers.owes(other.offer.accountId)]).toEqual([true, false]);
      expect([(await found(one.network))?.owes, (await found(other.network))?.owes]).toEqual([true, false]);
    });

    test('a sharer’s record counts what was delivered, what failed, and what the meters differ in', async () => {
      const { network, offer } = await addOffer();
      const ended = { state: 'ended', paidAt: start, endedAt: after(1) } as const;
      await addRequest(offer, { ...ended, returned: 50n });
      await addRequest(offer, { ...ended, fee: { ...fee, minor: 0n }, paymentId: undefined });
      // Of the guest’s own doing: nothing was used, or it never came for it.
      await addRequest(offer, { ...ended, returned: 200n });
      await addRequest(offer, { state: 'cancelled' });
      await addRequest(offer, { state: 'expired', reason: endReasons.unpaid, paymentId: undefined });
      await addRequest(offer, { state: 'expired', reason: endReasons.uncollected });
      await addRequest(offer, { state: 'refused' });
      await addRequest(offer, { state: 'expired', reason: endReasons.unanswered });
      await addRequest(offer, { ...ended, returned: 200n, reason: endReasons.keyMismatch });
      await addRequest(offer, { state: 'cancelled', reason: endReasons.keyMismatch });
      for (const guests of [10_000_000n, 8_000_000n]) {
        const grantId = newId('grt');
        await addRequest(offer, { ...ended, grantId });
        for (const [side, bytesOut] of [['sharer', 10_000_000n], ['guest', guests]] as const) {
          await store.shareRequests.read({ grantId, side, bytesIn: 0n, bytesOut, seconds: 1, at: start, isFinal: true, signature: randomBytes(64) }, offer.networkId);
        }
      }
      const record = { delivered: 4, failed: 4, disputed: 1 };
      expect(await store.offers.record(offer.accountId)).toEqual(record);
      expect(await found(network)).toMatchObject({ record });
      expect(await store.offers.record((await addOffer()).offer.accountId)).toEqual({ delivered: 0, failed: 0, disputed: 0 });
    });
  });
}
