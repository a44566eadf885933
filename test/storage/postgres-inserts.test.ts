import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NewAuditEntry } from '../../src/roles/store.ts';
import { binaryArray, type ElementType } from '../../src/storage/postgres-arrays.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { startPostgres, type PostgresServer } from '../postgres.ts';
import { requires } from '../requirements.ts';
import { postgresDatabase, type RawDatabase } from './raw-database.ts';
import { newDevice, start } from './samples.ts';
import { testSealer } from './sealer.ts';

const entry = (count: number): NewAuditEntry => ({ at: start, actor: 'test', action: 'device.reserved', detail: { count } });

requires('postgresql')('rows on their way into PostgreSQL', () => {
  let server: PostgresServer;
  let database: RawDatabase;
  let client: pg.Client;

  beforeAll(async () => {
    server = await startPostgres();
    database = await postgresDatabase(server);
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });

  afterAll(async () => {
    await client.end();
    await server.stop();
  });

  test.each<[ElementType, unknown[]]>([
    ['text', ['', 'Gäste-WLAN 🔑', 'a "quoted", \\ {braced} text', 'NULL']],
    ['uuid', [randomUUID(), '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff']],
    ['bytea', [Buffer.alloc(0), Buffer.of(0, 255, 92), randomBytes(5000)]],
    ['boolean', [true, false]],
    ['integer', [0, -1, 2 ** 31 - 1, -(2 ** 31)]],
    ['timestamp with time zone', [new Date(0), new Date('1969-12-31T23:59:59.999Z'), new Date('2026-11-30T01:02:03.004Z'), new Date('9999-12-31T23:59:59.999Z')]],
  ])('an array of %s is read by PostgreSQL as it was written, with nulls and without', async (type, values) => {
    for (const array of [values, [null, ...values, null], [null], []]) {
      const { rows } = await client.query<{ value: unknown }>(`select unnest($1::${type}[]) as value`, [binaryArray(type, array)]);
      expect(rows.map(({ value }) => value)).toEqual(array);
    }
  });

  test('an array of bigint holds numbers of either kind', async () => {
    const { rows } = await client.query('select unnest($1::bigint[]) as value', [binaryArray('bigint', [0, -1, 2 ** 53 - 1, 2n ** 63n - 1n, -(2n ** 63n)])]);
    expect(rows.map(({ value }: { value?: unknown }) => value)).toEqual(['0', '-1', '9007199254740991', '9223372036854775807', '-9223372036854775808']);
  });

  test('of more than a statement takes, those are passed over that are there, wherever in the list', async () => {
    const store = await openStore({ url: database.url, sealer: testSealer() });
    const devices = Array.from({ length: 4500 }, (_, index) => newDevice({ label: index % 2 === 0 ? undefined : `no ${index}` }));
    const there = [0, 1999, 2000, 3500, 4499].map((index) => devices[index]!);
    for (const device of there) expect(await store.devices.insert(device)).toBe(true);

    const passedOver = await store.chunks.insert({ run: 1, number: 4500 }, devices, start, entry);

    expect(new Set(passedOver)).toEqual(new Set(there));
    const [{ count, labels }] = await database.execute('select count(*)::int as count, count(label)::int as labels from devices') as [{ count: number; labels: number }];
    expect([count, labels]).toEqual([4500, 2250]);
    const stored = await store.devices.findWithPassTmp(devices[3001]!.uuid);
    expect(stored?.passTmp).toBe(devices[3001]!.passTmp);
    expect(stored?.device).toMatchObject({ label: 'no 3001', ssid: devices[3001]!.ssid, state: 'reserved' });
    await store.close();
  });

  test('nothing is added when one row of many cannot be', async () => {
    const store = await openStore({ url: database.url, sealer: testSealer() });
    const before = await database.execute('select count(*) as count from devices');
    const devices = Array.from({ length: 6500 }, (_, index) => newDevice({ label: index === 2500 ? 'a\0b' : `no ${index}` }));

    await expect(store.chunks.insert({ run: 2, number: 6500 }, devices, start, entry))
      .rejects.toMatchObject({ code: 'invalid_input' });

    expect(await database.execute('select count(*) as count from devices')).toEqual(before);
    await store.close();
  });
});
