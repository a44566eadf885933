import { createServer, connect as connectTo, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { startPostgres, type PostgresServer } from '../postgres.ts';
import { requires } from '../requirements.ts';
import { postgresDatabase, type RawDatabase } from './raw-database.ts';
import { addAccessPoint, addDevice, newAttempt, newDevice, newGrant, start } from './samples.ts';
import { testSealer } from './sealer.ts';

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (reason: unknown) => reason);
  return error instanceof LatchkeyError ? error.code : String(error);
}

function open(url: string, lockTimeoutMs = 30_000) {
  return openStore({ url, sealer: testSealer(), lockTimeoutMs });
}

/** Another client, in a transaction that holds what it locked. */
async function holding(url: string, statement: string): Promise<{ release(): Promise<void> }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('begin');
  await client.query(statement);
  return { release: () => client.end() };
}

/** Stands between the store and PostgreSQL, and can cut all connections. */
async function startGate(port: number): Promise<{ url: string; server: Server; cut(): void; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const there = connectTo(port, '127.0.0.1');
    for (const end of [socket, there]) {
      sockets.add(end);
      end.on('error', () => {}).on('close', () => sockets.delete(end));
    }
    socket.pipe(there).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => sockets.forEach((socket) => socket.destroy());
  return {
    url: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    cut,
    async close() {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
}

requires('postgresql')('failures of PostgreSQL', () => {
  let server: PostgresServer;
  let database: RawDatabase;

  beforeAll(async () => {
    server = await startPostgres();
    database = await postgresDatabase(server);
  });

  afterAll(() => server.stop());

  test('nobody there, no such database, no such user', async () => {
    const gate = await startGate(1);
    await gate.close();
    expect(await codeOf(open(`postgres://latchkey@${gate.url}/postgres`))).toBe('storage_unavailable');
    expect(await codeOf(open(server.url.replace(/[^/]*$/, 'missing')))).toBe('storage_unavailable');
    expect(await codeOf(open(server.url.replace('latchkey@', 'nobody@')))).toBe('storage_unavailable');
  });

  test('a connection that breaks in the middle is told, and made again', async () => {
    const gate = await startGate(server.port);
    const store = await open(database.url.replace(/127\.0\.0\.1:\d+/, gate.url));
    const uuid = await addDevice(store);
    const { promise: inside, resolve: entered } = Promise.withResolvers<void>();
    const { promise: goOn, resolve: resume } = Promise.withResolvers<void>();
    const broken = codeOf(store.transaction(async (tx) => {
      await tx.devices.register(uuid, start);
      entered();
      await goOn;
      await tx.devices.revoke(uuid, start);
    }));
    await inside;
    gate.cut();
    resume();
    expect(await broken).toBe('storage_unavailable');
    expect(await store.devices.find(uuid)).toMatchObject({ state: 'reserved' });
    await store.close();
    await gate.close();
  });

  test('who waits for a revision hears of it though the connection that listens was lost', async () => {
    const [here, there] = [await open(database.url), await open(database.url)];
    const apId = await addAccessPoint(here);
    const warmed = there.waitForRevision(apId, 0, 60_000);
    await here.accessPoints.nextRevision(apId);
    await warmed;

    const waiting = there.waitForRevision(apId, 1, 60_000);
    const ended = await database.execute(
      `select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen latchkey_revision%'`);
    expect(ended).toEqual([{ pg_terminate_backend: true }]);
    await here.accessPoints.nextRevision(apId);
    await waiting;
    await Promise.all([here.close(), there.close()]);
  });

  test('a server that restarts is found again', async () => {
    const own = await startPostgres();
    const store = await open(own.url);
    const uuid = await addDevice(store);
    await own.restart();
    // What was open is found broken at its first use.
    await store.ping().catch(() => {});
    expect(await store.devices.find(uuid)).toBeDefined();
    await store.close();
    await own.stop();
  });

  test('a database that is read-only, or may not be written by this user', async () => {
    const store = await open(database.url);
    const uuid = await addDevice(store);
    const readOnly = await open(`${database.url}?options=-c%20default_transaction_read_only%3Don`);
    expect(await codeOf(readOnly.devices.insert(newDevice()))).toBe('storage_read_only');
    expect(await readOnly.devices.find(uuid)).toBeDefined();
    await readOnly.close();

    await database.execute(
      'create role reader login', 'grant usage on schema public to reader', 'grant select on all tables in schema public to reader');
    const reader = await open(database.url.replace('latchkey@', 'reader@'));
    expect(await codeOf(reader.devices.register(uuid, start))).toBe('storage_read_only');
    expect(await reader.devices.find(uuid)).toBeDefined();
    await reader.close();
    await store.close();
  });

  test('a row that another program holds is waited for, but not for ever', async () => {
    const store = await open(database.url, 200);
    const uuid = await addDevice(store);
    const other = await holding(database.url, `select * from devices where uuid = '${uuid}' for update`);
    expect(await codeOf(store.devices.register(uuid, start))).toBe('storage_locked');
    await other.release();
    expect(await store.devices.register(uuid, start)).toBe(true);
    await store.close();
  });

  test('of two transactions that wait for each other one is run again', async () => {
    const store = await open(database.url);
    const aps = [await addAccessPoint(store), await addAccessPoint(store)];
    let runs = 0;
    let holding = 0;
    const bothHold = Promise.withResolvers<void>();
    await Promise.all([aps, aps.toReversed()].map((order) => store.transaction(async (tx) => {
      runs += 1;
      const revision = await tx.accessPoints.nextRevision(order[0]!);
      holding += 1;
      if (holding === 2) bothHold.resolve();
      await bothHold.promise;
      await tx.accessPoints.nextRevision(order[1]!);
      await tx.grants.insert(newGrant(order[0]!, { revision }));
    })));
    expect(runs).toBe(3);
    for (const apId of aps) {
      expect(await store.accessPoints.find(apId)).toMatchObject({ revision: 2 });
      expect(await store.grants.changedSince(apId, 0)).toHaveLength(1);
    }
    await store.close();
  });

  test.each([
    ['53100', 'storage_full'], ['53300', 'storage_unavailable'], ['57P01', 'storage_unavailable'],
    ['58030', 'storage_unavailable'], ['XX001', 'storage_corrupt'], ['25006', 'storage_read_only'],
  ])('what PostgreSQL says with SQLSTATE %s is %s', async (state, code) => {
    const own = await postgresDatabase(server);
    const store = await open(own.url);
    await own.execute(
      `create function say() returns trigger language plpgsql as $$ begin raise sqlstate '${state}'; end $$`,
      'create trigger say before insert on devices for each row execute function say()');
    expect(await codeOf(store.devices.insert(newDevice()))).toBe(code);
    expect(await codeOf(store.transaction((tx) => tx.devices.insert(newDevice())))).toBe(code);
    await store.close();
    await own.remove();
  });

  test('text and times that PostgreSQL cannot hold are the input’s fault', async () => {
    const store = await open(database.url);
    const apId = await addAccessPoint(store);
    expect(await codeOf(store.devices.insert(newDevice({ label: 'a\0b' })))).toBe('invalid_input');
    expect(await codeOf(store.attempts.add(apId, [newAttempt({ detail: 'a\0b' })]))).toBe('invalid_input');
    expect(await codeOf(store.attempts.add(apId, [newAttempt({ at: new Date(-8e15) })]))).toBe('invalid_input');
    expect(await store.attempts.add(apId, [newAttempt({ at: new Date('0000-01-01T00:00:00.000Z') })])).toHaveLength(1);
    expect(await store.attempts.add(apId, [newAttempt({ detail: 'lone \ud800' })])).toHaveLength(1);
    await store.close();
  });

  test('messages name neither users nor data', async () => {
    const error = await open(server.url.replace('latchkey@', 'secret-user@')).catch((reason: unknown) => reason);
    expect((error as LatchkeyError).message).not.toContain('secret-user');
  });
});
