import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '../../src/domain/account.ts';
import { parseAmount } from '../../src/domain/money.ts';
import type { Network } from '../../src/domain/network.ts';
import { parseOfferHours } from '../../src/domain/offer-hours.ts';
import { parseTariff } from '../../src/domain/tariff-json.ts';
import type { Candidate, OfferTerms } from '../../src/roles/offers/ports.ts';
import { addNetwork, newBssid, ssidBytes } from '../storage/samples.ts';
import { codeOf, type Holder, type MakeHarness, type RolesHarness } from './roles.harness.ts';
import { bindTo } from './shop.ts';

const tariff = parseTariff({ kind: 'steps', step: '1.00EUR=500MB', minimum: '1.00EUR', largest_quantity: '5GB', free: '10MB', refund: 'unused' });
const terms: OfferTerms = { tariff, guests: 2, hours: undefined, approval: 'automatic', answerMs: 120_000 };

export function offersContract(name: string, make: MakeHarness): void {
  describe(`${name}: offers`, () => {
    let harness: RolesHarness;
    let admin: Holder;
    let sharer: { readonly holder: Holder; readonly account: Account };
    let guest: Holder;
    beforeAll(async () => {
      harness = await make();
      admin = await harness.hold('admin');
      sharer = await newSharer();
      guest = await harness.hold('terminal');
    });
    afterAll(() => harness.close());

    async function newSharer(): Promise<{ readonly holder: Holder; readonly account: Account }> {
      const account = await admin.ledger.open({ name: randomUUID(), currency: 'EUR', contact: 'sharer@example.org' });
      const holder = await harness.hold('terminal');
      await bindTo(harness, holder, account);
      return { holder, account };
    }
    const newNetwork = (parts: Partial<Network> = {}) => addNetwork(harness.store, { accountId: sharer.account.id, terminalId: sharer.holder.token.id, ...parts });
    async function newOffer(parts: Partial<OfferTerms> = {}, network?: Network) {
      const of = network ?? (await newNetwork());
      return { network: of, offer: await sharer.holder.offers.offer(of.id, { ...terms, ...parts }) };
    }
    const heard = ({ bssids, ssid }: Pick<Network, 'bssids' | 'ssid'>): Candidate[] => bssids.map((bssid) => ({ bssid, ssid }));
    const findIds = async (candidates: readonly Candidate[]) => (await guest.offers.search(candidates)).map(({ offer }) => offer.id).toSorted();

    test('is made of a proven network, and kept as it was said', async () => {
      const hours = parseOfferHours({ zone: 'Europe/Berlin', hours: ['Mon-Fri 08:00-18:00', 'Fri,Sat 22:00-02:00'] });
      const { network, offer } = await newOffer({ hours, approval: 'manual' });
      expect(offer).toMatchObject({ networkId: network.id, accountId: sharer.account.id, terminalId: sharer.holder.token.id, state: 'active', tariff, guests: 2, hours, approval: 'manual', answerMs: 120_000 });
      expect(await sharer.holder.offers.showOffer(offer.id)).toEqual(offer);
    });

    test('by the same key is made once', async () => {
      const [network, key] = [await newNetwork(), randomUUID()];
      const offer = await sharer.holder.offers.offer(network.id, terms, key);
      expect(await sharer.holder.offers.offer(network.id, terms, key)).toEqual(offer);
      expect(await codeOf(sharer.holder.offers.offer(network.id, { ...terms, guests: 3 }, key))).toBe('idempotency_mismatch');
      expect(await codeOf(sharer.holder.offers.offer(network.id, terms))).toBe('offer_exists');
    });

    test('of several at once for one network, one is made', async () => {
      const network = await newNetwork();
      const made = await Promise.all(Array.from({ length: 5 }, () => codeOf(sharer.holder.offers.offer(network.id, terms))));
      expect(made.filter((code) => code === undefined)).toHaveLength(1);
      expect(new Set(made)).toEqual(new Set([undefined, 'offer_exists']));
    });

    test('is made of nothing else', async () => {
      const offer = (networkId: string, by = sharer.holder) => codeOf(by.offers.offer(networkId, terms));
      const others = await addNetwork(harness.store);
      expect(await offer('net_nobodys')).toBe('network_not_found');
      expect(await offer(others.id)).toBe('network_not_found');
      expect(await offer((await newNetwork()).id, guest)).toBe('network_not_found');
      expect(await offer((await newNetwork({ state: 'claimed' })).id)).toBe('network_not_valid');
      expect(await offer((await newNetwork({ state: 'suspended' })).id)).toBe('network_not_valid');
    });

    test.each([
      ['without a price', 'tariff_without_price', { tariff: parseTariff({ kind: 'unlimited' }) }],
      ['a time without a price', 'tariff_without_price', { tariff: parseTariff({ kind: 'fixed', allowed: '1h' }) }],
      ['in another currency', 'currency_mismatch', { tariff: parseTariff({ kind: 'fixed', allowed: '1h', price: '2.00USD' }) }],
      ['for nobody', 'invalid_input', { guests: 0 }],
      ['for too many', 'invalid_input', { guests: 251 }],
      ['answered too soon', 'invalid_input', { answerMs: 9_999 }],
      ['answered too late', 'invalid_input', { answerMs: 86_400_001 }],
    ] as const)('is not made %s: %s', async (_, code, parts) => {
      const network = await newNetwork();
      expect(await codeOf(sharer.holder.offers.offer(network.id, { ...terms, ...parts }))).toBe(code);
      const { offer } = await newOffer({}, network);
      expect(await codeOf(sharer.holder.offers.update(offer.id, parts))).toBe(code);
      expect(await sharer.holder.offers.showOffer(offer.id)).toEqual(offer);
    });

    test('is changed in what is given, and its hours are taken away', async () => {
      const { offer } = await newOffer({ hours: parseOfferHours({ zone: 'UTC', hours: ['Sun 00:00-24:00'] }) });
      const changed = await sharer.holder.offers.update(offer.id, { guests: 7, approval: 'manual' });
      expect({ ...changed, changedAt: offer.changedAt }).toEqual({ ...offer, guests: 7, approval: 'manual', answerMs: 900_000 });
      expect(changed.changedAt.getTime()).toBeGreaterThan(offer.changedAt.getTime());
      const always = await sharer.holder.offers.update(offer.id, { hours: undefined, tariff: parseTariff({ kind: 'fixed', allowed: '1h', price: '2.00EUR' }) });
      expect(always).toMatchObject({ guests: 7, hours: undefined, tariff: { kind: 'fixed', price: parseAmount('2.00EUR') } });
      expect(await sharer.holder.offers.showOffer(offer.id)).toEqual(always);
    });

    test('that is approved otherwise is answered in the time that is usual then, unless another was said', async () => {
      const { offer } = await newOffer();
      expect((await sharer.holder.offers.update(offer.id, { approval: 'manual' })).answerMs).toBe(900_000);
      expect((await sharer.holder.offers.update(offer.id, { approval: 'automatic', answerMs: 60_000 })).answerMs).toBe(60_000);
      expect((await sharer.holder.offers.update(offer.id, { approval: 'manual' })).answerMs).toBe(60_000);
    });

    test('is on record whenever it changes', async () => {
      const { offer } = await newOffer();
      await sharer.holder.offers.update(offer.id, { guests: 3 });
      for (const state of ['paused', 'paused', 'active', 'withdrawn'] as const) await sharer.holder.offers.setState(offer.id, state);
      const entries = (await harness.store.audit.list({}, { limit: 200 }, 'oldest')).items.filter(({ detail }) => detail['offer_id'] === offer.id);
      expect(entries.map(({ action }) => action)).toEqual(['offer.made', 'offer.changed', 'offer.paused', 'offer.resumed', 'offer.withdrawn']);
      expect(entries[0]!.detail).toEqual({ offer_id: offer.id, network_id: offer.networkId, account_id: sharer.account.id });
    });

    test('is of no tariff that could be paused', async () => {
      const pausable = parseTariff({ kind: 'steps', step: '1.00EUR=1h', pausable: true });
      const network = await newNetwork();
      expect(await codeOf(sharer.holder.offers.offer(network.id, { ...terms, tariff: pausable }))).toBe('invalid_input');
      const { offer } = await newOffer();
      expect(await codeOf(sharer.holder.offers.update(offer.id, { tariff: pausable }))).toBe('invalid_input');
    });

    test('is its account’s alone', async () => {
      const { offer } = await newOffer();
      const other = await newSharer();
      for (const by of [guest, other.holder]) {
        expect(await codeOf(by.offers.showOffer(offer.id))).toBe('offer_not_found');
        expect(await codeOf(by.offers.update(offer.id, { guests: 1 }))).toBe('offer_not_found');
        expect(await codeOf(by.offers.setState(offer.id, 'withdrawn'))).toBe('offer_not_found');
        expect(await by.offers.offers({}, { limit: 10 })).toEqual({ items: [], next: undefined });
      }
      const second = await harness.hold('terminal');
      await bindTo(harness, second, sharer.account);
      expect(await second.offers.showOffer(offer.id)).toEqual(offer);
      expect(await codeOf(admin.offers.showOffer(offer.id))).toBe('forbidden');
    });

    test('are listed newest first, by their state', async () => {
      const own = await newSharer();
      const ids: string[] = [];
      for (let made = 0; made < 3; made += 1) {
        const network = await newNetwork({ accountId: own.account.id });
        ids.unshift((await own.holder.offers.offer(network.id, terms)).id);
      }
      await own.holder.offers.setState(ids[1]!, 'paused');
      const first = await own.holder.offers.offers({}, { limit: 2 });
      expect(first.items.map(({ id }) => id)).toEqual(ids.slice(0, 2));
      expect((await own.holder.offers.offers({}, { limit: 2, after: first.next })).items.map(({ id }) => id)).toEqual(ids.slice(2));
      expect((await own.holder.offers.offers({ state: 'paused' }, { limit: 2 })).items.map(({ id }) => id)).toEqual([ids[1]]);
    });

    test('is paused and goes on as often as wanted, and is withdrawn for good', async () => {
      const { network, offer } = await newOffer();
      const { offers } = sharer.holder;
      expect(await offers.setState(offer.id, 'active')).toEqual(offer);
      expect(await offers.setState(offer.id, 'paused')).toMatchObject({ state: 'paused' });
      expect(await findIds(heard(network))).toEqual([]);
      await offers.setState(offer.id, 'active');
      expect(await findIds(heard(network))).toEqual([offer.id]);
      const withdrawn = await offers.setState(offer.id, 'withdrawn');
      expect(await findIds(heard(network))).toEqual([]);
      expect(await offers.setState(offer.id, 'withdrawn')).toEqual(withdrawn);
      expect(await codeOf(offers.setState(offer.id, 'active'))).toBe('offer_withdrawn');
      expect(await codeOf(offers.update(offer.id, { guests: 1 }))).toBe('offer_withdrawn');
      const { offer: next } = await newOffer({}, network);
      expect(await findIds(heard(network))).toEqual([next.id]);
    });

    test('is found by the radios that are heard, with what a guest chooses by', async () => {
      const network = await newNetwork({ bssids: [newBssid(), newBssid(), newBssid()] });
      const { offer } = await newOffer({}, network);
      const { network: other, offer: second } = await newOffer();
      const strangers = Array.from({ length: 100 }, () => ({ bssid: newBssid(), ssid: network.ssid }));
      const candidates = [...strangers, ...heard(network).slice(1), ...heard(network).slice(1), ...heard(other)];
      const found = (await guest.offers.search(candidates)).toSorted((one) => (one.offer.id === offer.id ? -1 : 1));
      expect(found).toMatchObject([{ offer }, { offer: second }]);
      const [first] = found;
      expect(first).toMatchObject({ record: { delivered: 0, failed: 0, disputed: 0 }, closed: undefined });
      expect(first!.bssids.toSorted()).toEqual(network.bssids.slice(1).toSorted());
      expect({ ...first!.network, ssid: [...first!.network.ssid] }).toEqual({ id: network.id, ssid: [...network.ssid], bssids: network.bssids, security: network.security, verifiedAt: network.verifiedAt });
      expect(await guest.offers.search(strangers)).toEqual([]);
      expect(await guest.offers.search([])).toEqual([]);
    });

    test('is found under its own name or a hidden one, and no other, byte by byte', async () => {
      const ssid = Uint8Array.of(0x1b, 0x5b, 0x32, 0x4a, 0xff, 0x00, ...ssidBytes('☕'));
      const { network, offer } = await newOffer({}, await newNetwork({ ssid }));
      const as = (name: Uint8Array) => findIds([{ bssid: network.bssids[0]!, ssid: name }]);
      expect(await as(ssid)).toEqual([offer.id]);
      expect(await as(new Uint8Array())).toEqual([offer.id]);
      expect(await as(ssid.slice(0, -1))).toEqual([]);
      expect(await as(ssidBytes('☕'))).toEqual([]);
    });

    test('leaves the market with its network, and comes back with it', async () => {
      const { network, offer } = await newOffer();
      await harness.store.networks.change(network.id, { state: 'suspended', reason: 'not proven again' });
      expect(await findIds(heard(network))).toEqual([]);
      await sharer.holder.offers.update(offer.id, { guests: 3 });
      await sharer.holder.offers.setState(offer.id, 'paused');
      await sharer.holder.offers.setState(offer.id, 'active');
      expect(await findIds(heard(network))).toEqual([]);
      await harness.store.networks.change(network.id, { state: 'valid' });
      expect(await findIds(heard(network))).toEqual([offer.id]);
    });

    test('says so outside its hours', async () => {
      const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
      const today = harness.clock.now().getUTCDay();
      const open = await newOffer({ hours: parseOfferHours({ zone: 'UTC', hours: [`${days[today]!} 00:00-24:00`] }) });
      const closed = await newOffer({ hours: parseOfferHours({ zone: 'UTC', hours: [`${days[(today + 3) % 7]!} 00:00-24:00`] }) });
      const found = await guest.offers.search([...heard(open.network), ...heard(closed.network)]);
      expect(Object.fromEntries(found.map(({ offer, closed: why }) => [offer.id, why]))).toEqual({ [open.offer.id]: undefined, [closed.offer.id]: 'hours' });
    });

    test('is looked for by 500 networks at once, and no more', async () => {
      const { network, offer } = await newOffer();
      const many = Array.from({ length: 499 }, () => ({ bssid: newBssid(), ssid: ssidBytes('x') }));
      expect(await findIds([...many, ...heard(network)])).toEqual([offer.id]);
      expect(await codeOf(guest.offers.search([...many, ...heard(network), ...heard(network)]))).toBe('invalid_input');
      expect(await codeOf(guest.offers.search([{ bssid: 'ff:ff:ff:ff:ff:ff', ssid: ssidBytes('x') }]))).toBe('invalid_input');
      expect(await codeOf(guest.offers.search([{ bssid: newBssid(), ssid: new Uint8Array(33) }]))).toBe('invalid_input');
    });

    test('is looked for by terminals alone', async () => {
      expect(await codeOf(admin.offers.search([]))).toBe('forbidden');
    });
  });
}
