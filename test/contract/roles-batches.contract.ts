import { randomInt, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Batch } from '../../src/domain/batch.ts';
import type { FlashResult } from '../../src/domain/flash.ts';
import type { RevocationStep } from '../../src/roles/batches/ports.ts';
import { codeOf, errorOf, newHello, proofOf, register, request, trailOf, type Holder, type MakeHarness, type RolesHarness } from './roles.harness.ts';

export function batchesContract(name: string, make: MakeHarness): void {
  describe(`${name}: batches`, () => {
    let harness: RolesHarness;
    let factory: Holder;
    let ap: Holder;

    beforeAll(async () => {
      harness = await make();
      [factory, ap] = [await harness.hold('factory'), await harness.hold('ap')];
    });
    afterAll(() => harness.close());

    /** A batch of one's own, its name with what paths and queries would trip over. */
    const newBatch = () => `2026/11 ä&?#%${randomUUID()}`;

    async function revokeDevices(batch: string): Promise<RevocationStep[]> {
      const steps: RevocationStep[] = [];
      let after: string | undefined;
      do {
        const step = await factory.batches.revokeNext(batch, after);
        steps.push(step);
        after = step.next;
      } while (after !== undefined);
      return steps;
    }

    async function allBatches(holder: Holder, limit: number): Promise<Batch[]> {
      const all: Batch[] = [];
      let after: string | undefined;
      do {
        const page = await holder.batches.list({ after, limit });
        all.push(...page.items);
        after = page.next;
      } while (after !== undefined);
      return all;
    }

    test('counts the devices of each batch by state, page by page, and nothing without a batch', async () => {
      const batch = newBatch();
      await register(factory);
      const { device: first } = await factory.factory.reserve({ ssid: 'setup', batch });
      const [used, revoked] = [await register(factory, { batch, model: 'lamp' }), await register(factory, { batch })];
      await ap.ap.approve((await request(used, ap)).id, 'local');
      await factory.factory.revoke(revoked.uuid);
      const { device: last } = await factory.factory.reserve({ ssid: 'other', batch });
      const other = await register(factory, { batch: newBatch() });

      const found = await factory.batches.find(batch);
      expect(found).toEqual({
        name: batch, devices: 4, reserved: 2, registered: 1, revoked: 1, flashed: 0, used: 1,
        firstAt: first.createdAt, lastAt: last.createdAt, revocation: undefined, unreached: 0,
      });
      const all = await allBatches(factory, 1);
      expect(all.filter(({ name }) => name === batch)).toEqual([found]);
      expect(all.map((each) => each.name)).toEqual([...new Set(all.map((each) => each.name))]);
      expect(all).toEqual(await allBatches(factory, 1000));
      expect(all.map((each) => each.name)).toContain((await factory.factory.show(other.uuid)).batch);
    });

    test('says of a batch what is in it, since when', async () => {
      const batch = newBatch();
      const [lamp, camera] = [await register(factory, { batch, model: 'lamp', mac: '24:6f:28:a1:b2:c3' }), await register(factory, { batch, model: 'camera' })];
      await register(factory, { batch, model: 'lamp', ssid: 'other', label: 'hall' });
      const { registeredAt: first } = await factory.factory.show(lamp.uuid);
      const details = await factory.batches.details(batch);
      expect(details).toMatchObject({
        name: batch, devices: 3, registered: 3, flashed: 0, stations: [], otherModels: 0, otherSsids: 0,
        models: [{ name: 'lamp', devices: 2 }, { name: 'camera', devices: 1 }],
        ssids: [{ name: 'setup', devices: 2 }, { name: 'other', devices: 1 }],
        registeredIn: { first }, flashedIn: undefined, revokedIn: undefined,
        yield: { tries: 0, devices: 0, ok: 0, first: 0, firstOk: 0, failures: [] },
      });
      expect(details.timeline.at(-1)).toMatchObject({ reserved: 0, registered: 3, flashed: 0, revoked: 0 });
      const page = await factory.batches.devices(batch, { limit: 2 });
      const rest = await factory.batches.devices(batch, { limit: 2, after: page.next });
      const devices = [...page.items, ...rest.items];
      expect(devices.map(({ uuid }) => uuid)).toEqual(devices.map(({ uuid }) => uuid).sort());
      expect(devices.find(({ uuid }) => uuid === lamp.uuid)).toMatchObject({ model: 'lamp', mac: '24:6f:28:a1:b2:c3', state: 'registered', used: false, tries: [] });
      expect(devices.some(({ uuid }) => uuid === camera.uuid)).toBe(true);
      expect(rest.next).toBeUndefined();
    });

    test('tells what stations flashed and what went wrong there; of a revoked batch nothing is flashed any more', async () => {
      const batch = newBatch();
      const [good, bad, idle] = [await register(factory, { batch }), await register(factory, { batch }), await register(factory, { batch })];
      const flash = async ({ uuid }: { uuid: string }, station: string, result: FlashResult) => {
        const begun = await factory.flashing.begin(uuid, { station, operator: 'mia' });
        await factory.flashing.end(uuid, begun.flash.id, { result });
      };
      await flash(good, 'east', 'ok');
      await flash(bad, 'west', 'timed_out');
      await flash(bad, 'east', 'ok');
      await factory.flashing.begin(idle.uuid, { station: 'west', operator: 'mia' });
      expect(await factory.batches.find(batch)).toMatchObject({ registered: 3, flashed: 2 });
      expect(await factory.batches.details(batch)).toMatchObject({
        flashed: 2,
        flashedIn: { first: (await factory.factory.show(good.uuid)).flashedAt, last: (await factory.factory.show(bad.uuid)).flashedAt },
        yield: { tries: 3, devices: 2, ok: 2, first: 2, firstOk: 1, failures: [{ result: 'timed_out', tries: 1 }] },
        stations: [
          { station: 'east', tries: 2, devices: 2, ok: 2, first: 1, firstOk: 1, failures: [] },
          { station: 'west', tries: 1, devices: 1, ok: 0, first: 1, firstOk: 0, failures: [{ result: 'timed_out', tries: 1 }] },
        ],
      });
      const { items } = await factory.batches.devices(batch, { limit: 10 });
      expect(items.find(({ uuid }) => uuid === bad.uuid)!.tries).toEqual([
        { station: 'west', operator: 'mia', result: 'timed_out' }, { station: 'east', operator: 'mia', result: 'ok' },
      ]);
      await factory.batches.revoke(batch);
      expect(await codeOf(factory.flashing.begin(bad.uuid, { station: 'east', operator: 'mia', again: true }))).toBe('device_revoked');
      expect(await factory.batches.find(batch)).toMatchObject({ registered: 0, flashed: 0, revoked: 3 });
    });

    test('what is not there is not found', async () => {
      const { batches } = factory;
      const works = [batches.find('none'), batches.details('none'), batches.devices('none', { limit: 1 }), batches.revoke('none')];
      for (const error of await Promise.all(works.map(errorOf))) {
        expect([error?.code, error?.message]).toEqual(['batch_not_found', 'There is no batch none.']);
      }
      expect(await codeOf(batches.list({ limit: 0 }))).toBe('invalid_input');
      expect(await codeOf(batches.list({ limit: 1, after: 'nonsense' }))).toBe('invalid_input');
    });

    test('from its revocation on no device of a batch verifies, is approved, registered or added', async () => {
      const batch = newBatch();
      const [asking, known] = [await register(factory, { batch }), await register(factory, { batch })];
      const { device: reserved } = await factory.factory.reserve({ ssid: 'setup', batch });
      const pending = await request(asking, ap);
      const proof = await proofOf(known, ap);
      expect((await ap.ap.verify(newHello(known.uuid))).status).toBe('known');

      const revocation = await factory.batches.revoke(batch, 'leaked');
      expect(revocation).toEqual({ at: expect.any(Date), reason: 'leaked' });
      expect((await ap.ap.verify(newHello(known.uuid))).status).toBe('revoked');
      expect(await codeOf(ap.ap.request(proof))).toBe('device_revoked');
      expect(await codeOf(ap.ap.approve(pending.id, 'local'))).toBe('device_revoked');
      expect(await codeOf(factory.factory.confirm(reserved.uuid))).toBe('device_revoked');
      expect(await codeOf(factory.factory.reset(known.uuid))).toBe('device_revoked');
      const added = await errorOf(factory.factory.reserve({ ssid: 'setup', batch }));
      expect([added?.code, added?.message]).toEqual(['batch_revoked', `Batch ${batch} is revoked: no device is added to it.`]);
      expect(await factory.factory.show(known.uuid)).toMatchObject({ state: 'revoked', revokedAt: revocation.at });
      expect((await factory.factory.list({ batch, state: 'registered' }, { limit: 10 })).items).toEqual([]);
      expect((await factory.factory.list({ batch, state: 'reserved' }, { limit: 10 })).items).toEqual([]);
      expect(await factory.batches.find(batch)).toMatchObject({ devices: 3, reserved: 0, registered: 0, revoked: 3, unreached: 3, revocation });
      expect(await factory.batches.details(batch)).toMatchObject({ revoked: 3, revokedIn: { first: revocation.at, last: revocation.at } });
    });

    test('its steps close what is open, once, and reach every device', async () => {
      const batch = newBatch();
      const [idle, asking, granted] = [await register(factory, { batch }), await register(factory, { batch }), await register(factory, { batch })];
      const before = await register(factory, { batch });
      const { revokedAt } = await factory.factory.revoke(before.uuid, 'broken');
      const other = await register(factory, { batch: newBatch() });
      const pending = await request(asking, ap);
      const { grantId } = await ap.ap.approve((await request(granted, ap)).id, 'local');
      const { revision } = await ap.ap.changes(0, 0);

      expect(await codeOf(factory.batches.revokeNext(batch))).toBe('invalid_input');
      const { at } = await factory.batches.revoke(batch, 'leaked');
      expect(await revokeDevices(batch)).toEqual([{ revoked: 3, next: undefined }]);
      const owner = await harness.hold('owner');
      const { requests, grants } = await ap.ap.changes(revision, 0);
      expect(requests.map(({ id, status, reason }) => [id, status, reason])).toContainEqual([pending.id, 'denied', 'batch revoked']);
      expect(grants.map(({ id, state, reason }) => [id, state, reason])).toEqual([[grantId, 'revoked', 'batch revoked']]);
      expect((await owner.owner.grants({ state: 'active' }, { limit: 100 })).items.some(({ id }) => id === grantId)).toBe(false);
      for (const { uuid } of [idle, asking, granted]) {
        expect(await factory.factory.show(uuid)).toMatchObject({ state: 'revoked', revokedAt: at });
      }
      expect((await factory.factory.show(before.uuid)).revokedAt).toEqual(revokedAt);
      expect((await factory.factory.show(other.uuid)).state).toBe('registered');
      expect((await factory.factory.list({ batch, state: 'revoked' }, { limit: 10 })).items).toHaveLength(4);
      expect(await factory.batches.find(batch)).toMatchObject({ devices: 4, revoked: 4, unreached: 0 });

      expect(await factory.batches.revoke(batch, 'another reason')).toEqual({ at, reason: 'leaked' });
      expect(await revokeDevices(batch)).toEqual([{ revoked: 0, next: undefined }]);
    });

    test('devices that were made in bulk are counted, revoked and kept out as others', async () => {
      const [batch, run] = [newBatch(), randomInt(2 ** 40)];
      const identity = () => ({
        uuid: randomUUID() as string, ssid: 'setup', model: undefined, batch, label: undefined, mac: undefined, weak: false, made: false, passTmp: randomUUID() as string,
      });
      const [first, second, revoked] = [identity(), identity(), identity()];
      await factory.factory.reserveChunk({ run, number: 1 }, [first, second, revoked]);
      await factory.factory.reserveChunk({ run, number: 2 }, [identity()]);
      await factory.factory.revoke(revoked.uuid);
      expect(await factory.batches.find(batch)).toMatchObject({ devices: 4, reserved: 3, registered: 0, revoked: 1 });
      await factory.factory.confirmChunks({ run, number: 1 });
      await ap.ap.approve((await request(second, ap)).id, 'local');
      expect(await factory.batches.find(batch)).toMatchObject({ devices: 4, reserved: 1, registered: 2, revoked: 1, used: 1 });
      expect(await factory.batches.details(batch)).toMatchObject({ devices: 4, reserved: 1, registered: 2, revoked: 1, used: 1 });

      await factory.batches.revoke(batch);
      expect((await ap.ap.verify(newHello(first.uuid))).status).toBe('revoked');
      const late = [identity(), { ...identity(), batch: undefined }];
      const refused = [{ kind: 'refused', index: 0, code: 'batch_revoked', reason: `Batch ${batch} is revoked: no device is added to it.` }];
      expect(await factory.factory.checkChunk(late)).toEqual(refused);
      expect(await factory.factory.reserveChunk({ run, number: 3 }, late)).toEqual(refused);
      await factory.factory.confirmChunks({ run, number: 3 });
      expect(await factory.batches.find(batch)).toMatchObject({ devices: 4, reserved: 0, registered: 0, revoked: 4, unreached: 3 });
      expect(await revokeDevices(batch)).toEqual([{ revoked: 3, next: undefined }]);
      expect((await ap.ap.verify(newHello(first.uuid))).status).toBe('revoked');
    });

    test('a device’s history shows that its batch was revoked, and the log how many devices that were', async () => {
      const batch = newBatch();
      const [device, before] = [await register(factory, { batch }), await register(factory, { batch })];
      const other = await register(factory, { batch: newBatch() });
      await factory.factory.revoke(before.uuid, 'broken');
      await factory.batches.revoke(batch, 'leaked');
      const actions = async ({ uuid }: { uuid: string }) => (await trailOf(factory.factory, uuid)).map(({ action }) => action);
      expect(await actions(device)).toEqual(['device.reserved', 'device.registered', 'batch.revoked']);
      await revokeDevices(batch);
      expect((await trailOf(factory.factory, device.uuid)).at(-1)).toMatchObject({
        action: 'batch.revoked', detail: { batch, reason: 'leaked' }, actor: `factory:${factory.token.id}:${factory.token.name}`,
      });
      expect(await actions(device)).toEqual(['device.reserved', 'device.registered', 'batch.revoked']);
      expect(await actions(before)).toEqual(['device.reserved', 'device.registered', 'device.revoked']);
      expect(await actions(other)).toEqual(['device.reserved', 'device.registered']);
      const admin = await harness.hold('admin');
      const log = await admin.admin.auditEntries({ action: 'batch.revoked' }, { limit: 1000 });
      const ofBatch = log.items.filter(({ detail }) => detail['batch'] === batch).map(({ detail }) => detail);
      const [first, last] = [device.uuid, before.uuid].sort();
      expect(ofBatch).toEqual([{ batch, reason: 'leaked' }, { batch, reason: 'leaked', count: 1, first, last }]);
    });

    test('a token sees and revokes the batches that its scope names, and one for models or devices none', async () => {
      const [own, foreign] = [newBatch(), newBatch()];
      await register(factory, { batch: own, model: 'lamp' });
      await register(factory, { batch: foreign, model: 'lamp' });
      const scoped = await harness.hold('factory', { batches: [own, 'none'], models: ['lamp'] });
      expect((await allBatches(scoped, 1)).map((batch) => batch.name)).toEqual([own]);
      const { batches } = scoped;
      const works = [batches.find(foreign), batches.details(foreign), batches.devices(foreign, { limit: 1 }), batches.revoke(foreign), batches.revokeNext(foreign)];
      expect(new Set(await Promise.all(works.map(codeOf)))).toEqual(new Set(['batch_not_found']));
      expect((await batches.find(own)).devices).toBe(1);
      await batches.revoke(own);
      expect(await batches.revokeNext(own)).toEqual({ revoked: 1, next: undefined });
      const lamps = await harness.hold('factory', { models: ['lamp'] });
      expect(await lamps.batches.list({ limit: 10 })).toEqual({ items: [], next: undefined });
      expect(await codeOf(lamps.batches.revoke(foreign))).toBe('batch_not_found');
      expect((await factory.batches.find(foreign)).revocation).toBeUndefined();
    });
  });
}
