import { createECDH, randomInt, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditAction, AuditEntry } from '../../src/domain/audit.ts';
import type { DeviceState } from '../../src/domain/device.ts';
import type { NewIdentity } from '../../src/roles/factory/ports.ts';
import { codeOf, errorOf, register, request, trailOf, type Holder, type MakeHarness, type RolesHarness } from './roles.harness.ts';

export function factoryContract(name: string, make: MakeHarness): void {
  describe(`${name}: factory`, () => {
    let harness: RolesHarness;
    let factory: Holder;

    beforeAll(async () => {
      harness = await make();
      factory = await harness.hold('factory');
    });
    afterAll(() => harness.close());

    test('makes an identity that verifies only once it is confirmed', async () => {
      const { device, passTmp } = await factory.factory.reserve({ ssid: 'setup', model: 'lamp', batch: 'b1', label: 'hall' });
      expect(passTmp).toMatch(/^[0-9a-hjkmnp-tv-z]{26}$/);
      expect(device).toMatchObject({ ssid: 'setup', model: 'lamp', batch: 'b1', label: 'hall', state: 'reserved', weak: false });
      const confirmed = await factory.factory.confirm(device.uuid);
      expect(confirmed).toEqual({ ...device, state: 'registered', registeredAt: expect.any(Date) });
      expect(await factory.factory.confirm(device.uuid)).toEqual(confirmed);
      expect(await factory.factory.show(device.uuid.toUpperCase())).toEqual(confirmed);
    });

    test('the same key, or the same uuid and pass_tmp, gives the same identity', async () => {
      const first = await factory.factory.reserve({ ssid: 'setup' }, 'station-7');
      expect(await factory.factory.reserve({ ssid: 'setup' }, 'station-7')).toEqual(first);
      const { device, passTmp } = first;
      expect(await factory.factory.reserve({ ssid: 'setup', uuid: device.uuid.toUpperCase(), passTmp })).toEqual(first);
      expect(await codeOf(factory.factory.reserve({ ssid: 'other' }, 'station-7'))).toBe('idempotency_mismatch');
    });

    test('gives identities out again, in the order asked for, and records that', async () => {
      const [one, two] = [await register(factory, { model: 'lamp', mac: '24-6F-28-A1-B2-C3' }), await register(factory)];
      const absent = randomUUID();
      const found = await factory.factory.identities([two.uuid, absent, one.uuid]);
      expect(found.map((identity) => identity?.device.uuid)).toEqual([two.uuid, undefined, one.uuid]);
      expect(found.map((identity) => identity?.passTmp)).toEqual([two.passTmp, undefined, one.passTmp]);
      expect(found[2]!.device).toMatchObject({ model: 'lamp', mac: '24:6f:28:a1:b2:c3', state: 'registered' });
      await factory.factory.identities([one.uuid]);
      expect((await trailOf(factory.factory, one.uuid)).at(-1)).toMatchObject({ action: 'device.revealed', uuid: one.uuid });
      const lamps = await harness.hold('factory', { models: ['lamp'] });
      expect((await lamps.factory.identities([one.uuid, two.uuid])).map((identity) => identity?.device.uuid)).toEqual([one.uuid, undefined]);
    });

    describe('many at once', () => {
      const newRun = () => randomInt(2 ** 47);
      const identity = (more: Partial<NewIdentity> = {}): NewIdentity => ({
        uuid: randomUUID(), ssid: 'setup', model: undefined, batch: undefined, label: undefined, mac: undefined,
        weak: false, made: false, passTmp: randomUUID(), ...more,
      });

      test('a chunk is reserved, and registered as a whole once it is confirmed', async () => {
        const run = newRun();
        const [first, second] = [[identity({ model: 'lamp', label: 'hall' }), identity()], [identity()]];
        expect(await factory.factory.reserveChunk({ run, number: 2 }, first)).toEqual([]);
        expect(await factory.factory.reserveChunk({ run, number: 3 }, second)).toEqual([]);
        const [uuid, later] = [first[0]!.uuid, second[0]!.uuid];
        expect(await factory.factory.show(uuid)).toMatchObject({ state: 'reserved', model: 'lamp', label: 'hall', registeredAt: undefined });
        expect(await factory.factory.confirmChunks({ run, number: 2 })).toBe(2);
        expect(await factory.factory.show(uuid)).toMatchObject({ state: 'registered', registeredAt: expect.any(Date) });
        expect(await factory.factory.show(later)).toMatchObject({ state: 'reserved' });
        expect(await factory.factory.confirmChunks({ run, number: 2 })).toBe(2);
        expect(await factory.factory.confirmChunks({ run, number: 3 })).toBe(3);
        expect((await factory.factory.identities([later]))[0]!.passTmp).toBe(second[0]!.passTmp);
        expect((await trailOf(factory.factory, uuid)).map(({ action, uuid: about, detail }) => [action, about, detail])).toEqual([
          ['device.reserved', uuid, { chunk: 2, count: 2 }], ['device.registered', uuid, { chunk: 2, count: 2 }],
        ]);
      });

      test('one is confirmed alone, listed, let in and revoked as any other', async () => {
        const [run, batch] = [newRun(), `batch-${randomUUID()}`];
        const identities = [identity({ batch }), identity({ batch }), identity({ batch })];
        const [alone, asking, revoked] = identities.map(({ uuid }) => uuid).sort() as [string, string, string];
        await factory.factory.reserveChunk({ run, number: 1 }, identities);
        const inState = async (state: DeviceState) => (await factory.factory.list({ batch, state }, { limit: 10 })).items.map(({ uuid }) => uuid);
        expect((await factory.factory.confirm(alone)).state).toBe('registered');
        expect(await inState('reserved')).toEqual([asking, revoked]);
        const ap = await harness.hold('ap');
        const passTmp = identities.find(({ uuid }) => uuid === asking)!.passTmp;
        expect(await codeOf(request({ uuid: asking, passTmp }, ap))).toBe('proof_rejected');
        await factory.factory.confirmChunks({ run, number: 1 });
        expect(await inState('reserved')).toEqual([]);
        const { id } = await request({ uuid: asking, passTmp }, ap);
        await ap.ap.approve(id, 'local');
        expect((await factory.factory.show(asking)).spentBy).toBe(id);
        expect((await factory.factory.reset(asking)).spentBy).toBeUndefined();
        await factory.factory.revoke(revoked);
        expect(await inState('revoked')).toEqual([revoked]);
        expect(await inState('registered')).toEqual([alone, asking]);
      });

      test('the same chunk again gives what it gave; a made pass_tmp is the one that was made first', async () => {
        const run = newRun();
        const [given, made] = [identity(), identity({ made: true })];
        await factory.factory.reserveChunk({ run, number: 2 }, [given, made]);
        const again = [given, { ...made, passTmp: randomUUID() }, identity()];
        const resumed = [{ kind: 'resumed', index: 0, passTmp: given.passTmp }, { kind: 'resumed', index: 1, passTmp: made.passTmp }];
        const { admin } = await harness.hold('admin');
        const revealed = async () => (await admin.auditEntries({ action: 'device.revealed' }, { limit: 1000 })).items.filter(({ detail }) => detail['count'] === 1).length;
        const before = await revealed();
        expect(await factory.factory.reserveChunk({ run, number: 2 }, again)).toEqual(resumed);
        // A pass_tmp that somebody gets is told in the log.
        expect(await revealed()).toBe(before + 1);
        // Also if somebody else has registered one of them meanwhile.
        await factory.factory.confirm(given.uuid);
        expect(await factory.factory.reserveChunk({ run, number: 2 }, [given, again[1]!])).toEqual(resumed);
        expect(await factory.factory.confirmChunks({ run, number: 3 })).toBe(3);
        expect(await factory.factory.reserveChunk({ run, number: 4 }, [given])).toEqual([
          { kind: 'refused', index: 0, code: 'device_conflict', reason: `Device ${given.uuid} is in this run twice.` },
        ]);
      });

      test('what another run has just so is known, and what it has otherwise is refused', async () => {
        const [waiting, there] = [identity(), identity()];
        await factory.factory.reserveChunk({ run: newRun(), number: 1 }, [waiting]);
        const run = newRun();
        await factory.factory.reserveChunk({ run, number: 1 }, [there]);
        await factory.factory.confirmChunks({ run, number: 1 });
        const others = [waiting, there, { ...there, passTmp: randomUUID() }, { ...there, model: 'other' }, { ...waiting, made: true, passTmp: randomUUID() }];
        const expected = [
          { kind: 'known', index: 0, registered: false }, { kind: 'known', index: 0, registered: true },
          { kind: 'refused', index: 0, code: 'device_conflict', reason: `Device ${there.uuid} exists with another pass_tmp.` },
          { kind: 'refused', index: 0, code: 'device_conflict', reason: `Device ${there.uuid} exists with another model.` },
          { kind: 'refused', index: 0, code: 'device_conflict', reason: `Device ${waiting.uuid} exists with another pass_tmp.` },
        ];
        for (const [index, other] of others.entries()) {
          expect(await factory.factory.checkChunk([other])).toEqual([expected[index]]);
          expect(await factory.factory.reserveChunk({ run: newRun(), number: 1 }, [other])).toEqual([expected[index]]);
        }
      });

      test('a token learns nothing of devices that it may not register, nor whether a pass_tmp is right', async () => {
        const bulbs = await harness.hold('factory', { models: ['bulb'] });
        const lamp = identity({ model: 'lamp' });
        const run = newRun();
        await factory.factory.reserveChunk({ run, number: 1 }, [lamp]);
        const refused = [{ kind: 'refused', index: 0, code: 'device_conflict', reason: `Device ${lamp.uuid} exists, with a model or batch that this token does not register.` }];
        for (const guess of [lamp.passTmp, randomUUID()]) {
          const claim = { ...lamp, model: 'bulb', passTmp: guess };
          expect(await bulbs.factory.checkChunk([claim])).toEqual(refused);
          expect(await bulbs.factory.reserveChunk({ run, number: 1 }, [{ ...claim, made: true }])).toEqual(refused);
          expect(await codeOf(bulbs.factory.reserve({ uuid: lamp.uuid, passTmp: guess, ssid: lamp.ssid, model: 'bulb' }))).toBe('device_conflict');
        }
        expect(await codeOf(bulbs.factory.checkChunk([identity({ model: 'bulb', uuid: lamp.uuid }), identity({ model: 'bulb', uuid: lamp.uuid })]))).toBe('invalid_input');
      });

      test('as many as go at once, and what the token may not register', async () => {
        const bulbs = await harness.hold('factory', { models: ['bulb'] });
        const count = Math.min(bulbs.factory.mostAtOnce, 1100);
        const identities = Array.from({ length: count }, (_, index) => identity({ model: index === 950 ? 'camera' : 'bulb', passTmp: 'x'.repeat(index === 3 ? 15 : 16) }));
        const run = newRun();
        const [refused, ...more] = await bulbs.factory.reserveChunk({ run, number: 1 }, identities.map((one, index) => ({ ...one, weak: index === 3 })));
        expect(more).toEqual([]);
        expect(refused).toMatchObject({ kind: 'refused', index: 950, code: 'forbidden' });
        expect(await bulbs.factory.confirmChunks({ run, number: 1 })).toBe(count - 1);
        expect((await bulbs.factory.show(identities[3]!.uuid)).weak).toBe(true);
        expect((await bulbs.factory.show(identities[count - 1]!.uuid)).state).toBe('registered');
      });

      test('two runs of the same devices at once: each device is made once', async () => {
        const identities = Array.from({ length: 300 }, () => identity({ made: true }));
        const runs = [newRun(), newRun()];
        const outcomes = await Promise.all(runs.map(async (run) => {
          const exceptions = await factory.factory.reserveChunk({ run, number: 1 }, identities.map((one) => ({ ...one, passTmp: randomUUID() })));
          return { exceptions, registered: await factory.factory.confirmChunks({ run, number: 1 }) };
        }));
        expect(outcomes[0]!.registered + outcomes[1]!.registered).toBe(300);
        for (const { exceptions, registered } of outcomes) {
          expect(exceptions.every(({ kind }) => kind === 'refused')).toBe(true);
          expect(exceptions.length + registered).toBe(300);
        }
      });
    });

    test('a device gets one DPP key, whose private half only its identity holds', async () => {
      const [one, two] = [await register(factory, { model: 'lamp' }), await register(factory)];
      const absent = randomUUID();
      expect((await factory.factory.identities([one.uuid]))[0]!.dppKey).toBeUndefined();
      const [first, none] = await factory.factory.bootstrapKeys([one.uuid.toUpperCase(), absent]);
      expect(none).toBeUndefined();
      expect(first).toEqual({ uuid: one.uuid, publicKey: expect.any(Uint8Array), madeAt: expect.any(Date) });
      const [other, again] = await factory.factory.bootstrapKeys([two.uuid, one.uuid]);
      expect(again).toEqual(first);
      expect(other!.publicKey).not.toEqual(first!.publicKey);
      const { dppKey } = (await factory.factory.identities([one.uuid]))[0]!;
      expect(dppKey).toHaveLength(32);
      const pair = createECDH('prime256v1');
      pair.setPrivateKey(dppKey!);
      expect(Buffer.from(first!.publicKey)).toEqual(pair.getPublicKey(null, 'compressed'));
      expect((await trailOf(factory.factory, one.uuid)).map(({ action }) => action).filter((action) => action === 'device.key_made')).toHaveLength(1);
      const lamps = await harness.hold('factory', { models: ['lamp'] });
      expect((await lamps.factory.bootstrapKeys([one.uuid, two.uuid])).map((key) => key?.uuid)).toEqual([one.uuid, undefined]);
      expect(await codeOf(factory.factory.bootstrapKeys(Array.from({ length: 1001 }, () => absent)))).toBe('invalid_input');
    });

    test('eight at once for the same devices get the same keys, and making them is recorded once', async () => {
      const admin = await harness.hold('admin');
      const uuids = await Promise.all(Array.from({ length: 20 }, async () => (await register(factory)).uuid));
      const made = () => entriesOf(admin, 'device.key_made');
      const before = await made();
      const asked = Array.from({ length: 8 }, (_, index) => factory.factory.bootstrapKeys(index % 2 === 0 ? uuids : uuids.toReversed()));
      const keys = (await Promise.all(asked)).map((found) => new Map(found.map((key) => [key!.uuid, Buffer.from(key!.publicKey).toString('hex')])));
      expect(keys[0]!.size).toBe(20);
      for (const others of keys) {
        expect(uuids.map((uuid) => others.get(uuid))).toEqual(uuids.map((uuid) => keys[0]!.get(uuid)));
      }
      const entries = (await made()).slice(before.length);
      expect(entries.reduce((sum, { uuid, detail }) => sum + (uuid === undefined ? Number(detail['count']) : 1), 0)).toBe(20);
    });

    test('compares what was read back from a device, tells what differs and no more, and records that', async () => {
      const { uuid, passTmp } = await register(factory, { model: 'lamp' });
      const compare = (claimed: object) => factory.factory.compare(uuid, claimed);
      expect(await compare({ ssid: 'setup', passTmp })).toEqual({ differing: [], state: 'registered' });
      expect((await trailOf(factory.factory, uuid)).at(-1)).toMatchObject({ action: 'device.compared', uuid, detail: { same: true } });
      expect(await compare({ ssid: 'other', passTmp })).toEqual({ differing: ['ssid'], state: 'registered' });
      expect(await compare({ ssid: 'setup', passTmp: `${passTmp}0` })).toEqual({ differing: ['pass_tmp'], state: 'registered' });
      expect(await compare({ passTmp: '' })).toEqual({ differing: ['ssid', 'pass_tmp'], state: 'registered' });
      const { action, detail } = (await trailOf(factory.factory, uuid)).at(-1)!;
      expect({ action, detail }).toEqual({ action: 'device.compared', detail: { differing: 'ssid pass_tmp' } });
      await factory.factory.revoke(uuid);
      expect(await compare({ ssid: 'setup', passTmp })).toEqual({ differing: [], state: 'revoked' });
      expect(await codeOf(factory.factory.compare(randomUUID(), { ssid: 'setup', passTmp }))).toBe('device_not_found');
      const others = await harness.hold('factory', { models: ['other'] });
      expect(await codeOf(others.factory.compare(uuid, { ssid: 'setup', passTmp }))).toBe('device_not_found');
    });

    test('a refusal is final for its key', async () => {
      const { uuid } = await register(factory);
      const again = () => errorOf(factory.factory.reserve({ uuid, ssid: 'setup', passTmp: 'x'.repeat(20) }, `key-${uuid}`));
      const first = await again();
      expect(first?.code).toBe('device_conflict');
      expect((await again())?.message).toBe(first?.message);
    });

    test('a taken uuid with other data is a conflict that changes nothing', async () => {
      const { uuid, passTmp } = await register(factory, { model: 'lamp' });
      const before = await factory.factory.show(uuid);
      for (const other of [{ passTmp: 'x'.repeat(26), model: 'lamp' }, { passTmp, model: 'other' }]) {
        const error = await errorOf(factory.factory.reserve({ uuid, ssid: 'setup', ...other }));
        expect(error?.code).toBe('device_conflict');
        expect(error?.message).toContain(uuid);
        expect(error?.message).not.toContain(passTmp);
      }
      expect(await factory.factory.show(uuid)).toEqual(before);
    });

    test('sixteen at once for one uuid: one makes it', async () => {
      const uuid = randomUUID();
      const outcomes = await Promise.all(
        Array.from({ length: 16 }, () => codeOf(factory.factory.reserve({ uuid, ssid: 'setup' }))),
      );
      expect(outcomes.filter((code) => code === undefined)).toHaveLength(1);
      expect(outcomes.filter((code) => code === 'device_conflict')).toHaveLength(15);
    });

    test('input that is not valid is refused', async () => {
      const reserve = (more: object) => codeOf(factory.factory.reserve({ ssid: 'setup', ...more }));
      expect(await reserve({ passTmp: 'short' })).toBe('weak_pass_tmp');
      expect(await reserve({ passTmp: 'short', allowWeak: true })).toBeUndefined();
      expect(await reserve({ ssid: 'x'.repeat(33) })).toBe('invalid_input');
      expect(await reserve({ ssid: 'é'.repeat(17) })).toBe('invalid_input');
      expect(await reserve({ ssid: 'a\u0007' })).toBe('invalid_input');
      expect(await reserve({ label: '' })).toBe('invalid_input');
      expect(await reserve({ uuid: 'nonsense' })).toBe('invalid_input');
      expect(await codeOf(factory.factory.reserve({ ssid: 'setup' }, 'no key'))).toBe('invalid_input');
    });

    test('what is not there is not found', async () => {
      const uuid = randomUUID();
      const { factory: role } = factory;
      const works = [role.show(uuid), role.confirm(uuid), role.revoke(uuid), role.reset(uuid), role.history(uuid, { limit: 1 })];
      for (const error of await Promise.all(works.map(errorOf))) {
        expect([error?.code, error?.message]).toEqual(['device_not_found', `There is no device ${uuid}.`]);
      }
      expect(await codeOf(role.show('nonsense'))).toBe('invalid_input');
    });

    test('lists by filter, page by page, in the order of uuids', async () => {
      const batch = `batch-${randomUUID()}`;
      const uuids: string[] = [];
      for (let count = 0; count < 5; count += 1) {
        uuids.push((await register(factory, { model: 'camera', batch })).uuid);
      }
      await factory.factory.revoke(uuids[0]!);
      const filter = { model: 'camera', batch, state: 'registered' } as const;
      const first = await factory.factory.list(filter, { limit: 3 });
      const second = await factory.factory.list(filter, { limit: 3, after: first.next });
      expect([...first.items, ...second.items].map((device) => device.uuid)).toEqual(uuids.slice(1).sort());
      expect(second.next).toBeUndefined();
      expect(await factory.factory.list({ batch: 'none' }, { limit: 3 })).toEqual({ items: [], next: undefined });
      expect(await codeOf(factory.factory.list({}, { limit: 0 }))).toBe('invalid_input');
      expect(await codeOf(factory.factory.list({}, { limit: 3, after: 'nonsense' }))).toBe('invalid_input');
    });

    test('a revoked device stays out', async () => {
      const { uuid } = await register(factory);
      const revoked = await factory.factory.revoke(uuid, 'stolen');
      expect(revoked).toMatchObject({ state: 'revoked', revokedAt: expect.any(Date) });
      expect(await factory.factory.revoke(uuid)).toEqual(revoked);
      expect(await codeOf(factory.factory.confirm(uuid))).toBe('device_revoked');
      expect(await codeOf(factory.factory.reset(uuid))).toBe('device_revoked');
    });

    test('a token sees and makes only the devices of its scope', async () => {
      const lamps = await harness.hold('factory', { models: ['lamp'] });
      const lamp = await register(lamps, { model: 'lamp' });
      const camera = await register(factory, { model: 'camera' });
      expect((await lamps.factory.show(lamp.uuid)).model).toBe('lamp');
      expect(await codeOf(lamps.factory.show(camera.uuid))).toBe('device_not_found');
      expect(await codeOf(lamps.factory.revoke(camera.uuid))).toBe('device_not_found');
      expect(await codeOf(lamps.factory.reserve({ ssid: 'setup', model: 'camera' }))).toBe('forbidden');
      const seen = await lamps.factory.list({}, { limit: 1000 });
      expect(seen.items.some(({ uuid }) => uuid === lamp.uuid)).toBe(true);
      expect(seen.items.every(({ model }) => model === 'lamp')).toBe(true);
    });

    test('an owner resets and reads about a device at their own access points alone', async () => {
      const [own, other] = [await harness.hold('ap'), await harness.hold('ap')];
      const owner = await harness.hold('owner', { aps: [own.token.apId!] });
      const device = await register(factory);
      const { grantId } = await other.ap.approve((await request(device, other)).id, 'local');
      await (await harness.hold('owner')).owner.revokeGrant(grantId!);
      expect(await codeOf(owner.factory.reset(device.uuid))).toBe('forbidden');
      expect((await factory.factory.show(device.uuid)).spentBy).toBeDefined();
      expect((await trailOf(owner.factory, device.uuid)).map(({ action }) => action)).toEqual(['device.reserved', 'device.registered']);
    });

    test('the history tells the whole trail of a device, oldest first', async () => {
      const ap = await harness.hold('ap');
      const owner = await harness.hold('owner');
      const device = await register(factory);
      const { id } = await request(device, ap);
      await owner.owner.approve(id);
      await ap.ap.report(id, 'joined');
      await factory.factory.reset(device.uuid);
      // Questions of access points are written in groups, at any time within a second.
      const history = (await trailOf(factory.factory, device.uuid)).filter(({ action }) => action !== 'device.asked');
      expect(history.map((entry) => entry.action)).toEqual([
        'device.reserved', 'device.registered', 'request.created', 'request.approved', 'grant.created', 'request.joined',
        'grant.revoked', 'device.reset',
      ]);
      expect(history.every((entry, index) => index === 0 || entry.id > history[index - 1]!.id)).toBe(true);
      expect(history[3]).toMatchObject({ apId: ap.token.apId, detail: { request_id: id, by: `owner:${owner.token.id}:${owner.token.name}` } });
      expect(JSON.stringify(history.map(({ detail }) => detail))).not.toContain(device.passTmp);
    });
  });
}

/** All entries of one kind, oldest first. */
async function entriesOf({ admin }: Holder, action: AuditAction): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  let after: string | undefined;
  do {
    const page = await admin.auditEntries({ action }, { limit: 100, after });
    entries.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return entries;
}
