import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
