import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { BatchDetails } from '../../src/domain/batch.ts';
import { BatchesService } from '../../src/roles/batches/service.ts';
import type { Store } from '../../src/roles/store.ts';
import { openDatabase, openStore } from '../../src/storage/open-store.ts';
import type { RawDatabase } from './raw-database.ts';
import { addAccessPoint, after, newDevice, newGrant, newId, start } from './samples.ts';
import { testSealer } from './sealer.ts';

/** What a station did: minutes after the start, and what came of it; undefined while it goes on. */
type Try = readonly [station: string, minute: number, result: string | undefined];

interface Made {
  readonly url: string;
  readonly store: Store;
  readonly batches: BatchesService;
}

export function batchesContract(create: () => Promise<RawDatabase>): void {
  async function withRegistry(work: (made: Made) => Promise<void>): Promise<void> {
    const database = await create();
    const store = await openStore({ url: database.url, sealer: testSealer() });
    try {
      const context = { store, clock: { now: () => new Date() }, random: { bytes: (length: number) => new Uint8Array(length) }, actor: { kind: 'local' } } as const;
      await work({ url: database.url, store, batches: new BatchesService(context) });
    } finally {
      await store.close();
      await database.remove();
    }
  }

  /** Many registered devices, put in at once; in the order of their uuids. */
  async function addDevices(url: string, batch: string, count: number): Promise<string[]> {
    const uuids = Array.from({ length: count }, () => randomUUID() as string).sort();
    const database = await openDatabase({ url });
    await database.insertAll('devices', uuids.map((uuid) => ({
      uuid, ssid: 'Setup', model: 'lamp-2', batch, label: null, state: 'registered', weak: false, spent_by: null,
      created_at: start, registered_at: after(60_000), revoked_at: null, pass_tmp: new Uint8Array([1]),
    })));
    await database.close();
    return uuids;
  }

  async function addTries(url: string, uuid: string, tries: readonly Try[]): Promise<void> {
    const database = await openDatabase({ url });
    await database.insertAll('flashes', tries.map(([station, minute, result]) => ({
      uuid, id: newId('fls'), batch: 'b', station, operator: 'mai', started_at: after(minute * 60_000),
      ended_at: result === undefined ? null : after(minute * 60_000 + 5_000), result: result ?? null, detail: null,
    })));
    if (tries.some(([, , result]) => result === 'ok')) {
      await database.write.updateTable('devices').set({ flashed_at: after(tries.at(-1)![1] * 60_000) }).where('uuid', '=', uuid).execute();
    }
    await database.close();
  }

  test('yield per station: what went well at the first try, what at another one or elsewhere, and why the rest failed', () =>
    withRegistry(async ({ url, batches }) => {
      const [one, two, three, four] = await addDevices(url, 'b', 5) as [string, string, string, string];
      await addTries(url, one, [['east', 1, 'ok']]);
      await addTries(url, two, [['east', 2, 'timed_out'], ['east', 3, 'timed_out'], ['west', 4, 'ok']]);
      await addTries(url, three, [['west', 9, 'ok'], ['west', 5, 'mismatch']]);
      await addTries(url, four, [['west', 6, 'mismatch'], ['north', 7, undefined]]);
      const { yield: all, stations, flashed, flashedIn, timeline } = await batches.details('b') as BatchDetails;
      expect(all).toEqual({
        tries: 7, devices: 4, ok: 3, first: 4, firstOk: 1,
        failures: [{ result: 'mismatch', tries: 2 }, { result: 'timed_out', tries: 2 }],
      });
      expect(stations).toEqual([
        { station: 'east', tries: 3, devices: 2, ok: 1, first: 2, firstOk: 1, failures: [{ result: 'timed_out', tries: 2 }] },
        { station: 'west', tries: 4, devices: 3, ok: 2, first: 2, firstOk: 0, failures: [{ result: 'mismatch', tries: 2 }] },
      ]);
      expect([flashed, flashedIn]).toEqual([3, { first: after(60_000), last: after(5 * 60_000) }]);
      expect(timeline.map(({ at, ...counts }) => [at.toISOString().slice(11, 16), ...Object.values(counts)])).toEqual([
        ['08:00', 5, 0, 0, 0], ['08:01', 0, 4, 1, 0], ['08:04', 0, 3, 2, 0], ['08:05', 0, 2, 3, 0],
      ]);
      const { items } = await batches.devices('b', { limit: 10 });
      expect(items.map(({ tries }) => tries.map(({ station, result }) => `${station} ${result}`))).toEqual([
        ['east ok'], ['east timed_out', 'east timed_out', 'west ok'], ['west mismatch', 'west ok'], ['west mismatch'], [],
      ]);
      expect(await batches.find('b')).toMatchObject({ devices: 5, registered: 5, flashed: 3 });
    }));

  test('revoking goes on in steps through all the devices, each once, whoever else does it at the same time', { timeout: 60_000 }, () =>
    withRegistry(async ({ url, store, batches }) => {
      const count = 20_000;
      const uuids = await addDevices(url, 'b', count);
      await addDevices(url, 'c', 100);
      const apId = await addAccessPoint(store);
      // More than one step closes, next to each other.
      const open = uuids.slice(5_000, 5_250);
      await store.transaction(async (tx) => {
        for (const uuid of open) await tx.grants.insert(newGrant(apId, { subject: { kind: 'device', id: uuid } }));
      });
      await batches.revoke('b', 'leaked');
      let steps = 0;
      const walk = async (): Promise<number> => {
        let [revoked, next] = [0, undefined as string | undefined];
        do {
          const step = await batches.revokeNext('b', next);
          revoked += step.revoked;
          next = step.next;
          steps += 1;
        } while (next !== undefined);
        return revoked;
      };
      const counts = await Promise.all([walk(), walk()]);
      expect(counts[0]! + counts[1]!).toBe(count);
      expect(steps).toBeGreaterThan(20);
      expect(await batches.find('b')).toMatchObject({ devices: count, revoked: count, unreached: 0 });
      expect(await batches.find('c')).toMatchObject({ devices: 100, registered: 100 });
      expect((await store.grants.list({ state: 'active' }, { limit: 1 })).items).toEqual([]);
      const { items } = await store.audit.list({ action: 'batch.revoked' }, { limit: 1000 });
      expect(items.reduce((sum, { detail }) => sum + Number(detail['count'] ?? 0), 0)).toBe(count);
      expect((await store.audit.list({ action: 'grant.revoked' }, { limit: 1000 })).items).toHaveLength(open.length);
      expect(await walk()).toBe(0);
    }));

  test('a device that is added while its batch is revoked, past the steps, is revoked and found by the next run', () =>
    withRegistry(async ({ url, store, batches }) => {
      await addDevices(url, 'b', 3);
      await batches.revoke('b');
      expect(await batches.revokeNext('b')).toEqual({ revoked: 3, next: undefined });
      // As by a transaction that began before.
      const late = newDevice({ batch: 'b' });
      await store.devices.insert(late);
      expect((await store.devices.find(late.uuid))?.state).toBe('revoked');
      expect((await store.devices.findForVerification(late.uuid))?.device.state).toBe('revoked');
      expect(await batches.find('b')).toMatchObject({ revoked: 4, unreached: 1 });
      expect(await batches.revokeNext('b')).toEqual({ revoked: 1, next: undefined });
    }));

  test('batches are listed in the order of their names, however many devices they have', () =>
    withRegistry(async ({ url, batches }) => {
      for (const [name, count] of [['b', 3], ['a', 2000], ['c', 1]] as const) await addDevices(url, name, count);
      const first = await batches.list({ limit: 2 });
      const second = await batches.list({ limit: 2, after: first.next });
      expect([...first.items, ...second.items].map(({ name, devices }) => [name, devices])).toEqual([['a', 2000], ['b', 3], ['c', 1]]);
      expect(second.next).toBeUndefined();
    }));
}
