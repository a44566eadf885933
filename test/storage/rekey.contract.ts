import { expect, test } from 'vitest';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { rekeyDatabase, type RekeyCounts } from '../../src/storage/rekey.ts';
import type { RawDatabase } from './raw-database.ts';
import { newCodeKey, newDevice, start } from './samples.ts';
import { testSealer } from './sealer.ts';

const reply = { fingerprint: Buffer.alloc(32, 7), status: 201, body: '{"pass_tmp":"x"}' };

export function rekeying(create: () => Promise<RawDatabase>): void {
  async function withDatabase(work: (database: RawDatabase) => Promise<void>): Promise<void> {
    const database = await create();
    try {
      await work(database);
    } finally {
      await database.remove();
    }
  }

  test('every sealed value reaches the newest key, in batches, and keeps its content', () => withDatabase(async (database) => {
    const before = await openStore({ url: database.url, sealer: testSealer(1) });
    const devices = Array.from({ length: 1203 }, (_, index) => newDevice({ passTmp: `pass-tmp-number-${index}` }));
    await before.transaction(async (tx) => {
      for (const device of devices) await tx.devices.insert(device);
    });
    const dppKey = Buffer.alloc(32, 5);
    await before.devices.addDppKey(devices[0]!.uuid, { key: dppKey, hash: Buffer.alloc(32, 1) }, start);
    await before.replies.insert('tok_1', 'key_1', reply, start);
    await before.replies.insert('tok_1', 'key_2', reply, start);
    await before.settings.insert('audit-key', 'private');
    const codeKey = newCodeKey();
    await before.codeKeys.insert(codeKey);
    await before.close();

    const sealer = testSealer(2, 1);
    const seen: RekeyCounts[] = [];
    const counts = await rekeyDatabase({ url: database.url, sealer, onProgress: (progress) => seen.push(progress) });
    expect(counts).toEqual({ examined: 1208, resealed: 1208, overtaken: 0, unreadable: 0 });
    expect(seen.map(({ examined }) => examined)).toEqual([500, 1000, 1203, 1204, 1206, 1207, 1208]);
    expect(await rekeyDatabase({ url: database.url, sealer })).toEqual({ ...counts, resealed: 0 });

    const after = await openStore({ url: database.url, sealer: testSealer(2) });
    for (const device of devices.slice(0, 20)) {
      expect((await after.devices.findWithPassTmp(device.uuid))?.passTmp).toBe(device.passTmp);
    }
    const [bootstrapping] = await after.devices.bootstrappings([devices[0]!.uuid]);
    expect(Buffer.from(bootstrapping!.dppKey!)).toEqual(dppKey);
    expect((await after.replies.find('tok_1', 'key_2'))?.body).toBe(reply.body);
    expect(await after.settings.get('audit-key')).toBe('private');
    expect(Buffer.from(await after.codeKeys.seedOf(codeKey.id))).toEqual(codeKey.seed);
    await after.close();
  }));

  test('goes on where it was interrupted', () => withDatabase(async (database) => {
    const before = await openStore({ url: database.url, sealer: testSealer(1) });
    await before.transaction(async (tx) => {
      for (let index = 0; index < 700; index++) await tx.devices.insert(newDevice());
    });
    const interrupted = rekeyDatabase({
      url: database.url,
      sealer: testSealer(2, 1),
      onProgress: () => { throw new LatchkeyError('interrupted'); },
    });
    await expect(interrupted).rejects.toMatchObject({ code: 'interrupted' });
    expect(await rekeyDatabase({ url: database.url, sealer: testSealer(2, 1) }))
      .toEqual({ examined: 700, resealed: 200, overtaken: 0, unreadable: 0 });
    await before.close();
  }));

  test('what cannot be opened is left and counted', () => withDatabase(async (database) => {
    const store = await openStore({ url: database.url, sealer: testSealer(9) });
    await store.devices.insert(newDevice());
    await store.settings.insert('name', 'value');
    expect(await rekeyDatabase({ url: database.url, sealer: testSealer(2, 1) }))
      .toEqual({ examined: 2, resealed: 0, overtaken: 0, unreadable: 2 });
    expect(await store.settings.get('name')).toBe('value');
    await store.close();
  }));
}
