import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '../../src/domain/account.ts';
import type { HeardNetwork, HeardSecurity } from '../../src/domain/heard-network.ts';
import type { Challenge, Network } from '../../src/domain/network.ts';
import { parseTariff } from '../../src/domain/tariff-json.ts';
import { Housekeeping } from '../../src/roles/housekeeping.ts';
import type { NewMessage } from '../../src/roles/networks/ports.ts';
import { WitnessService } from '../../src/roles/networks/witness-service.ts';
import { systemRandom } from '../server/running-server.ts';
import { addNetwork, newBssid, newChallenge, ssidBytes } from '../storage/samples.ts';
import { codeOf, type Holder, type MakeHarness, type RolesHarness } from './roles.harness.ts';
import { bindTo } from './shop.ts';

interface Sharer {
  readonly holder: Holder;
  readonly account: Account;
}

const dayMs = 86_400_000;
const first = ssidBytes('CoffeeHouse');
const third = ssidBytes('Elsewhere');
const message: NewMessage = { texts: [{ language: 'en', text: 'Welcome\nto us', link: 'https://example.org/menu' }, { language: 'de', text: 'Willkommen', link: undefined }] };

function hears(bssid: string, ssid: Uint8Array, parts: { readonly security?: HeardSecurity; readonly ageMs?: number } = {}): HeardNetwork {
  return { bssid, ssid, signalDbm: -51, frequencyMhz: 2437, security: 'wpa2-psk', ageMs: 0, ...parts };
}

/** A scan in which the challenge's radios have one name. */
function under(ssid: Uint8Array, { bssids }: Pick<Challenge, 'bssids'>, parts: Parameters<typeof hears>[2] = {}): HeardNetwork[] {
  return bssids.map((bssid) => hears(bssid, ssid, parts));
}

function faultOf({ state, errors }: Challenge): string {
  return [state, errors.at(-1)?.fault ?? ''].join(' ').trim();
}

export function networksContract(name: string, make: MakeHarness): void {
  /** A registry whose networks so many witnesses have to hear. */
  function site(witnesses: number) {
    let harness: RolesHarness;
    let admin: Holder;
    let sharer: Sharer;
    beforeAll(async () => {
      harness = await make({ witnesses });
      admin = await harness.hold('admin');
      sharer = await newSharer();
    });
    afterAll(() => harness.close());

    async function newSharer(): Promise<Sharer> {
      const account = await admin.ledger.open({ name: randomUUID(), currency: 'EUR', contact: 'sharer@example.org' });
      const holder = await harness.hold('terminal');
      await bindTo(harness, holder, account);
      return { holder, account };
    }

    async function claim({ holder }: Sharer = sharer, bssids: readonly string[] = [newBssid()], ssid = first): Promise<Challenge> {
      const challenge = await holder.networks.startVerification({ ssid, bssids, security: 'wpa2-psk' });
      // So that what was heard well before it may be from after it.
      harness.clock.pass(30_000);
      return challenge;
    }

    async function proven(of: Sharer = sharer, bssids?: readonly string[], ssid = first): Promise<Network> {
      const challenge = await claim(of, bssids, ssid);
      expect(faultOf(await of.holder.networks.confirm(challenge.id, under(challenge.second, challenge)))).toBe('valid');
      return of.holder.networks.network(challenge.networkId);
    }

    const told = async (terminalId: string) => (await harness.store.events.after(terminalId, 0, 100)).map(({ kind, detail }) => ({ kind, ...detail }));
    const audited = async (networkId: string) =>
      (await harness.store.audit.list({}, { limit: 1000 }, 'newest')).items.filter(({ detail }) => detail['network_id'] === networkId).map(({ action }) => action).toReversed();
    const keepHouse = () => new Housekeeping({ store: harness.store, clock: harness.clock, random: systemRandom }).keep();

    return {
      get harness() { return harness; },
      get admin() { return admin; },
      get sharer() { return sharer; },
      newSharer, claim, proven, told, audited, keepHouse,
    };
  }

  describe(`${name}: a network`, () => {
    const at = site(0);

    test('is claimed with a name to be given to it, and an access point of its own', async () => {
      const { sharer: { holder, account }, harness } = at;
      const bssids = [newBssid(), newBssid()];
      const challenge = await holder.networks.startVerification({ ssid: first, bssids: [bssids[1]!.toUpperCase(), bssids[0]!, bssids[1]!], security: 'wpa3-sae' });
      expect(challenge).toMatchObject({
        accountId: account.id, terminalId: holder.token.id, bssids, security: 'wpa3-sae', state: 'pending', witnesses: 0, witnessed: 0, errors: [], decidedAt: undefined,
      });
      expect(challenge.expiresAt.getTime() - challenge.createdAt.getTime()).toBe(30 * 60_000);
      expect(Buffer.from(challenge.second).toString()).toMatch(/^CoffeeHouse-[a-z2-7]{10}$/);
      expect(Buffer.from(challenge.first)).toEqual(Buffer.from(first));
      expect(await holder.networks.challenge(challenge.id)).toEqual(challenge);
      const network = await holder.networks.network(challenge.networkId);
      expect(network).toMatchObject({ accountId: account.id, terminalId: holder.token.id, bssids, security: 'wpa3-sae', state: 'claimed', verifiedAt: undefined, message: undefined });
      expect(await harness.store.accessPoints.find(network.apId)).toMatchObject({ name: 'CoffeeHouse', ssid: 'CoffeeHouse', enforcement: 'none', lastSeenAt: undefined });
    });

    test.each<[string, Uint8Array, string]>([
      ['escapes', Uint8Array.of(0x1b, 0x5b, 0x32, 0x4a), '\\x1b[2J'],
      ['no UTF-8', new Uint8Array(32).fill(0xff), '\\xff'.repeat(16)],
      ['emoji', ssidBytes('☕'), '☕'],
    ])('whose name has %s is claimed, and shown safely', async (_, ssid, shown) => {
      const { sharer: { holder }, harness } = at;
      const challenge = await holder.networks.startVerification({ ssid, bssids: [newBssid()], security: 'open' });
      const network = await holder.networks.network(challenge.networkId);
      expect(Buffer.from(network.ssid)).toEqual(Buffer.from(ssid));
      expect((await harness.store.accessPoints.find(network.apId))!.name).toBe(shown);
      expect((await at.admin.owner.accessPoints({ limit: 1000 })).items.map(({ id }) => id)).toContain(network.apId);
    });

    test.each<[string, object]>([
      ['without a name', { ssid: new Uint8Array() }],
      ['of a name that is too long', { ssid: new Uint8Array(33).fill(1) }],
      ['without a radio', { bssids: [] }],
      ['of a group address', { bssids: ['03:00:00:00:00:01'] }],
      ['of seventeen radios', { bssids: Array.from({ length: 17 }, newBssid) }],
      ['of what is no security', { security: 'wpa9' }],
    ])('%s is not claimed', async (_, parts) => {
      expect(await codeOf(at.sharer.holder.networks.startVerification({ ssid: first, bssids: [newBssid()], security: 'open', ...parts }))).toBe('invalid_input');
    });

    test('is claimed for an account of the terminal’s, which is named where there are several', async () => {
      const { harness } = at;
      const [one, two, unbound] = [await at.newSharer(), await at.newSharer(), await harness.hold('terminal')];
      await bindTo(harness, one.holder, two.account);
      const of = (holder: Holder, account?: string) => holder.networks.startVerification({ ssid: first, bssids: [newBssid()], security: 'open', account });
      expect((await of(one.holder, two.account.name)).accountId).toBe(two.account.id);
      expect((await of(one.holder, one.account.id)).accountId).toBe(one.account.id);
      expect(await codeOf(of(one.holder))).toBe('invalid_input');
      expect(await codeOf(of(two.holder, one.account.id))).toBe('not_bound');
      expect(await codeOf(of(two.holder, 'nobody'))).toBe('not_bound');
      expect(await codeOf(of(unbound))).toBe('not_bound');
      expect(await codeOf(of(at.admin))).toBe('forbidden');
    });

    test('is proven by a scan that hears all its radios under the new name', async () => {
      const { sharer: { holder }, harness } = at;
      const challenge = await at.claim(at.sharer, [newBssid(), newBssid()]);
      const valid = await holder.networks.confirm(challenge.id, [hears(newBssid(), third), ...under(challenge.second, challenge, { ageMs: 1500 })]);
      expect(valid).toMatchObject({ state: 'valid', errors: [], witnessed: 0 });
      expect(valid.decidedAt!.getTime()).toBeGreaterThan(challenge.createdAt.getTime());
      const network = await holder.networks.network(challenge.networkId);
      expect(network).toMatchObject({ state: 'valid', bssids: challenge.bssids, verifiedAt: valid.decidedAt, reason: undefined });
      expect(network.proveAgainBy!.getTime() - network.verifiedAt!.getTime()).toBe(30 * dayMs);
      expect((await harness.store.networks.withRadios(challenge.bssids)).map(({ id }) => id)).toEqual([network.id]);
      expect(await harness.store.challenges.observations(challenge.id)).toEqual([]);
      expect(await at.told(holder.token.id)).toContainEqual({ kind: 'network.changed', network_id: network.id, state: 'valid' });
      expect(await at.audited(network.id)).toEqual(['network.claimed', 'network.proven']);
      expect(await holder.networks.confirm(challenge.id, [])).toEqual(valid);
    });

    test.each<[string, (challenge: Challenge) => HeardNetwork[], string]>([
      ['not seen', () => [hears(newBssid(), third)], 'processing not_seen'],
      ['seen under the old name', (challenge) => under(first, challenge), 'processing still_first'],
      ['hidden', (challenge) => under(new Uint8Array(), challenge), 'processing not_seen'],
      ['renamed with one of two radios', ({ bssids, second }) => [hears(bssids[0]!, second), hears(bssids[1]!, first)], 'processing still_first'],
      ['seen in an old scan', (challenge) => under(challenge.second, challenge, { ageMs: 60_001 }), 'processing stale_scan'],
      ['seen before it was claimed', (challenge) => under(challenge.second, challenge, { ageMs: 31_000 }), 'processing stale_scan'],
      ['another radio’s new name', ({ second }) => [hears(newBssid(), second)], 'processing wrong_radio'],
      ['under a third name', (challenge) => under(third, challenge), 'invalid wrong_name'],
      ['under a third name while the new one is on the air', ({ bssids, second }) => [hears(bssids[0]!, third), hears(newBssid(), second)], 'invalid bssid_conflict'],
      ['under the new name and a third', ({ bssids, second }) => [...bssids.map((bssid) => hears(bssid, second)), hears(bssids[1]!, third)], 'invalid bssid_conflict'],
      ['otherwise secured', (challenge) => under(challenge.second, challenge, { security: 'open' }), 'invalid security_changed'],
    ])('%s: %s', async (_, scan, expected) => {
      const own = await at.newSharer();
      const challenge = await at.claim(own, [newBssid(), newBssid()]);
      const judged = await own.holder.networks.confirm(challenge.id, scan(challenge));
      expect(faultOf(judged)).toBe(expected);
      expect(judged.errors).toHaveLength(1);
      expect(judged.errors[0]!.detail).toMatch(/^[ -~]+\.$/);
      const again = own.holder.networks.confirm(challenge.id, under(challenge.second, challenge));
      if (judged.state === 'invalid') {
        expect(await codeOf(again)).toBe('challenge_over');
        expect(await at.audited(challenge.networkId)).toEqual(['network.claimed', 'network.refused']);
        expect((await own.holder.networks.network(challenge.networkId)).state).toBe('claimed');
      } else {
        // Tried again, it costs nothing; what came to nothing stays on record.
        expect(await again).toMatchObject({ state: 'valid', errors: judged.errors });
      }
    });

    test('whose radios are heard in two scans, one in each, is proven', async () => {
      const own = await at.newSharer();
      const challenge = await at.claim(own, [newBssid(), newBssid()]);
      const [one, two] = under(challenge.second, challenge);
      expect(faultOf(await own.holder.networks.confirm(challenge.id, [one!]))).toBe('processing not_seen');
      expect((await own.holder.networks.confirm(challenge.id, [two!])).state).toBe('valid');
    });

    test('is gone on with while its verification is open, and claimed anew with other radios', async () => {
      const own = await at.newSharer();
      const challenge = await at.claim(own);
      const start = (bssids: readonly string[], security: HeardSecurity = 'wpa2-psk') => own.holder.networks.startVerification({ ssid: first, bssids, security });
      expect(await start(challenge.bssids)).toEqual(challenge);
      const wider = await start([...challenge.bssids, newBssid()]);
      expect([wider.networkId, wider.id === challenge.id]).toEqual([challenge.networkId, false]);
      expect(await own.holder.networks.challenge(challenge.id)).toMatchObject({ state: 'expired' });
      expect((await start(wider.bssids, 'wpa3-sae')).id).not.toBe(wider.id);
      expect((await own.holder.networks.networks({ limit: 10 })).items).toHaveLength(1);
      expect((await start([newBssid()])).networkId).not.toBe(challenge.networkId);
    });

    test('is not proven any more once the time is over', async () => {
      const { harness } = at;
      const own = await at.newSharer();
      const challenge = await at.claim(own);
      harness.clock.pass(30 * 60_000);
      expect(await own.holder.networks.challenge(challenge.id)).toMatchObject({ state: 'expired' });
      expect(await codeOf(own.holder.networks.confirm(challenge.id, under(challenge.second, challenge)))).toBe('challenge_over');
      await at.keepHouse();
      expect(await harness.store.challenges.find(challenge.id)).toMatchObject({ state: 'expired' });
      expect((await at.claim(own, challenge.bssids)).id).not.toBe(challenge.id);
    });

    test('of the twenty-first verification in a day nothing comes, whoever of the account begins it', async () => {
      const { harness } = at;
      const own = await at.newSharer();
      const bssids = [newBssid()];
      const start = (radio: readonly string[]) => own.holder.networks.startVerification({ ssid: first, bssids: radio, security: 'wpa2-psk' });
      const begun = await Promise.all(Array.from({ length: 22 }, () => codeOf(start([newBssid()]))));
      expect(begun.filter((code) => code === undefined)).toHaveLength(20);
      expect(new Set(begun)).toEqual(new Set([undefined, 'challenge_limit']));
      const { items: [network] } = await own.holder.networks.networks({ limit: 1 });
      const open = await start(network!.bssids);
      expect(open).toMatchObject({ networkId: network!.id, state: 'pending' });
      harness.clock.pass(dayMs);
      expect((await start(bssids)).state).toBe('pending');
    });

    test('is its account’s alone', async () => {
      const [own, other] = [await at.newSharer(), await at.newSharer()];
      const network = await at.proven(own);
      const challenge = await at.claim(own);
      const second = await at.harness.hold('terminal');
      await bindTo(at.harness, second, own.account);
      expect(await second.networks.network(network.id)).toEqual(network);
      expect(await second.networks.challenge(challenge.id)).toEqual(challenge);
      const asOther = other.holder.networks;
      expect(await Promise.all([
        codeOf(asOther.network(network.id)), codeOf(asOther.setMessage(network.id, message)), codeOf(asOther.clearMessage(network.id)),
        codeOf(asOther.serve(network.id, { meterKey: new Uint8Array(32) })), codeOf(asOther.network('net_nobodys')),
      ])).toEqual(Array.from({ length: 5 }, () => 'network_not_found'));
      expect(await Promise.all([codeOf(asOther.challenge(challenge.id)), codeOf(asOther.confirm(challenge.id, [])), codeOf(asOther.challenge('chl_nobodys'))]))
        .toEqual(['challenge_not_found', 'challenge_not_found', 'challenge_not_found']);
      expect(await asOther.networks({ limit: 10 })).toEqual({ items: [], next: undefined });
      expect((await own.holder.networks.networks({ limit: 1 })).items.map(({ id }) => id)).toEqual([challenge.networkId]);
    });

    test('that another account proves is lost to its sharer, and its offer with it', async () => {
      const [own, other] = [await at.newSharer(), await at.newSharer()];
      const bssids = [newBssid(), newBssid()];
      const network = await at.proven(own, bssids);
      const tariff = parseTariff({ kind: 'steps', step: '1.00EUR=500MB' });
      await own.holder.offers.offer(network.id, { tariff, guests: 1, hours: undefined, approval: 'automatic', answerMs: 120_000 });
      const find = async () => (await other.holder.offers.search([{ bssid: bssids[0]!, ssid: first }])).map((each) => each.network.id);
      expect(await find()).toEqual([network.id]);

      const taken = await at.proven(other, [bssids[1]!]);
      expect(await own.holder.networks.network(network.id)).toMatchObject({ state: 'suspended', reason: expect.stringContaining('Another account') as string });
      expect(await find()).toEqual([]);
      expect(await at.told(own.holder.token.id)).toContainEqual({ kind: 'network.changed', network_id: network.id, state: 'suspended' });
      expect(await at.audited(network.id)).toEqual(['network.claimed', 'network.proven', 'offer.made', 'network.suspended']);
      expect(await codeOf(own.holder.networks.setMessage(network.id, message))).toBe('network_not_valid');

      expect(await at.proven(own, bssids)).toMatchObject({ id: network.id, state: 'valid', reason: undefined });
      expect(await find()).toEqual([network.id]);
      expect((await other.holder.networks.network(taken.id)).state).toBe('suspended');
    });

    test('that two accounts prove at once is one’s', async () => {
      const [one, two] = [await at.newSharer(), await at.newSharer()];
      for (let round = 0; round < 3; round++) {
        const bssids = [newBssid()];
        const networks = await Promise.all([at.proven(one, bssids), at.proven(two, bssids)]);
        const states = await Promise.all(networks.map(async ({ id }) => (await at.harness.store.networks.find(id))!.state));
        expect(states.toSorted()).toEqual(['suspended', 'valid']);
      }
    });

    test('confirmed twice at once is proven once', async () => {
      const own = await at.newSharer();
      const challenge = await at.claim(own);
      const confirmed = await Promise.all([0, 1, 2].map(() => own.holder.networks.confirm(challenge.id, under(challenge.second, challenge))));
      expect(confirmed.map(({ state }) => state)).toEqual(['valid', 'valid', 'valid']);
      expect(confirmed[1]).toEqual(confirmed[0]);
      expect(await at.audited(challenge.networkId)).toEqual(['network.claimed', 'network.proven']);
    });

    test('that its sharer proves under another name takes the first one’s place', async () => {
      const own = await at.newSharer();
      const bssids = [newBssid()];
      const [network, renamed] = [await at.proven(own, bssids), await at.proven(own, bssids, third)];
      expect(renamed.id).not.toBe(network.id);
      expect(await own.holder.networks.network(network.id)).toMatchObject({ state: 'suspended', reason: expect.stringContaining('another name') as string });
    });

    test('that is not proven again in time is suspended, and back once it is', async () => {
      const { harness } = at;
      const own = await at.newSharer();
      const network = await at.proven(own);
      harness.clock.pass(29 * dayMs);
      await at.keepHouse();
      expect((await own.holder.networks.network(network.id)).state).toBe('valid');
      const early = await at.proven(own, network.bssids);
      expect([early.id, early.proveAgainBy!.getTime() - network.proveAgainBy!.getTime() > 28 * dayMs]).toEqual([network.id, true]);
      harness.clock.pass(30 * dayMs);
      await at.keepHouse();
      expect(await own.holder.networks.network(network.id)).toMatchObject({ state: 'suspended', reason: expect.stringContaining('in time') as string });
      expect(await harness.store.networks.withRadios(network.bssids)).toEqual([]);
      expect((await at.told(own.holder.token.id)).at(-1)).toEqual({ kind: 'network.changed', network_id: network.id, state: 'suspended' });
      expect((await at.proven(own, network.bssids)).id).toBe(network.id);
    });

    test('a scan is of 500 networks at most, as radios hear them', async () => {
      const own = await at.newSharer();
      const challenge = await at.claim(own);
      const many = Array.from({ length: 499 }, () => hears(newBssid(), new Uint8Array(32).fill(0xff)));
      const confirm = (heard: readonly HeardNetwork[]) => own.holder.networks.confirm(challenge.id, heard);
      for (const heard of [[...many, ...many], [hears('ff:ff:ff:ff:ff:ff', third)], [hears(newBssid(), new Uint8Array(33))]]) {
        expect(await codeOf(confirm(heard))).toBe('invalid_input');
        expect(await codeOf(own.holder.networks.nearby(heard))).toBe('invalid_input');
      }
      expect((await confirm([...many, ...under(challenge.second, challenge)])).state).toBe('valid');
    });
  });

  describe(`${name}: a message`, () => {
    const at = site(0);
    let quiet: Network;
    beforeAll(async () => {
      quiet = await at.proven();
    });

    test('is set while the network is proven, changes its version, and is taken away', async () => {
      const { sharer: { holder } } = at;
      const network = await at.proven();
      const from = at.harness.clock.now();
      const said = await holder.networks.setMessage(network.id, { ...message, validFrom: from, validTo: new Date(from.getTime() + dayMs) });
      expect(said.message).toEqual({ version: said.revision, texts: message.texts, validFrom: from, validTo: new Date(from.getTime() + dayMs) });
      expect(await holder.networks.network(network.id)).toEqual(said);
      expect((await holder.networks.setMessage(network.id, message)).message!.version).toBeGreaterThan(said.message!.version);
      const without = await holder.networks.clearMessage(network.id);
      expect(without.message).toBeUndefined();
      expect(await holder.networks.clearMessage(network.id)).toEqual(without);
      expect(await codeOf(holder.networks.setMessage((await at.claim()).networkId, message))).toBe('network_not_valid');
    });

    test.each<[string, Partial<NewMessage>]>([
      ['an escape', { texts: [{ language: 'en', text: '\u001b[2J', link: undefined }] }],
      ['a bidi control', { texts: [{ language: 'en', text: 'a\u202eb', link: undefined }] }],
      ['too much', { texts: [{ language: 'en', text: 'x'.repeat(501), link: undefined }] }],
      ['a link that is not https', { texts: [{ language: 'en', text: 'x', link: 'http://example.org' }] }],
      ['one language twice', { texts: [message.texts[0]!, message.texts[0]!] }],
      ['no language', { texts: [] }],
      ['an end before its beginning', { validFrom: new Date(dayMs), validTo: new Date(0) }],
    ])('with %s is refused', async (_, parts) => {
      expect(await codeOf(at.sharer.holder.networks.setMessage(quiet.id, { ...message, ...parts }))).toBe('invalid_input');
      expect((await at.sharer.holder.networks.network(quiet.id)).message).toBeUndefined();
    });

    test('comes to who hears two of the radios, or all of fewer, whatever else is called so', async () => {
      const [guest, one, two] = [await at.harness.hold('terminal'), await at.newSharer(), await at.newSharer()];
      const [wide, single, silent] = [await at.proven(one, [newBssid(), newBssid(), newBssid()]), await at.proven(two), await at.proven(one)];
      for (const [own, { id }] of [[one, wide], [two, single]] as const) {
        await own.holder.networks.setMessage(id, message);
      }
      const near = async (...heard: readonly HeardNetwork[]) => (await guest.networks.nearby(heard)).map(({ network }) => network.networkId).toSorted();
      const [a, b] = wide.bssids as [string, string, string];
      expect(await near(hears(a, first))).toEqual([]);
      expect(await near(hears(a, first), hears(a, third), hears(newBssid(), first))).toEqual([]);
      expect(await near(hears(a, first), hears(b, new Uint8Array()))).toEqual([wide.id]);
      expect(await near(hears(a, third), hears(b, third), hears(single.bssids[0]!, first), hears(silent.bssids[0]!, first))).toEqual([wide.id, single.id].toSorted());
      const [found] = await guest.networks.nearby([hears(single.bssids[0]!, first)]);
      expect(found).toMatchObject({ network: { networkId: single.id, bssids: single.bssids }, message: { texts: message.texts, version: found!.network.messageVersion } });
      expect(Buffer.from(found!.network.ssid)).toEqual(Buffer.from(first));
      expect(await guest.networks.message(single.id)).toEqual(found!.message);
      expect(await codeOf(guest.networks.message(silent.id))).toBe('network_not_found');
      expect(await codeOf(guest.networks.message('net_nobodys'))).toBe('network_not_found');
      expect(await codeOf(at.admin.networks.message(single.id))).toBe('forbidden');
    });

    test('is told from a moment on and up to another', async () => {
      const [guest, own] = [await at.harness.hold('terminal'), await at.newSharer()];
      const network = await at.proven(own);
      const now = at.harness.clock.now().getTime();
      await own.holder.networks.setMessage(network.id, { ...message, validFrom: new Date(now + dayMs), validTo: new Date(now + 2 * dayMs) });
      const tells = async () => {
        const [found] = await guest.networks.nearby([hears(network.bssids[0]!, first)]);
        return [found?.message?.texts.length, await codeOf(guest.networks.message(network.id))];
      };
      expect(await tells()).toEqual([undefined, 'network_not_found']);
      at.harness.clock.pass(dayMs);
      expect(await tells()).toEqual([2, undefined]);
      at.harness.clock.pass(dayMs);
      expect(await tells()).toEqual([undefined, 'network_not_found']);
    });

    test('is on a list that is followed, until its network is lost', async () => {
      const [guest, own] = [await at.harness.hold('terminal'), await at.newSharer()];
      const network = await at.proven(own);
      const before = await guest.networks.matchingList(0);
      expect(before.networks.map(({ networkId }) => networkId)).not.toContain(network.id);
      const { message: said } = await own.holder.networks.setMessage(network.id, message);
      const after = await guest.networks.matchingList(before.revision);
      expect(after).toMatchObject({ networks: [{ networkId: network.id, bssids: network.bssids, messageVersion: said!.version }], gone: [], isPart: false });
      await at.proven(await at.newSharer(), network.bssids);
      expect(await guest.networks.matchingList(after.revision)).toMatchObject({ networks: [], gone: [network.id] });
      expect(await codeOf(guest.networks.message(network.id))).toBe('network_not_found');
      expect(await guest.networks.nearby([hears(network.bssids[0]!, first)])).toEqual([]);
    });
  });

  describe(`${name}: who serves a network`, () => {
    const at = site(0);
    const meterKey = new Uint8Array(32).fill(7);

    test('is said by sharer and agent, neither of them alone', async () => {
      const { sharer: { holder }, harness } = at;
      const ap = await harness.hold('ap');
      const network = await at.proven();
      const apId = ap.token.apId!;
      expect(await codeOf(holder.networks.serve(network.id, { meterKey, apId }))).toBe('ap_not_found');
      await ap.ap.claimNetwork(network.id);
      expect((await holder.networks.network(network.id)).apId).toBe(network.apId);
      const served = await holder.networks.serve(network.id, { meterKey, apId });
      expect([served.apId, Buffer.from(served.meterKey!)]).toEqual([apId, Buffer.from(meterKey)]);
      expect(await holder.networks.serve(network.id, { meterKey, apId })).toEqual(served);

      const other = await harness.hold('ap');
      await other.ap.claimNetwork(network.id);
      expect(await holder.networks.serve(network.id, { meterKey, apId })).toEqual(served);
      expect((await holder.networks.serve(network.id, { meterKey })).apId).toBe(network.apId);
      // Whoever else says that it serves it, as often as it likes, is in nobody's way.
      expect((await holder.networks.serve(network.id, { meterKey, apId })).apId).toBe(apId);
      await ap.ap.claimNetwork((await at.proven()).id);
      expect((await holder.networks.serve(network.id, { meterKey })).apId).toBe(network.apId);
      expect(await codeOf(holder.networks.serve(network.id, { meterKey, apId }))).toBe('ap_not_found');
      expect(await at.audited(network.id)).toEqual(['network.claimed', 'network.proven', ...Array.from({ length: 4 }, () => 'network.served')]);
    });

    test('is nobody for what is not there, or has no key', async () => {
      const ap = await at.harness.hold('ap');
      expect(await codeOf(ap.ap.claimNetwork('net_nobodys'))).toBe('network_not_found');
      const { networkId } = await at.claim();
      expect(await codeOf(at.sharer.holder.networks.serve(networkId, { meterKey: new Uint8Array(31) }))).toBe('invalid_input');
    });
  });

  describe(`${name}: witnesses`, () => {
    const at = site(2);

    async function openOne(bssids?: readonly string[]) {
      const own = await at.newSharer();
      const challenge = await at.claim(own, bssids);
      const [one, two] = [await at.harness.hold('witness'), await at.harness.hold('witness')];
      const confirm = async () => own.holder.networks.confirm(challenge.id, under(challenge.second, challenge));
      return { own, challenge, one, two, confirm, seen: under(challenge.second, challenge), state: async () => own.holder.networks.challenge(challenge.id) };
    }

    test('have to hear it, too: the sharer’s own scans are not enough, however many', async () => {
      const { own, challenge, confirm } = await openOne();
      const second = await at.harness.hold('terminal');
      await bindTo(at.harness, second, own.account);
      expect(challenge.witnesses).toBe(2);
      expect(faultOf(await confirm())).toBe('processing witness_missing');
      expect(faultOf(await second.networks.confirm(challenge.id, under(challenge.second, challenge)))).toBe('processing witness_missing');
      expect(faultOf(await confirm())).toBe('processing witness_missing');
      expect(await at.harness.store.networks.withRadios(challenge.bssids)).toEqual([]);
    });

    test('are enrolled by an admin: nobody else’s word counts', async () => {
      const { own, challenge, seen } = await openOne();
      for (const holder of [own.holder, await at.harness.hold('terminal'), await at.harness.hold('ap'), at.admin]) {
        expect(await codeOf(holder.witness.report(seen))).toBe('forbidden');
      }
      expect(await at.harness.store.challenges.observations(challenge.id)).toEqual([]);
    });

    test('that heard it before the sharer did make its scan the proof', async () => {
      const { confirm, one, two, seen, state } = await openOne();
      expect(await one.witness.report([...seen, hears(newBssid(), third)])).toEqual({ kept: 1 });
      expect(await one.witness.report(seen)).toEqual({ kept: 1 });
      expect(await state()).toMatchObject({ state: 'pending', witnessed: 1, errors: [] });
      expect(await two.witness.report(seen)).toEqual({ kept: 1 });
      expect(await state()).toMatchObject({ state: 'pending', witnessed: 2 });
      expect(await confirm()).toMatchObject({ state: 'valid', witnessed: 2 });
    });

    test('that hear it after the sharer did complete the proof', async () => {
      const { own, challenge, confirm, one, two, seen, state } = await openOne();
      expect(faultOf(await confirm())).toBe('processing witness_missing');
      await one.witness.report(seen);
      expect(await state()).toMatchObject({ state: 'processing', witnessed: 1 });
      await two.witness.report(seen);
      expect(await state()).toMatchObject({ state: 'valid', witnessed: 2 });
      expect((await own.holder.networks.network(challenge.networkId)).state).toBe('valid');
      expect(await at.told(own.holder.token.id)).toContainEqual({ kind: 'network.changed', network_id: challenge.networkId, state: 'valid' });
      expect(await two.witness.report(seen)).toEqual({ kept: 0 });
    });

    test('and sharer at once prove it once', async () => {
      for (let round = 0; round < 3; round++) {
        const { challenge, confirm, one, two, seen, state } = await openOne();
        await one.witness.report(seen);
        await Promise.all([confirm(), two.witness.report(seen), confirm()]);
        expect((await state()).state).toBe('valid');
        expect(await at.audited(challenge.networkId)).toEqual(['network.claimed', 'network.proven']);
      }
    });

    test('have to hear each radio: none is claimed beside one’s own that only the sharer says it hears', async () => {
      const { challenge, confirm, one, two, seen } = await openOne([newBssid(), newBssid()]);
      await one.witness.report(seen);
      await two.witness.report([seen[0]!, hears(newBssid(), challenge.second)]);
      const judged = await confirm();
      expect([faultOf(judged), judged.witnessed]).toEqual(['processing witness_missing', 1]);
      expect(judged.errors.at(-1)!.detail).toContain(challenge.bssids[1]!);
      await (await at.harness.hold('witness')).witness.report([seen[1]!]);
      expect((await confirm()).state).toBe('valid');
    });

    test.each<[string, (challenge: Challenge) => HeardNetwork[]]>([
      ['hears the old name', (challenge) => under(first, challenge)],
      ['heard it too long ago', (challenge) => under(challenge.second, challenge, { ageMs: 60_001 })],
      ['heard it before the verification', (challenge) => under(challenge.second, challenge, { ageMs: 31_000 })],
      ['hears it otherwise secured', (challenge) => under(challenge.second, challenge, { security: 'open' })],
      ['hears it hidden', (challenge) => under(new Uint8Array(), challenge)],
    ])('that %s does not count', async (_, scan) => {
      const { challenge, confirm, one, two, seen } = await openOne();
      await one.witness.report(seen);
      at.harness.clock.pass(100);
      // Of a scan of a moment before: nothing that speaks against it.
      await two.witness.report(scan(challenge).map((each) => ({ ...each, ageMs: each.ageMs + 1_000 })));
      expect(faultOf(await confirm())).toBe('processing witness_missing');
      at.harness.clock.pass(6_000);
      await two.witness.report(seen);
      expect((await confirm()).state).toBe('valid');
    });

    test.each<[string, Uint8Array]>([['the old', first], ['a third', third]])('that hears %s name while the new one is on the air is in the way for two minutes', async (_, ssid) => {
      const { challenge, confirm, one, two, seen } = await openOne();
      const liar = await at.harness.hold('witness');
      await one.witness.report(seen);
      expect(await liar.witness.report(under(ssid, challenge))).toEqual({ kept: 1 });
      await two.witness.report(seen);
      expect(faultOf(await confirm())).toBe('processing witness_contradicts');
      // That it does not hear it once proves nothing.
      await liar.witness.report(seen);
      expect(faultOf(await confirm())).toBe('processing witness_contradicts');
      at.harness.clock.pass(121_000);
      await one.witness.report(seen);
      await two.witness.report(seen);
      const valid = await confirm();
      expect([valid.state, valid.errors.filter(({ fault }) => fault === 'witness_contradicts').length]).toEqual(['valid', 1]);
    });

    test('that contradict after the sharer’s scan keep the others from completing it', async () => {
      const { challenge, confirm, one, two, seen, state } = await openOne();
      await one.witness.report(seen);
      expect(faultOf(await confirm())).toBe('processing witness_missing');
      await (await at.harness.hold('witness')).witness.report(under(first, challenge));
      expect(faultOf(await state())).toBe('processing witness_contradicts');
      await two.witness.report(seen);
      expect(faultOf(await state())).toBe('processing witness_contradicts');
    });

    test('that hear two names of one radio at once witness nothing', async () => {
      const { challenge, confirm, one, two, seen } = await openOne();
      await one.witness.report(seen);
      await two.witness.report([...seen, ...under(first, challenge)]);
      expect((await confirm()).state).toBe('processing');
    });

    test('keep nothing of what no open verification is about', async () => {
      const witness = await at.harness.hold('witness');
      expect(await witness.witness.report([])).toEqual({ kept: 0 });
      expect(await witness.witness.report(Array.from({ length: 500 }, () => hears(newBssid(), first)))).toEqual({ kept: 0 });
      expect(await codeOf(witness.witness.report(Array.from({ length: 501 }, () => hears(newBssid(), first))))).toBe('invalid_input');
      const { challenge, seen } = await openOne();
      at.harness.clock.pass(30 * 60_000);
      expect(await witness.witness.report(seen)).toEqual({ kept: 0 });
      expect(await at.harness.store.challenges.observations(challenge.id)).toEqual([]);
    });

    test('are not the person at the database, of what that person claims as a terminal', async () => {
      const { store, clock } = at.harness;
      const { challenge } = await openOne();
      const witness = new WitnessService({ store, clock, random: systemRandom, actor: { kind: 'local' } });
      expect(await witness.report(under(challenge.second, challenge))).toEqual({ kept: 1 });
      const own = newChallenge(await addNetwork(store), { terminalId: 'terminal_local', createdAt: new Date(0), expiresAt: new Date(Date.now() + dayMs * 365) });
      await store.challenges.insert(own);
      expect(await witness.report(under(own.second, own))).toEqual({ kept: 0 });
    });

    test('serve several verifications of one radio at once, of which the last that is proven counts', async () => {
      const bssids = [newBssid()];
      const [honest, other] = [await openOne(bssids), await openOne(bssids)];
      for (const witness of [honest.one, honest.two]) {
        expect(await witness.witness.report(honest.seen)).toEqual({ kept: 2 });
      }
      expect((await honest.confirm()).state).toBe('valid');
      // What the witnesses hear is the name of the other's challenge: a third one here.
      expect(faultOf(await other.confirm())).toBe('processing witness_missing');
      expect((await honest.own.holder.networks.network(honest.challenge.networkId)).state).toBe('valid');
    });
  });
}
