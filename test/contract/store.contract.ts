import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AccessRequest } from '../../src/domain/access-request.ts';
import { isErrorCode, LatchkeyError, type ErrorCode } from '../../src/domain/errors.ts';
import type { Page, PageRequest } from '../../src/roles/page.ts';
import { parseShownOffer } from '../../src/roles/offers/shown-offer.ts';
import type { Store } from '../../src/roles/store.ts';
import {
  addAccessPoint, addAccount, addCode, addDevice, addNetwork, after, newAttempt, newBssid, newChallenge, newCodeReceipt, newDevice, newEnrollCode, newEvent, newGrant, newId, newRequest,
  newToken, ssidBytes, start,
} from '../storage/samples.ts';

/** One database under test, which several stores may have open at a time. */
export interface StoreHarness {
  open(): Promise<Store>;
  /** Whether a second `open` gives another store on the same data. */
  readonly shared: boolean;
  remove(): Promise<void>;
}

async function codeOf(work: Promise<unknown>): Promise<ErrorCode | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof LatchkeyError && isErrorCode(error.code)) return error.code;
    throw error;
  }
}

/** With its bytes as text: the two databases give them in arrays of different classes. */
function inHex(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return value === null || typeof value !== 'object' || value instanceof Date || Array.isArray(value)
    ? value
    : Object.fromEntries(Object.entries(value).map(([name, member]) => [name, inHex(member)]));
}

/** All pages of a list. */
async function all<T>(list: (page: PageRequest) => Promise<Page<T>>, limit: number): Promise<T[]> {
  const items: T[] = [];
  let next: string | undefined;
  do {
    const page: Page<T> = await list({ limit, ...(next !== undefined && { after: next }) });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    items.push(...page.items);
    next = page.next;
  } while (next !== undefined);
  return items;
}

/** Contenders that all try at once. */
function contend<T>(count: number, attempt: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => attempt(index)));
}

/** What every store does, whatever it is on. */
export function storeContract(name: string, harness: () => Promise<StoreHarness>): void {
  describe(name, () => {
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

    describe('devices', () => {
      test('a device is kept whole, its pass_tmp apart', async () => {
        const device = newDevice({ batch: 'b-7', label: 'Flur “oben”', weak: true });
        expect(await store.devices.insert(device)).toBe(true);
        const { passTmp, ...rest } = device;
        const kept = { ...rest, state: 'reserved', spentBy: undefined, registeredAt: undefined, revokedAt: undefined };
        expect(await store.devices.find(device.uuid)).toEqual(kept);
        expect(await store.devices.findWithPassTmp(device.uuid)).toEqual({ device: kept, passTmp });
      });

      test('one that is not there is undefined', async () => {
        expect(await store.devices.find(randomUUID())).toBeUndefined();
        expect(await store.devices.findWithPassTmp(randomUUID())).toBeUndefined();
      });

      test('a taken uuid changes nothing', async () => {
        const device = newDevice();
        await store.devices.insert(device);
        expect(await store.devices.insert({ ...device, passTmp: 'another-pass-tmp-00', ssid: 'Other' })).toBe(false);
        const found = await store.devices.findWithPassTmp(device.uuid);
        expect([found?.passTmp, found?.device.ssid]).toEqual([device.passTmp, device.ssid]);
      });

      test('reserved becomes registered once; revoked stays revoked', async () => {
        const uuid = await addDevice(store);
        expect(await store.devices.register(uuid, after(1))).toBe(true);
        expect(await store.devices.register(uuid, after(2))).toBe(false);
        expect(await store.devices.revoke(uuid, after(3))).toBe(true);
        expect(await store.devices.revoke(uuid, after(4))).toBe(false);
        expect(await store.devices.register(uuid, after(5))).toBe(false);
        expect(await store.devices.find(uuid)).toMatchObject({
          state: 'revoked', registeredAt: after(1), revokedAt: after(3),
        });
        expect(await store.devices.revoke(randomUUID(), start)).toBe(false);
      });

      test('a DPP key is added once, and sealed to its device', async () => {
        const [uuid, other] = [await addDevice(store, { model: 'lamp', batch: 'b-7' }), await addDevice(store)];
        const [key, hash] = [Buffer.alloc(32, 9), randomBytes(32)];
        expect(await store.devices.addDppKey(uuid, { key, hash }, after(1))).toBe(true);
        expect(await store.devices.addDppKey(uuid, { key: Buffer.alloc(32, 8), hash: randomBytes(32) }, after(2))).toBe(false);
        expect(await store.devices.addDppKey(randomUUID(), { key, hash: randomBytes(32) }, after(2))).toBe(false);
        const found = await store.devices.bootstrappings([other, randomUUID(), uuid]);
        expect(found.map(({ device }) => device.uuid).toSorted()).toEqual([uuid, other].toSorted());
        const [keyed, without] = [uuid, other].map((wanted) => found.find(({ device }) => device.uuid === wanted)!);
        expect({ ...keyed, dppKey: Buffer.from(keyed!.dppKey!) }).toEqual({ device: { uuid, model: 'lamp', batch: 'b-7' }, dppKey: key, madeAt: after(1) });
        expect([without!.dppKey, without!.madeAt]).toEqual([undefined, undefined]);
        expect(Buffer.from((await store.devices.identities([uuid]))[0]!.dppKey!)).toEqual(key);
        expect(await store.devices.bootstrappings([])).toEqual([]);
        expect(await store.devices.findByChirp(hash)).toMatchObject({ uuid });
        expect(await store.devices.findByChirp(randomBytes(32))).toBeUndefined();
      });

      test('who spent the pass_tmp is a compare-and-set of registered devices', async () => {
        const uuid = await addDevice(store);
        expect(await store.devices.setSpentBy(uuid, undefined, 'req_a')).toBe(false);
        await store.devices.register(uuid, start);
        expect(await store.devices.setSpentBy(uuid, undefined, 'req_a')).toBe(true);
        expect(await store.devices.setSpentBy(uuid, undefined, 'req_b')).toBe(false);
        expect(await store.devices.setSpentBy(uuid, 'req_a', 'req_b')).toBe(true);
        expect(await store.devices.find(uuid)).toMatchObject({ spentBy: 'req_b' });
        expect(await store.devices.setSpentBy(uuid, 'req_b', undefined)).toBe(true);
        await store.devices.revoke(uuid, start);
        expect(await store.devices.setSpentBy(uuid, undefined, 'req_c')).toBe(false);
      });

      test('lists are filtered, in the order of uuids, and stable while devices come in', async () => {
        const model = newId('model');
        const uuids: string[] = [];
        for (let index = 0; index < 7; index++) {
          uuids.push(await addDevice(store, { model, batch: index % 2 === 0 ? 'even' : 'odd' }));
        }
        uuids.sort();
        await store.devices.register(uuids[2]!, start);
        const list = (page: PageRequest) => store.devices.list({ model }, page);
        expect((await all(list, 3)).map((device) => device.uuid)).toEqual(uuids);
        expect((await all((page) => store.devices.list({ model, state: 'registered' }, page), 3)).map((d) => d.uuid))
          .toEqual([uuids[2]]);
        const odd = await all((page) => store.devices.list({ model, batch: 'odd' }, page), 1);
        expect(odd).toHaveLength(3);

        const first = await list({ limit: 3 });
        const earlier = await addDevice(store, { model, uuid: `00000000${randomUUID().slice(8)}` });
        const later = await addDevice(store, { model, uuid: `ffffffff${randomUUID().slice(8)}` });
        const rest = await list({ limit: 100, after: first.next! });
        expect(rest.items.map((device) => device.uuid)).toEqual([...uuids.slice(3), later]);
        expect(rest.items.map((device) => device.uuid)).not.toContain(earlier);
        expect(rest.next).toBeUndefined();
      });

      test.each([{ limit: 0 }, { limit: 1001 }, { limit: 1.5 }, { limit: 5, after: 'nonsense' }, { limit: 5, after: 'WzFd' }])(
        'the page %j is refused',
        async (page) => {
          expect(await codeOf(store.devices.list({}, page))).toBe('invalid_input');
          expect(await codeOf(store.tokens.list(page))).toBe('invalid_input');
          expect(await codeOf(store.attempts.list({}, page))).toBe('invalid_input');
        },
      );

      test('of 16 that register the same uuid one wins', async () => {
        const uuid = randomUUID();
        const won = await contend(16, (index) => store.devices.insert(newDevice({ uuid, label: `station ${index}` })));
        expect(won.filter(Boolean)).toHaveLength(1);
        expect((await store.devices.find(uuid))?.label).toBe(`station ${won.indexOf(true)}`);
      });
    });

    describe('access points', () => {
      test('one is kept, its agent says what it serves', async () => {
        const id = newId('ap');
        expect(await store.accessPoints.insert({ id, name: 'Halle 3', createdAt: start })).toBe(true);
        expect(await store.accessPoints.insert({ id, name: 'Other', createdAt: start })).toBe(false);
        expect(await store.accessPoints.find(id)).toEqual({
          id, name: 'Halle 3', ssid: undefined, onboardingSsid: undefined, createdAt: start, lastSeenAt: undefined, revision: 0, enforcement: undefined,
        });
        const change = { ssid: 'Home', onboardingSsid: 'Setup', enforcement: 'per-grant' as const, seenAt: after(5) };
        expect(await store.accessPoints.update(id, change)).toBe(true);
        expect(await store.accessPoints.find(id)).toMatchObject({ ssid: 'Home', onboardingSsid: 'Setup', enforcement: 'per-grant', lastSeenAt: after(5) });
        expect(await store.accessPoints.update(newId('ap'), change)).toBe(false);
        expect(await store.accessPoints.find(newId('ap'))).toBeUndefined();
        expect((await all((page) => store.accessPoints.list(page), 2)).map((ap) => ap.id)).toContain(id);
      });

      test('revisions count up, each once, whoever asks', async () => {
        const id = await addAccessPoint(store);
        const revisions = await contend(16, () => store.accessPoints.nextRevision(id));
        expect(revisions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, index) => index + 1));
        expect(await codeOf(store.accessPoints.nextRevision(newId('ap')))).toBe('ap_not_found');
      });

      test('a revision that is rolled back is given again', async () => {
        const id = await addAccessPoint(store);
        await expect(store.transaction(async (tx) => {
          await tx.accessPoints.nextRevision(id);
          throw new Error('changed my mind');
        })).rejects.toThrow('changed my mind');
        expect(await store.accessPoints.nextRevision(id)).toBe(1);
      });
    });

    describe('access requests', () => {
      test('one is kept whole', async () => {
        const apId = await addAccessPoint(store);
        const request = newRequest({
          apId, uuid: await addDevice(store), deviceLabel: '<b>lamp</b>', matchCode: '0420', model: 'lamp-2', batch: 'b',
          label: 'Flur', weak: true, plain: true, decidedAt: after(1), decidedBy: 'local', reason: 'why', grantId: 'grt_1',
          deliveredAt: after(2), joinedAt: after(3), status: 'joined', revision: 12,
        });
        await store.requests.insert(request);
        expect(await store.requests.find(request.id)).toEqual(request);
        expect(await store.requests.find(newId('req'))).toBeUndefined();
      });

      test('a change is a compare-and-set of the status and leaves the rest', async () => {
        const request = newRequest({ apId: await addAccessPoint(store), uuid: await addDevice(store), reason: 'old' });
        await store.requests.insert(request);
        const change = { status: 'approved', revision: 2, decidedAt: after(9), decidedBy: 'owner:Ada', grantId: 'grt_9' } as const;
        expect(await store.requests.change(request.id, ['pending'], change)).toEqual({ ...request, ...change });
        expect(await store.requests.change(request.id, ['pending'], change)).toBeUndefined();
        expect(await store.requests.change(request.id, ['approved', 'delivered'], { status: 'joined', revision: 3, reason: undefined }))
          .toMatchObject({ status: 'joined', revision: 3, reason: undefined, decidedBy: 'owner:Ada' });
        expect(await store.requests.change(newId('req'), ['pending'], change)).toBeUndefined();
      });

      test('a device has one pending request at an access point', async () => {
        const [apId, uuid] = [await addAccessPoint(store), await addDevice(store)];
        const first = newRequest({ apId, uuid });
        await store.requests.insert(first);
        await expect(store.requests.insert(newRequest({ apId, uuid }))).rejects.toThrow();
        await store.requests.insert(newRequest({ apId: await addAccessPoint(store), uuid }));
        await store.requests.change(first.id, ['pending'], { status: 'expired', revision: 2 });
        await store.requests.insert(newRequest({ apId, uuid }));
      });

      test('lists are newest first, filtered, and stable while requests come in', async () => {
        const [here, there, uuid] = [await addAccessPoint(store), await addAccessPoint(store), await addDevice(store)];
        const requests: AccessRequest[] = [];
        for (let index = 0; index < 8; index++) {
          requests.push(newRequest({
            apId: index < 4 ? here : there, uuid, createdAt: after(index >> 1),
            status: index === 0 ? 'pending' : 'denied', revision: index + 1,
          }));
          await store.requests.insert(requests[index]!);
        }
        const expected = requests.toSorted((a, b) =>
          b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1)).map((request) => request.id);
        const ids = async (filter: Parameters<Store['requests']['list']>[0], limit = 3) =>
          (await all((page) => store.requests.list(filter, page), limit)).map((request) => request.id);
        expect(await ids({ uuid })).toEqual(expected);
        expect(await ids({ uuid, apIds: [here] }, 1)).toEqual(expected.slice(4));
        expect(await ids({ apIds: [here, there], statuses: ['pending', 'approved'] })).toEqual([requests[0]!.id]);
        expect(await ids({ uuid, apIds: [] })).toEqual([]);

        const page = await store.requests.list({ uuid }, { limit: 3 });
        await store.requests.insert(newRequest({ apId: here, uuid, createdAt: after(99), status: 'denied' }));
        const rest = await store.requests.list({ uuid }, { limit: 100, after: page.next! });
        expect(rest.items.map((request) => request.id)).toEqual(expected.slice(3));
      });

      test('what changed since a revision comes oldest change first', async () => {
        const apId = await addAccessPoint(store);
        const requests = [];
        for (const revision of [3, 1, 2]) {
          const request = newRequest({ apId, uuid: await addDevice(store), revision });
          await store.requests.insert(request);
          requests.push(request);
        }
        expect((await store.requests.changedSince(apId, 1)).map((request) => request.revision)).toEqual([2, 3]);
        expect(await store.requests.changedSince(apId, 3)).toEqual([]);
        expect(await store.requests.changedSince(newId('ap'), 0)).toEqual([]);
      });

      test('overdue are pending ones whose time is over', async () => {
        const apId = await addAccessPoint(store);
        const long = new Date('2020-01-01T00:00:00Z');
        const pending = newRequest({ apId, uuid: await addDevice(store), expiresAt: long });
        const denied = newRequest({ apId, uuid: await addDevice(store), expiresAt: long, status: 'denied' });
        const open = newRequest({ apId, uuid: await addDevice(store), expiresAt: after(1) });
        for (const request of [pending, denied, open]) await store.requests.insert(request);
        const ids = (await store.requests.overdue(start, 1000)).map((request) => request.id);
        expect(ids).toContain(pending.id);
        expect(ids).not.toContain(denied.id);
        expect(ids).not.toContain(open.id);
        expect((await store.requests.overdue(long, 1))).toHaveLength(1);
      });

      test('of 16 that decide the same request one wins, and the others see nothing changed', async () => {
        const request = newRequest({ apId: await addAccessPoint(store), uuid: await addDevice(store) });
        await store.requests.insert(request);
        const decided = await contend(16, (index) => store.transaction(async (tx) => {
          const revision = await tx.accessPoints.nextRevision(request.apId);
          return tx.requests.change(request.id, ['pending'], { status: 'approved', revision, decidedBy: `owner ${index}` });
        }));
        const winners = decided.filter((changed) => changed !== undefined);
        expect(winners).toHaveLength(1);
        expect(await store.requests.find(request.id)).toEqual(winners[0]);
      });
    });

    describe('grants', () => {
      test('one is kept whole', async () => {
        const grant = newGrant(await addAccessPoint(store), {
          requestId: 'req_1', endsAt: after(1), quotaBytes: 9_007_199_254_740_991n, policy: 'restrict', state: 'ended',
          closedAt: after(2), closedBy: 'local', reason: 'quota',
        });
        await store.grants.insert(grant);
        expect(await store.grants.find(grant.id)).toEqual(grant);
        expect(await store.grants.find(newId('grt'))).toBeUndefined();
        const tooMuch = newGrant(grant.network.apId, { quotaBytes: 2n ** 53n });
        expect(await codeOf(store.grants.insert(tooMuch))).toBe('invalid_input');
      });

      test('it closes once', async () => {
        const grant = newGrant(await addAccessPoint(store));
        await store.grants.insert(grant);
        const close = { state: 'revoked', at: after(5), by: 'owner:Ada', reason: 'lost', revision: 2 } as const;
        expect(await store.grants.close(grant.id, close)).toEqual({
          ...grant, state: 'revoked', closedAt: after(5), closedBy: 'owner:Ada', reason: 'lost', revision: 2,
        });
        expect(await store.grants.close(grant.id, { ...close, state: 'ended' })).toBeUndefined();
      });

      test('lists are newest first and filtered; changes come by revision', async () => {
        const apId = await addAccessPoint(store);
        const grants = [0, 1, 2, 3].map((index) =>
          newGrant(apId, { startsAt: after(index), revision: index + 1, ...(index === 2 && { source: 'payment' }) }));
        for (const grant of grants) await store.grants.insert(grant);
        await store.grants.close(grants[1]!.id, { state: 'ended', at: start, by: 'local', reason: undefined, revision: 5 });
        const ids = async (filter: Parameters<Store['grants']['list']>[0]) =>
          (await all((page) => store.grants.list(filter, page), 2)).map((grant) => grants.findIndex(({ id }) => id === grant.id));
        expect(await ids({ apIds: [apId] })).toEqual([3, 2, 1, 0]);
        expect(await ids({ apIds: [apId], state: 'active' })).toEqual([3, 2, 0]);
        expect(await ids({ apIds: [apId], source: 'payment' })).toEqual([2]);
        expect(await ids({ subjectId: grants[3]!.subject.id })).toEqual([3]);
        expect(await ids({ apIds: [] })).toEqual([]);
        expect((await store.grants.changedSince(apId, 3)).map((grant) => grant.revision)).toEqual([4, 5]);
      });
    });

    describe('tokens and enrolment codes', () => {
      test('a token is found by its hash, and revocation holds at once', async () => {
        const token = newToken({ role: 'technician', scope: { aps: ['ap_1'], models: ['lamp', 'cam'] }, apId: 'ap_1' });
        const hash = randomBytes(32);
        await store.tokens.insert(token, hash);
        expect(await store.tokens.findByHash(hash)).toEqual(token);
        expect(await store.tokens.findByHash(randomBytes(32))).toBeUndefined();
        expect(await store.tokens.exists('technician')).toBe(true);

        expect(await store.tokens.revoke(token.id, after(1))).toEqual({ ...token, revokedAt: after(1) });
        expect(await store.tokens.revoke(token.id, after(2))).toEqual({ ...token, revokedAt: after(1) });
        expect(await store.tokens.findByHash(hash)).toEqual({ ...token, revokedAt: after(1) });
        expect(await store.tokens.exists('technician')).toBe(false);
        expect(await store.tokens.revoke(newId('tok'), start)).toBeUndefined();
      });

      test('its last use never goes backwards', async () => {
        const token = newToken();
        const hash = randomBytes(32);
        await store.tokens.insert(token, hash);
        await store.tokens.touch(token.id, after(9));
        await store.tokens.touch(token.id, after(3));
        expect(await store.tokens.findByHash(hash)).toMatchObject({ lastUsedAt: after(9) });
      });

      test('tokens are listed in the order in which they were made', async () => {
        const made = [newToken({ createdAt: after(2) }), newToken({ createdAt: after(1) }), newToken({ createdAt: after(1) })];
        for (const token of made) await store.tokens.insert(token, randomBytes(32));
        const ids = (await all((page) => store.tokens.list(page), 2)).map((token) => token.id);
        const [first, second] = [made[1]!.id, made[2]!.id].toSorted();
        expect(ids.filter((id) => made.some((token) => token.id === id))).toEqual([first, second, made[0]!.id]);
      });

      test('an enrolment code is used once, in its time', async () => {
        const code = newEnrollCode({ scope: { batches: ['b-1'] } });
        const hash = randomBytes(32);
        await store.enrollCodes.insert(code, hash);
        expect(await store.enrollCodes.take(randomBytes(32), start)).toBeUndefined();
        expect(await store.enrollCodes.take(hash, code.expiresAt)).toBeUndefined();
        const taken = await contend(16, () => store.enrollCodes.take(hash, after(1)));
        expect(taken.filter((winner) => winner !== undefined)).toEqual([code]);
      });

      test('enrolment codes that have expired are forgotten', async () => {
        const [hash, other] = [randomBytes(32), randomBytes(32)];
        const long = new Date('2020-01-01T00:00:00Z');
        await store.enrollCodes.insert(newEnrollCode({ expiresAt: long }), hash);
        await store.enrollCodes.insert(newEnrollCode(), other);
        expect(await store.enrollCodes.forget(long, 10)).toBe(1);
        expect(await store.enrollCodes.take(hash, new Date(0))).toBeUndefined();
        expect(await store.enrollCodes.take(other, start)).toBeDefined();
      });
    });

    describe('attempts', () => {
      test('those that are there already are passed over', async () => {
        const apId = await addAccessPoint(store);
        const [first, second, third] = [
          newAttempt({ outcome: 'bad_proof', detail: 'x' }), newAttempt({ uuid: undefined }), newAttempt(),
        ];
        expect(await store.attempts.add(apId, [first, second, first])).toEqual([first, second]);
        expect(await store.attempts.add(apId, [second, third])).toEqual([third]);
        expect(await store.attempts.add(apId, [])).toEqual([]);
        const other = await addAccessPoint(store);
        expect(await store.attempts.add(other, [first])).toEqual([first]);
        const listed = await all((page) => store.attempts.list({ apIds: [apId] }, page), 2);
        expect(listed).toHaveLength(3);
        expect(listed).toContainEqual({ ...first, apId });
        expect(await all((page) => store.attempts.list({ apIds: [other, apId], uuid: first.uuid }, page), 1)).toHaveLength(2);
      });

      test('a thousand at once are listed newest first', async () => {
        const apId = await addAccessPoint(store);
        const attempts = Array.from({ length: 1000 }, (_, index) => newAttempt({ at: after(index >> 2) }));
        expect(await store.attempts.add(apId, attempts)).toHaveLength(1000);
        const times = (await all((page) => store.attempts.list({ apIds: [apId] }, page), 300)).map(({ at }) => at.getTime());
        expect(times).toHaveLength(1000);
        expect(times).toEqual(times.toSorted((a, b) => b - a));
      });

      test('old ones are forgotten step by step, the oldest first', async () => {
        const apId = await addAccessPoint(store);
        const longAgo = (ms: number) => new Date(Date.parse('2020-01-01T00:00:00Z') + ms);
        await store.attempts.add(apId, [newAttempt(), ...[3, 1, 2].map((ms) => newAttempt({ at: longAgo(ms) }))]);
        expect(await store.attempts.forget(longAgo(3), 1)).toBe(1);
        const kept = () => store.attempts.list({ apIds: [apId] }, { limit: 10 }).then(({ items }) => items.map(({ at }) => at));
        expect(await kept()).toEqual([start, longAgo(3), longAgo(2)]);
        expect(await store.attempts.forget(longAgo(3), 10)).toBe(1);
        expect(await kept()).toEqual([start, longAgo(3)]);
      });

      test('beyond a number an access point’s older ones are forgotten, and no other’s', async () => {
        const [apId, other] = [await addAccessPoint(store), await addAccessPoint(store)];
        for (const id of [apId, other]) {
          await store.attempts.add(id, [4, 1, 3, 5, 2].map((ms) => newAttempt({ at: after(ms) })));
        }
        expect(await store.attempts.forgetBeyond(apId, 2, 1)).toBe(1);
        expect(await store.attempts.forgetBeyond(apId, 2, 10)).toBe(2);
        expect(await store.attempts.forgetBeyond(apId, 2, 10)).toBe(0);
        const kept = (await store.attempts.list({ apIds: [apId] }, { limit: 10 })).items.map(({ at }) => at);
        expect(kept).toEqual([after(5), after(4)]);
        expect((await store.attempts.list({ apIds: [other] }, { limit: 10 })).items).toHaveLength(5);
      });
    });

    describe('audit log', () => {
      test('entries are listed in their order, whole, filtered', async () => {
        const uuid = randomUUID();
        const detail = { request_id: 'req_1', weak: true, tries: 3 };
        await store.audit.append({ at: start, actor: 'local', action: 'device.reserved', uuid });
        await store.audit.append(
          { at: after(1), actor: 'ap:Halle', action: 'device.asked', uuid, apId: 'ap_1', detail },
          { at: after(2), actor: 'local', action: 'device.revoked', uuid },
        );
        const entries = await all((page) => store.audit.list({ uuid }, page), 2);
        expect(entries.map((entry) => entry.action)).toEqual(['device.reserved', 'device.asked', 'device.revoked']);
        expect(entries[1]).toEqual({
          id: entries[1]!.id, at: after(1), actor: 'ap:Halle', action: 'device.asked', uuid, apId: 'ap_1', detail,
        });
        expect(entries.every((entry, index) => index === 0 || entry.id > entries[index - 1]!.id)).toBe(true);
        expect(await all((page) => store.audit.list({ uuid, action: 'device.asked' }, page), 5)).toEqual([entries[1]]);
      });

      test('an entry that stands for several devices is found by each, and says of it what it says of it alone', async () => {
        const [one, two] = [randomUUID(), randomUUID()];
        // Two devices whose uuids end alike are still two.
        const alike = `${randomUUID().slice(0, 24)}${one.slice(24)}`;
        const asked = [
          { uuid: one, at: after(1), status: 'known' },
          { uuid: two, at: after(2), status: 'spent' },
        ];
        await store.audit.append(
          { at: start, actor: 'local', action: 'device.reserved', uuid: one },
          { at: after(1), actor: 'ap:Halle', action: 'device.asked', apId: 'ap_1', asked },
          { at: after(3), actor: 'ap:Halle', action: 'device.asked', apId: 'ap_1', asked: [{ uuid: alike, at: after(3), status: 'unknown' }] },
        );
        const [reserved, ofOne] = await all((page) => store.audit.list({ uuid: one }, page), 1);
        expect(reserved).toMatchObject({ action: 'device.reserved', uuid: one });
        const common = { id: ofOne!.id, actor: 'ap:Halle', action: 'device.asked', apId: 'ap_1' };
        expect(ofOne).toEqual({ ...common, uuid: one, at: after(1), detail: { status: 'known' } });
        expect(await all((page) => store.audit.list({ uuid: two }, page), 1)).toEqual([
          { ...common, uuid: two, at: after(2), detail: { status: 'spent' } },
        ]);
        expect(await all((page) => store.audit.list({ uuid: alike }, page), 1)).toMatchObject([{ uuid: alike, detail: { status: 'unknown' } }]);
        // However far the log has gone on meanwhile.
        await store.audit.append(...Array.from({ length: 1100 }, () => ({ at: start, actor: 'local', action: 'server.backed_up' }) as const));
        await store.audit.append({ at: after(4), actor: 'ap:Halle', action: 'device.asked', apId: 'ap_1', asked: [{ uuid: one, at: after(4), status: 'spent' }, { uuid: two, at: after(5), status: 'known' }] });
        expect((await all((page) => store.audit.list({ uuid: one }, page), 2)).map(({ detail }) => detail['status'])).toEqual([undefined, 'known', 'spent']);
        const everything = await all((page) => store.audit.list({ action: 'device.asked' }, page), 1000);
        expect(everything.find(({ id }) => id === ofOne!.id)).toEqual({ ...common, uuid: undefined, at: after(1), detail: {}, asked });
      });

      test('an access point asks at once about devices whose uuids end alike', async () => {
        const uuids = [randomUUID(), randomUUID()].map((uuid) => `${uuid.slice(0, 24)}0123456789ab`);
        const asked = uuids.map((uuid) => ({ uuid, at: start, status: 'unknown' }));
        await store.audit.append({ at: start, actor: 'ap:Halle', action: 'device.asked', apId: 'ap_1', asked });
        for (const uuid of uuids) {
          expect((await store.audit.list({ uuid }, { limit: 10 })).items).toMatchObject([{ uuid, detail: { status: 'unknown' } }]);
        }
      });

      test('sealing chains what is open, and verifying walks the whole chain', async () => {
        await store.audit.append(...Array.from({ length: 1201 }, (_, index) =>
          ({ at: after(index), actor: 'local', action: 'device.asked', detail: { index } }) as const));
        const before = await store.audit.verify();
        expect(before.unsealed).toBeGreaterThanOrEqual(1201n);
        expect(await store.audit.seal()).toBe(Number(before.unsealed));
        expect(await store.audit.seal()).toBe(0);
        const verified = await store.audit.verify();
        expect(verified).toMatchObject({ ok: true, unsealed: 0n, broken: undefined });
        expect(verified.head!.count).toBe((before.head?.count ?? 0n) + before.unsealed);

        await store.audit.append({ at: start, actor: 'local', action: 'server.rekeyed' });
        expect(await store.audit.verify()).toEqual({ ...verified, unsealed: 1n });
      });

      test('16 sealers and appenders at once make one chain', async () => {
        await contend(16, async (index) => {
          await store.audit.append(...Array.from({ length: 50 }, () =>
            ({ at: start, actor: `server ${index}`, action: 'device.asked' }) as const));
          await store.audit.seal();
        });
        await store.audit.seal();
        expect(await store.audit.verify()).toMatchObject({ ok: true, unsealed: 0n });
      });
    });

    describe('kept replies and settings', () => {
      test('a reply is kept for its scope and key, the first one', async () => {
        const scope = newId('tok');
        const reply = { fingerprint: new Uint8Array(randomBytes(32)), status: 201, body: '{"pass_tmp":"ä"}' };
        expect(await store.replies.find(scope, 'k1')).toBeUndefined();
        expect(await store.replies.insert(scope, 'k1', reply, start)).toBe(true);
        expect(await store.replies.insert(scope, 'k1', { ...reply, status: 500 }, start)).toBe(false);
        const kept = await store.replies.find(scope, 'k1');
        expect({ ...kept, fingerprint: new Uint8Array(kept!.fingerprint) }).toEqual(reply);
        expect(await store.replies.find(newId('tok'), 'k1')).toBeUndefined();
      });

      test('old ones are forgotten', async () => {
        const scope = newId('tok');
        const reply = { fingerprint: randomBytes(32), status: 200, body: 'x' };
        await store.replies.insert(scope, 'old', reply, new Date('2020-01-01T00:00:00Z'));
        await store.replies.insert(scope, 'new', reply, start);
        expect(await store.replies.forget(new Date('2020-01-02T00:00:00Z'), 10)).toBe(1);
        expect(await store.replies.find(scope, 'old')).toBeUndefined();
        expect(await store.replies.find(scope, 'new')).toBeDefined();
      });

      test('the first value of a setting stays', async () => {
        const name = newId('set');
        expect(await store.settings.get(name)).toBeUndefined();
        const inserted = await contend(16, (index) => store.settings.insert(name, `value ${index}`));
        expect(inserted.filter(Boolean)).toHaveLength(1);
        expect(await store.settings.get(name)).toBe(`value ${inserted.indexOf(true)}`);
      });
    });

    describe('credit payment codes', () => {
      const one = { settled: 500n, uses: 1, lost: 0n, rejected: 0 };

      test('are kept as they were signed, one for a payment', async () => {
        const { code, payment } = await addCode(store);
        expect(inHex(await store.creditCodes.find(code.token.id))).toEqual(inHex(code));
        expect(inHex(await store.creditCodes.findByPayment(code.accountId, payment.key))).toEqual(inHex(code));
        expect(await store.creditCodes.insert({ ...code, token: { ...code.token, id: newId('code') }, paymentId: newId('pay'), key: payment.key })).toBe(false);
        expect(await store.creditCodes.ofPayments([payment.id, newId('pay')])).toEqual(new Map([[payment.id, code.token.id]]));
        const { code: bound } = await addCode(store, { token: { ...code.token, id: newId('code'), payees: ['acc_1', 'acc_2'] } });
        const found = await store.creditCodes.forSettlement([bound.token.id, code.token.id, newId('code')]);
        expect(found).toHaveLength(2);
        for (const each of [bound, code]) {
          expect(inHex(found.find(({ token }) => token.id === each.token.id))).toEqual(inHex({ ...each, tokenRevokedAt: undefined, keyRevokedAt: undefined, isHeld: true, lost: 0n, rejected: 0 }));
        }
      });

      test('come to no more than they allow, whoever says so', async () => {
        const { code: { token } } = await addCode(store);
        const progress = (by: Partial<typeof one>) => store.creditCodes.progress(new Map([[token.id, { ...one, ...by }]]));
        await progress({ uses: 9 });
        await expect(progress({ uses: 2 })).rejects.toThrow();
        await expect(progress({ settled: 1501n })).rejects.toThrow();
        await expect(progress({ settled: 0n, uses: 0, lost: 2001n })).rejects.toThrow();
        await progress({ settled: 1500n });
        expect(await store.creditCodes.find(token.id)).toMatchObject({ settled: 2000n, settledUses: 10 });
      });

      test('of a showing one receipt is settled, and others beside it are not', async () => {
        const { code: { token } } = await addCode(store);
        const first = newCodeReceipt(token.id);
        const duplicate = newCodeReceipt(token.id, { outcome: 'duplicate', reason: 'r', otherId: first.id, postingId: undefined });
        await store.codeReceipts.insert([first, newCodeReceipt(token.id, { counter: 2 })]);
        await store.codeReceipts.insert([duplicate]);
        await expect(store.codeReceipts.insert([newCodeReceipt(token.id)])).rejects.toThrow();
        await expect(store.codeReceipts.insert([{ ...first, counter: 3 }])).rejects.toThrow();
        expect(inHex(await store.codeReceipts.find(duplicate.id))).toEqual(inHex(duplicate));
        expect((await store.codeReceipts.settled([{ tokenId: token.id, counter: 1 }, { tokenId: token.id, counter: 9 }])).map(inHex)).toEqual([inHex({ tokenId: token.id, counter: 1, id: first.id, code: first.code })]);
        expect(await store.codeReceipts.known('acc_1', [first.id, duplicate.id, 'x'])).toHaveLength(2);
        expect(await store.codeReceipts.known('acc_2', [first.id])).toEqual([]);
        expect((await store.codeReceipts.ofCode(token.id)).map(({ counter }) => counter)).toEqual([1, 2, 1]);
        expect((await store.codeReceipts.disputes({ payeeId: 'acc_1' }, { limit: 1 })).items.map(({ id }) => id)).toEqual([duplicate.id]);
      });

      test('what is held is captured bit by bit, and the rest given back at the end', async () => {
        const { code: { accountId }, payment } = await addCode(store);
        const capture = (minor: bigint) => store.payments.captureMore(new Map([[payment.id, minor]]));
        expect(await capture(600n)).toBe(true);
        await store.postings.insert({
          id: newId('pst'), at: start, kind: 'code', debitId: accountId, creditId: 'out_EUR', amount: { minor: 600n, currency: 'EUR' }, paymentId: payment.id, actor: 'local', memo: undefined, unheld: 600n,
        });
        expect(await store.accounts.find(accountId)).toMatchObject({ balance: 4400n, held: 1400n });
        expect(await capture(1401n)).toBe(false);
        expect(await store.payments.end(payment.id, after(1), 'expired')).toMatchObject({ state: 'paid', captured: 600n, reason: 'expired' });
        expect(await store.accounts.find(accountId)).toMatchObject({ balance: 4400n, held: 0n });
        expect(await capture(1n)).toBe(false);
        expect(await store.payments.end(payment.id, after(1), 'expired')).toBeUndefined();
        expect((await store.postings.verify()).findings).toEqual([]);
      });

      test('are listed by what they have come to, newest first', async () => {
        const { code: { token, accountId, keyId } } = await addCode(store);
        const listed = async (is: 'active' | 'revoked' | 'expired' | 'ended', at: Date) =>
          (await store.creditCodes.list({ accountIds: [accountId], state: { is, at } }, { limit: 10 })).items.map((code) => code.token.id);
        const states = async (at: Date) => (await Promise.all((['active', 'revoked', 'expired', 'ended'] as const).map(async (is) => ((await listed(is, at)).length > 0 ? is : '')))).join('');
        const dayMs = 86_400_000;
        expect([await states(after(1)), await states(after(dayMs)), await states(after(8 * dayMs))]).toEqual(['active', 'expired', 'ended']);
        expect(await store.creditCodes.revoke(token.id, after(1))).toBe(true);
        expect(await store.creditCodes.revoke(token.id, after(2))).toBe(false);
        expect([await states(after(2)), await states(after(8 * dayMs))]).toEqual(['revoked', 'ended']);
        expect(await store.creditCodes.revoked(after(dayMs))).toContain(token.id);
        expect(await store.creditCodes.revoked(after(dayMs + 1))).not.toContain(token.id);
        await store.codeKeys.revoke(keyId, start);
        expect(await store.creditCodes.find(token.id)).toMatchObject({ revokedAt: start });
        expect(await store.creditCodes.revoked(start)).not.toContain(token.id);
      });

      test('keys say until when what they signed is good', async () => {
        const { code: { token, keyId } } = await addCode(store);
        expect((await store.codeKeys.list()).find(({ id }) => id === keyId)).toMatchObject({ neededUntil: token.expiresAt, revokedAt: undefined });
        expect(await store.codeKeys.revoke(keyId, after(1))).toBe(true);
        expect(await store.codeKeys.revoke(keyId, after(2))).toBe(false);
        expect((await store.codeKeys.seedOf(keyId)).length).toBe(32);
      });
    });

    describe('shared networks', () => {
      const texts = [{ language: 'en', text: 'Welcome', link: undefined }];
      const message = { texts, validFrom: after(1), validTo: undefined };

      test('a network is kept whole, and its radios name it while it is valid', async () => {
        const [ssid, bssids] = [Uint8Array.of(0, 255, 27, 200), [newBssid(), newBssid()]];
        const network = await addNetwork(store, { ssid, bssids, state: 'claimed', verifiedAt: undefined, proveAgainBy: undefined });
        expect(inHex(network)).toMatchObject({ ssid: '00ff1bc8', bssids, state: 'claimed', message: undefined, meterKey: undefined, verifiedAt: undefined });
        expect(await store.networks.withRadios(bssids)).toEqual([]);
        const proven = await store.networks.change(network.id, { state: 'valid', verifiedAt: after(1), proveAgainBy: after(2) });
        expect(inHex(proven)).toEqual({ ...inHex(network) as object, state: 'valid', verifiedAt: after(1), proveAgainBy: after(2), revision: proven.revision });
        expect(proven.revision).toBeGreaterThan(network.revision);
        expect((await store.networks.withRadios([bssids[1]!, newBssid()])).map(({ id }) => id)).toEqual([network.id]);
        await store.networks.change(network.id, { state: 'suspended', reason: 'not proven again' });
        expect(await store.networks.withRadios(bssids)).toEqual([]);
        expect(await store.networks.find(network.id)).toMatchObject({ state: 'suspended', reason: 'not proven again', verifiedAt: after(1) });
        expect(await store.networks.find(newId('net'))).toBeUndefined();
        expect(await codeOf(store.networks.change(newId('net'), { state: 'valid' }))).toBe('network_not_found');
      });

      test('other radios take the place of those that it had', async () => {
        const network = await addNetwork(store);
        const bssids = [newBssid(), newBssid()];
        await store.networks.change(network.id, { bssids });
        expect(await store.networks.withRadios(network.bssids)).toEqual([]);
        expect((await store.networks.withRadios(bssids)).map((each) => each.bssids)).toEqual([bssids]);
      });

      test('a radio is of one valid network; who loses it first makes way', async () => {
        const one = await addNetwork(store);
        const other = await addNetwork(store, { bssids: one.bssids, state: 'claimed' });
        await expect(store.networks.change(other.id, { state: 'valid' })).rejects.toThrow();
        expect(await store.networks.find(other.id)).toMatchObject({ state: 'claimed' });
        await store.transaction(async (tx) => {
          await tx.networks.change(one.id, { state: 'suspended', reason: 'proven by another' });
          await tx.networks.change(other.id, { state: 'valid' });
        });
        expect((await store.networks.withRadios(one.bssids)).map(({ id }) => id)).toEqual([other.id]);
      });

      test('an offer is found by the radios of its network while that is valid', async () => {
        const network = await addNetwork(store);
        const offer = {
          id: newId('off'), networkId: network.id, accountId: network.accountId, terminalId: network.terminalId, state: 'active', guests: 5, hours: undefined, approval: 'automatic',
          answerMs: 1, createdAt: start, changedAt: start,
          tariff: { kind: 'unlimited', price: { minor: 500n, currency: 'EUR' }, pausable: false, refund: 'none' },
        } as const;
        await store.offers.insert(offer);
        const found = async (bssids: readonly string[]) => (await store.offers.search(bssids)).map(({ shown }) => parseShownOffer(shown).network.id);
        expect(await found(network.bssids)).toEqual([network.id]);
        await store.networks.change(network.id, { state: 'suspended', reason: 'x' });
        expect(await found(network.bssids)).toEqual([]);
        const bssids = [newBssid()];
        await store.networks.change(network.id, { state: 'valid', bssids });
        expect([await found(network.bssids), await found(bssids)]).toEqual([[], [network.id]]);
      });

      test('a claim is found by account, name and a radio of it, first that which is valid', async () => {
        const bssids = [newBssid(), newBssid()];
        const accountId = await addAccount(store);
        const older = await addNetwork(store, { accountId, bssids });
        await addNetwork(store, { accountId, bssids, state: 'claimed', createdAt: after(5) });
        expect(await store.networks.findClaim(accountId, ssidBytes('CoffeeHouse'), [bssids[1]!])).toMatchObject({ id: older.id });
        expect(await store.networks.findClaim(accountId, ssidBytes('coffeehouse'), bssids)).toBeUndefined();
        expect(await store.networks.findClaim(accountId, ssidBytes('CoffeeHouse'), [newBssid()])).toBeUndefined();
        expect(await store.networks.findClaim(newId('acc'), ssidBytes('CoffeeHouse'), bssids)).toBeUndefined();
      });

      test('an account’s are listed newest first, the others’ not', async () => {
        const accountId = await addAccount(store);
        const ids: string[] = [];
        for (let index = 0; index < 5; index++) {
          ids.unshift((await addNetwork(store, { accountId, createdAt: after(index) })).id);
        }
        await addNetwork(store);
        expect((await all((page) => store.networks.list({ accountIds: [accountId] }, page), 2)).map(({ id }) => id)).toEqual(ids);
        expect(await store.networks.list({ accountIds: [] }, { limit: 5 })).toEqual({ items: [], next: undefined });
      });

      test('valid ones that were to be proven again are overdue', async () => {
        const [late, suspended, early] = [
          await addNetwork(store, { proveAgainBy: after(-10) }),
          await addNetwork(store, { proveAgainBy: after(-10), state: 'suspended' }),
          await addNetwork(store, { proveAgainBy: after(10) }),
        ];
        const ids = (await store.networks.overdue(start, 1000)).map(({ id }) => id);
        expect(ids).toContain(late.id);
        expect(ids).not.toContain(suspended.id);
        expect(ids).not.toContain(early.id);
        await store.networks.change(late.id, { state: 'suspended' });
      });

      test('the list is followed from revision to revision: new messages, and what has gone', async () => {
        const [one, two, without] = [await addNetwork(store), await addNetwork(store), await addNetwork(store)];
        const { revision: before } = await store.networks.changedSince(0, 1000);
        const said = (await store.networks.setMessage(one.id, message)).message!;
        expect(inHex(said.texts[0])).toEqual(texts[0]);
        expect([said.validFrom, said.validTo]).toEqual([after(1), undefined]);
        await store.networks.setMessage(two.id, message);
        await store.networks.change(without.id, { proveAgainBy: after(1) });
        const first = await store.networks.changedSince(before, 1);
        expect(first).toMatchObject({ networks: [{ networkId: one.id, bssids: one.bssids, messageVersion: said.version }], gone: [], isPart: true });
        const second = await store.networks.changedSince(first.revision, 1);
        expect(second).toMatchObject({ networks: [{ networkId: two.id }], gone: [], isPart: false });
        expect(await store.networks.changedSince(second.revision, 1)).toEqual({ networks: [], gone: [], revision: second.revision, isPart: false });

        expect((await store.networks.setMessage(one.id, undefined)).message).toBeUndefined();
        await store.networks.change(two.id, { state: 'suspended', reason: 'x' });
        expect((await store.networks.changedSince(second.revision, 10)).gone).toEqual([one.id, two.id]);
        const again = (await store.networks.setMessage(one.id, message)).message!;
        expect(again.version).toBeGreaterThan(said.version);
        const whole = await store.networks.changedSince(0, 1000);
        expect(whole.gone).toEqual([]);
        const ids = whole.networks.map(({ networkId }) => networkId);
        expect([ids.includes(one.id), ids.includes(two.id), ids.includes(without.id)]).toEqual([true, false, false]);
        expect(await store.networks.changedSince(whole.revision + 1000, 1000)).toEqual(whole);
      });

      test('an agent’s claim of a network is apart from where its grants are', async () => {
        const [network, apId] = [await addNetwork(store), await addAccessPoint(store)];
        expect(await store.networks.claimedBy(apId)).toBeUndefined();
        expect(await store.networks.claim(network.id, apId)).toBe(true);
        expect(await store.networks.claimedBy(apId)).toBe(network.id);
        expect(await store.networks.find(network.id)).toMatchObject({ apId: network.apId });
        expect(await store.networks.change(network.id, { apId, meterKey: new Uint8Array(32).fill(3) })).toMatchObject({ apId });
        expect(inHex((await store.networks.lock(network.id))!.meterKey)).toBe('03'.repeat(32));
        const another = await addNetwork(store);
        expect(await store.networks.claim(another.id, await addAccessPoint(store))).toBe(true);
        expect(await store.networks.claim(another.id, apId)).toBe(true);
        expect(await store.networks.claimedBy(apId)).toBe(another.id);
        expect(await store.networks.claim(newId('net'), apId)).toBe(false);
        expect(await store.networks.claimedBy(apId)).toBe(another.id);
        expect(await store.networks.lock(newId('net'))).toBeUndefined();
      });
    });

    describe('challenges', () => {
      test('one is kept whole, and is open about its radios until it is decided', async () => {
        const network = await addNetwork(store, { bssids: [newBssid(), newBssid()] });
        const challenge = newChallenge(network);
        await store.challenges.insert(challenge);
        expect(inHex(await store.challenges.find(challenge.id))).toEqual(inHex(challenge));
        expect(await store.challenges.openOf(network.id)).toMatchObject({ id: challenge.id });
        expect((await store.challenges.openAbout([network.bssids[1]!, newBssid()])).map(({ id }) => id)).toEqual([challenge.id]);
        await expect(store.challenges.insert(newChallenge(network))).rejects.toThrow();
        const errors = [{ at: after(1), fault: 'not_seen', detail: 'It is not there.' }] as const;
        expect(await store.challenges.change(challenge.id, { state: 'processing', errors, witnessed: 1 })).toMatchObject({ state: 'processing', errors, witnessed: 1 });
        expect(await store.challenges.lock(challenge.id)).toMatchObject({ state: 'processing', errors });
        await store.challenges.change(challenge.id, { state: 'valid', decidedAt: after(2) });
        expect(await store.challenges.openOf(network.id)).toBeUndefined();
        expect(await store.challenges.openAbout(network.bssids)).toEqual([]);
        expect(await store.challenges.find(challenge.id)).toMatchObject({ state: 'valid', errors, witnessed: 1, decidedAt: after(2) });
        await store.challenges.insert(newChallenge(network, { createdAt: after(10) }));
        expect([await store.challenges.countSince(network.accountId, after(-1)), await store.challenges.countSince(network.accountId, after(5))]).toEqual([2, 1]);
        expect(await codeOf(store.challenges.change(newId('chl'), { state: 'valid' }))).toBe('challenge_not_found');
      });

      test('of an observer and a radio the last that it heard stays, until the challenge is decided', async () => {
        const network = await addNetwork(store);
        const challenge = newChallenge(network);
        await store.challenges.insert(challenge);
        const heard = {
          challengeId: challenge.id, observerId: 'tok_1', isWitness: true, bssid: network.bssids[0]!, ssid: Uint8Array.of(255), security: 'wpa2-psk', signalDbm: -50, heardAt: after(1),
        } as const;
        await store.challenges.observe([]);
        await store.challenges.observe([heard, { ...heard, heardAt: after(2) }, { ...heard, observerId: 'tok_2', isWitness: false, signalDbm: undefined }]);
        await store.challenges.observe([{ ...heard, ssid: challenge.second, security: 'open', heardAt: after(3) }]);
        expect((await store.challenges.observations(challenge.id)).map(inHex)).toEqual([
          inHex({ ...heard, ssid: challenge.second, security: 'open', heardAt: after(3) }),
          inHex({ ...heard, observerId: 'tok_2', isWitness: false, signalDbm: undefined }),
        ]);
        await store.challenges.change(challenge.id, { state: 'invalid', decidedAt: after(4) });
        expect(await store.challenges.observations(challenge.id)).toEqual([]);
      });

      test('open ones whose time is over expire, and their observations go', async () => {
        const [late, early, decided] = [newChallenge(await addNetwork(store), { expiresAt: after(-1) }), newChallenge(await addNetwork(store)), newChallenge(await addNetwork(store), { expiresAt: after(-1) })];
        for (const challenge of [late, early, decided]) {
          await store.challenges.insert(challenge);
        }
        await store.challenges.observe([{
          challengeId: late.id, observerId: 'tok_1', isWitness: true, bssid: late.bssids[0]!, ssid: late.second, security: 'open', signalDbm: undefined, heardAt: start,
        }]);
        await store.challenges.change(decided.id, { state: 'valid', decidedAt: start });
        expect(await store.challenges.expire(start, 1000)).toBe(1);
        const states = await Promise.all([late, early, decided].map(async ({ id }) => (await store.challenges.find(id))!.state));
        expect(states).toEqual(['expired', 'pending', 'valid']);
        expect(await store.challenges.observations(late.id)).toEqual([]);
        expect(await store.challenges.find(late.id)).toMatchObject({ decidedAt: start });
      });
    });

    describe('transactions', () => {
      test('all or nothing', async () => {
        const [one, two] = [newDevice(), newDevice()];
        await expect(store.transaction(async (tx) => {
          expect(await tx.devices.insert(one)).toBe(true);
          expect(await tx.devices.find(one.uuid)).toBeDefined();
          await tx.audit.append({ at: start, actor: 'local', action: 'device.reserved', uuid: one.uuid });
          throw new LatchkeyError('device_conflict');
        })).rejects.toMatchObject({ code: 'device_conflict' });
        expect(await store.devices.find(one.uuid)).toBeUndefined();
        expect((await store.audit.list({ uuid: one.uuid }, { limit: 10 })).items).toEqual([]);
        expect(await store.transaction((tx) => tx.devices.insert(two))).toBe(true);
        expect(await store.devices.find(two.uuid)).toBeDefined();
      });

      test('one that fails takes no other with it', async () => {
        const devices = Array.from({ length: 16 }, () => newDevice());
        const results = await Promise.allSettled(devices.map((device, index) => store.transaction(async (tx) => {
          await tx.devices.insert(device);
          if (index % 3 === 0) throw new Error('changed my mind');
          return index;
        })));
        for (const [index, device] of devices.entries()) {
          const fails = index % 3 === 0;
          expect(results[index]!.status).toBe(fails ? 'rejected' : 'fulfilled');
          expect((await store.devices.find(device.uuid)) === undefined).toBe(fails);
        }
      });

      test('nothing can be done in one that is over', async () => {
        let escaped: Store | undefined;
        await store.transaction(async (tx) => { escaped = tx; });
        await expect(escaped!.devices.insert(newDevice())).rejects.toThrow();
        await expect(escaped!.devices.find(randomUUID())).rejects.toThrow();
        await expect(escaped!.devices.list({}, { limit: 1 })).rejects.toThrow();
      });

      test('one inside another joins it', async () => {
        const [one, two] = [newDevice(), newDevice()];
        await expect(store.transaction(async (tx) => {
          await tx.transaction((inner) => inner.devices.insert(one));
          await tx.transaction(async (inner) => {
            await inner.transaction((innermost) => innermost.devices.insert(two));
          });
          throw new Error('no');
        })).rejects.toThrow('no');
        expect(await store.devices.find(one.uuid)).toBeUndefined();
        expect(await store.devices.find(two.uuid)).toBeUndefined();
      });

      test('what one has not committed nobody else sees', async () => {
        const device = newDevice();
        const { promise: inserted, resolve: signalInserted } = Promise.withResolvers<void>();
        const { promise: mayCommit, resolve: commit } = Promise.withResolvers<void>();
        const writing = store.transaction(async (tx) => {
          await tx.devices.insert(device);
          signalInserted();
          await mayCommit;
        });
        await inserted;
        if (database.shared) {
          // Reads wait for no writer.
          expect(await store.devices.find(device.uuid)).toBeUndefined();
        }
        const reading = store.devices.find(device.uuid);
        commit();
        await writing;
        await reading;
        expect(await store.devices.find(device.uuid)).toBeDefined();
      });

      test('counting up together loses nothing', async () => {
        const apId = await addAccessPoint(store);
        await contend(16, () => store.transaction(async (tx) => {
          const revision = await tx.accessPoints.nextRevision(apId);
          await tx.grants.insert(newGrant(apId, { revision }));
        }));
        expect((await store.grants.changedSince(apId, 0)).map((grant) => grant.revision))
          .toEqual(Array.from({ length: 16 }, (_, index) => index + 1));
      });
    });

    describe('events of terminals', () => {
      const numbersOf = async (terminalId: string, after = 0, limit = 100) => (await store.events.after(terminalId, after, limit)).map(({ number }) => number);

      test('they are kept whole and numbered for each terminal', async () => {
        const [one, other] = [newId('tok'), newId('tok')];
        await store.events.append([
          newEvent(other),
          newEvent(one, { kind: 'quota.low', at: after(7), detail: { grant_id: 'grant_1', left_bytes: 2 ** 40 } }),
          newEvent(other, { kind: 'grant.ended', detail: {} }),
        ]);
        await store.events.append([newEvent(one)]);
        expect(await store.events.after(one, 0, 100)).toEqual([
          { number: 1, kind: 'quota.low', at: after(7), detail: { grant_id: 'grant_1', left_bytes: 2 ** 40 } },
          { number: 2, kind: 'fee.set', at: start, detail: { request_id: 'req_1' } },
        ]);
        expect((await store.events.after(other, 0, 100)).map(({ number, kind }) => [number, kind])).toEqual([[1, 'fee.set'], [2, 'grant.ended']]);
      });

      test('they are read on from a number, so many at a time', async () => {
        const terminalId = newId('tok');
        await store.events.append(Array.from({ length: 7 }, () => newEvent(terminalId)));
        expect(await numbersOf(terminalId, 2, 3)).toEqual([3, 4, 5]);
        expect(await numbersOf(terminalId, 5, 3)).toEqual([6, 7]);
        expect(await numbersOf(terminalId, 7, 3)).toEqual([]);
        expect(await numbersOf(newId('tok'))).toEqual([]);
      });

      test('many that read at once each get their own', async () => {
        const terminals = Array.from({ length: 1_001 }, () => newId('tok'));
        await store.events.append(terminals.flatMap((terminalId, index) =>
          Array.from({ length: 1 + (index % 3) }, () => newEvent(terminalId, { detail: { of: index } }))));
        const read = await Promise.all([...terminals, ...terminals].map((terminalId, index) => store.events.after(terminalId, index < terminals.length ? 0 : 1, 2)));
        expect(read.map((events) => events.map(({ number, detail }) => [number, detail['of']]))).toEqual([
          ...terminals.map((_, index) => [[1, index], [2, index]].slice(0, 1 + (index % 3))),
          ...terminals.map((_, index) => [[2, index], [3, index]].slice(0, index % 3)),
        ]);
      });

      test('a number that is rolled back is given again', async () => {
        const terminalId = newId('tok');
        await expect(store.transaction(async (tx) => {
          await tx.events.append([newEvent(terminalId)]);
          throw new Error('changed my mind');
        })).rejects.toThrow('changed my mind');
        expect(await store.events.range(terminalId)).toEqual({ last: 0, first: undefined });
        await store.events.append([newEvent(terminalId)]);
        expect(await numbersOf(terminalId)).toEqual([1]);
      });

      test('old ones are forgotten, and their numbers are not given again', async () => {
        const terminalId = newId('tok');
        const long = Array.from({ length: 4 }, (_, index) => newEvent(terminalId, { at: new Date(index) }));
        await store.events.append([...long, newEvent(terminalId)]);
        expect(await store.events.forget(new Date(3), 2)).toBe(2);
        expect(await store.events.range(terminalId)).toEqual({ last: 5, first: 3 });
        expect(await store.events.forget(new Date(3), 2)).toBe(1);
        expect(await store.events.forget(after(1), 1_000_000)).toBeGreaterThanOrEqual(2);
        expect(await store.events.range(terminalId)).toEqual({ last: 5, first: undefined });
        await store.events.append([newEvent(terminalId)]);
        expect(await numbersOf(terminalId)).toEqual([6]);
      });

      test('a commit wakes who watches that terminal, and what came meanwhile is not missed', async () => {
        const [terminalId, other] = [newId('tok'), newId('tok')];
        const [watch, elsewhere] = [store.watchEvents(terminalId), store.watchEvents(other)];
        const leaving = new AbortController();
        let early = true;
        const asleep = elsewhere.next(0, 60_000, leaving.signal).then(() => expect(early).toBe(false));
        const waiting = watch.next(0, 60_000);
        await store.events.append([newEvent(terminalId)]);
        await waiting;
        await store.events.append([newEvent(terminalId)]);
        await watch.next(1, 60_000);
        expect(await numbersOf(terminalId)).toEqual([1, 2]);
        await watch.next(2, 1);
        early = false;
        leaving.abort();
        await asleep;
        watch.close();
        elsewhere.close();
      });
    });

    describe('waiting for a revision', () => {
      test('one that is passed already is not waited for', async () => {
        const apId = await addAccessPoint(store);
        await store.accessPoints.nextRevision(apId);
        await store.waitForRevision(apId, 0, 60_000);
      });

      test('time, signal and unknown access points end it', async () => {
        const apId = await addAccessPoint(store);
        await store.waitForRevision(apId, 0, 1);
        await store.waitForRevision(newId('ap'), 0, 1);
        await store.waitForRevision(apId, 0, 60_000, AbortSignal.abort());
        const leaving = new AbortController();
        const waiting = store.waitForRevision(apId, 0, 60_000, leaving.signal);
        leaving.abort();
        await waiting;
      });

      test('a commit wakes all who wait for that access point', async () => {
        const [apId, other] = [await addAccessPoint(store), await addAccessPoint(store)];
        const leaving = new AbortController();
        let early = true;
        const elsewhere = store.waitForRevision(other, 0, 60_000, leaving.signal).then(() => expect(early).toBe(false));
        const waiting = contend(5, () => store.waitForRevision(apId, 0, 60_000));
        await store.transaction(async (tx) => {
          await tx.accessPoints.nextRevision(apId);
        });
        await waiting;
        early = false;
        leaving.abort();
        await elsewhere;
      });

      test('a later one is waited for', async () => {
        const apId = await addAccessPoint(store);
        const waiting = store.waitForRevision(apId, 2, 60_000);
        for (let revision = 1; revision <= 3; revision++) {
          await store.accessPoints.nextRevision(apId);
        }
        await waiting;
        expect((await store.accessPoints.find(apId))?.revision).toBe(3);
      });
    });

    test('a page that continues no list is the input’s fault', async () => {
      const from = (...parts: unknown[]) => ({ limit: 10, after: Buffer.from(JSON.stringify(parts)).toString('base64url') });
      for (const page of [from(), from('x'), from(8.64e15 + 1, 'x'), from(-8.64e15, 'x'), from(2 ** 53, 'x'), from(1.5, 'x'), from(0, 'a\0b')]) {
        expect(await codeOf(store.tokens.list(page))).toBe('invalid_input');
        expect(await codeOf(store.requests.list({}, page))).toBe('invalid_input');
        expect(await codeOf(store.grants.list({}, page))).toBe('invalid_input');
        expect(await codeOf(store.attempts.list({}, page))).toBe('invalid_input');
      }
      expect(await codeOf(store.attempts.list({}, from(2 ** 53 - 1, 'x', 'y')))).toBe('invalid_input');
    });

    test('it answers', () => store.ping());

    test('closing ends the waiting, and may be said again', async () => {
      const own = await database.open();
      const apId = await addAccessPoint(own);
      const waiting = own.waitForRevision(apId, 0, 60_000);
      const watch = own.watchEvents('tok_1');
      const watching = watch.next(0, 60_000);
      await own.close();
      await waiting;
      await watching;
      watch.close();
      await own.close();
    });
  });
}

/** What two stores on one database do together; each stands for a process of its own. */
export function sharedStoreContract(name: string, harness: () => Promise<StoreHarness>): void {
  describe(name, () => {
    let database: StoreHarness;
    let stores: [Store, Store];

    beforeAll(async () => {
      database = await harness();
      // Both at once: one of them brings the schema up.
      stores = await Promise.all([database.open(), database.open()]);
    });

    afterAll(async () => {
      await Promise.all(stores.map((store) => store.close()));
      await database.remove();
    });

    const storeOf = (index: number) => stores[index % 2]!;

    test('what one commits the other sees', async () => {
      const uuid = await addDevice(stores[0]);
      expect(await stores[1].devices.find(uuid)).toBeDefined();
    });

    test('a revision at one wakes those who wait at the other', async () => {
      const apId = await addAccessPoint(stores[0]);
      for (let round = 0; round < 5; round++) {
        const waiting = stores[1].waitForRevision(apId, round, 60_000);
        await stores[0].accessPoints.nextRevision(apId);
        await waiting;
      }
    });

    test('an event appended at one wakes who watches at the other', async () => {
      const terminalId = newId('tok');
      const watch = stores[1].watchEvents(terminalId);
      for (let round = 0; round < 5; round++) {
        const waiting = watch.next(round, 60_000);
        await stores[0].events.append([newEvent(terminalId)]);
        await waiting;
        expect(await stores[1].events.after(terminalId, round, 10)).toMatchObject([{ number: round + 1 }]);
      }
      watch.close();
    });

    test('events appended at both to the same two terminals, whatever their order, are numbered without gaps', async () => {
      const terminals = [newId('tok'), newId('tok')] as const;
      let runs = 0;
      await contend(32, (index) => storeOf(index).transaction(async (tx) => {
        runs += 1;
        const order = index % 3 === 0 ? terminals : terminals.toReversed();
        await tx.events.append(order.map((terminalId) => newEvent(terminalId, { detail: { index } })));
      }));
      // None got into the way of another.
      expect(runs).toBe(32);
      for (const terminalId of terminals) {
        const events = await stores[0].events.after(terminalId, 0, 100);
        expect(events.map(({ number }) => number)).toEqual(Array.from({ length: 32 }, (_, index) => index + 1));
        expect(new Set(events.map(({ detail }) => detail['index'])).size).toBe(32);
      }
    });

    test('of 16 contenders one registers a uuid', async () => {
      for (let round = 0; round < 10; round++) {
        const uuid = randomUUID();
        const won = await contend(16, (index) => storeOf(index).devices.insert(newDevice({ uuid })));
        expect(won.filter(Boolean)).toHaveLength(1);
      }
    });

    test('of two access points that approve one device at once one gets it', async () => {
      const aps = [await addAccessPoint(stores[0]), await addAccessPoint(stores[0])];
      for (let round = 0; round < 10; round++) {
        const uuid = await addDevice(stores[0]);
        await stores[0].devices.register(uuid, start);
        const spent = await contend(16, (index) => storeOf(index).transaction(async (tx) => {
          const apId = aps[index % 2]!;
          const revision = await tx.accessPoints.nextRevision(apId);
          const won = await tx.devices.setSpentBy(uuid, undefined, `req_${index}`);
          if (won) await tx.grants.insert(newGrant(apId, { subject: { kind: 'device', id: uuid }, revision }));
          return won;
        }));
        expect(spent.filter(Boolean)).toHaveLength(1);
        expect((await stores[1].grants.list({ subjectId: uuid }, { limit: 10 })).items).toHaveLength(1);
      }
    });

    test('of two networks that take a radio at once one has it', async () => {
      for (let round = 0; round < 5; round++) {
        const bssids = [newBssid()];
        const claims = await Promise.all([0, 1].map(() => addNetwork(stores[0], { bssids, state: 'claimed' })));
        const proven = await Promise.allSettled(claims.map(({ id }, index) => storeOf(index).transaction(async (tx) => {
          for (const rival of await tx.networks.withRadios(bssids)) {
            await tx.networks.change(rival.id, { state: 'suspended', reason: 'proven by another' });
          }
          await tx.networks.change(id, { state: 'valid' });
        })));
        expect(proven.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
        const states = await Promise.all(claims.map(async ({ id }) => (await stores[1].networks.find(id))!.state));
        expect(states.toSorted()).toEqual(['suspended', 'valid']);
      }
    });

    test('both seal one chain', async () => {
      await contend(8, async (index) => {
        await storeOf(index).audit.append(...Array.from({ length: 100 }, () =>
          ({ at: start, actor: `server ${index}`, action: 'device.asked' }) as const));
        await storeOf(index).audit.seal();
      });
      await stores[0].audit.seal();
      expect(await stores[1].audit.verify()).toMatchObject({ ok: true, unsealed: 0n });
    });
  });
}
