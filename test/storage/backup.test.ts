import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../src/domain/errors.ts';
import type { Store } from '../../src/roles/store.ts';
import { backupDatabase } from '../../src/storage/backup.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { startPostgres, type PostgresServer } from '../postgres.ts';
import { requires } from '../requirements.ts';
import { runProgramMounted } from './program.ts';
import { canMount } from './mount.ts';
import { postgresDatabase, sqliteDatabase, type RawDatabase } from './raw-database.ts';
import { newDevice, newGrant, addAccessPoint } from './samples.ts';
import { testSealer } from './sealer.ts';

const run = promisify(execFile);
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-backup-'));
});

afterEach(() => rm(folder, { recursive: true }));

function open(url: string): Promise<Store> {
  return openStore({ url, sealer: testSealer() });
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (reason: unknown) => reason);
  return error instanceof LatchkeyError ? error.code : String(error);
}

/** Keeps writing pairs, a device and a grant to it in one transaction each, until told to stop. */
function keepWriting(store: Store, apId: string): { stop(): Promise<number> } {
  let going = true;
  const writing = (async () => {
    let pairs = 0;
    while (going) {
      const device = newDevice();
      await store.transaction(async (tx) => {
        await tx.devices.insert(device);
        await tx.grants.insert(newGrant(apId, { subject: { kind: 'device', id: device.uuid } }));
      });
      pairs += 1;
      await new Promise(setImmediate);
    }
    return pairs;
  })();
  return {
    stop() {
      going = false;
      return writing;
    },
  };
}

const pairs = `select
  (select count(*) from devices) as devices,
  (select count(*) from devices join grants on grants.subject_id = cast(devices.uuid as text)) as pairs`;

describe('a backup of SQLite', () => {
  let database: RawDatabase;
  let store: Store;

  beforeEach(async () => {
    database = await sqliteDatabase();
    store = await open(database.url);
  });

  afterEach(async () => {
    await store.close();
    await database.remove();
  });

  test('is consistent while the store is written, one file, for its user alone, and opens as a store', async () => {
    const apId = await addAccessPoint(store);
    const device = newDevice();
    await store.devices.insert(device);
    await store.grants.insert(newGrant(apId, { subject: { kind: 'device', id: device.uuid } }));
    const writing = keepWriting(store, apId);
    for (const name of ['one.db', 'two.db']) {
      const file = join(folder, name);
      const { bytes } = await backupDatabase({ url: database.url, file });
      expect((await stat(file)).size).toBe(bytes);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
    }
    expect(await writing.stop()).toBeGreaterThan(0);
    expect(await readdir(folder)).toEqual(['one.db', 'two.db']);

    const restored = await open(`sqlite:${join(folder, 'two.db')}`);
    expect(await restored.devices.findWithPassTmp(device.uuid)).toMatchObject({ passTmp: device.passTmp });
    const { items } = await restored.devices.list({}, { limit: 1000 });
    for (const { uuid } of items) {
      expect((await restored.grants.list({ subjectId: uuid }, { limit: 2 })).items).toHaveLength(1);
    }
    await restored.close();
  });

  test('overwrites nothing, and leaves nothing when it fails', async () => {
    const file = join(folder, 'there.db');
    await writeFile(file, 'kept');
    expect(await codeOf(backupDatabase({ url: database.url, file }))).toBe('file_exists');
    expect((await stat(file)).size).toBe(4);
    expect(await codeOf(backupDatabase({ url: database.url, file: join(folder, 'no', 'folder.db') }))).toBe('file_not_found');
    expect(await codeOf(backupDatabase({ url: `sqlite:${join(folder, 'missing.db')}`, file: join(folder, 'new.db') })))
      .toBe('storage_unavailable');
    expect(await codeOf(backupDatabase({ url: 'sqlite::memory:', file: join(folder, 'new.db') }))).toBe('invalid_input');
    expect(await readdir(folder)).toEqual(['there.db']);
  });

  test.skipIf(!canMount)('says when the disk is full, and leaves nothing', async () => {
    for (let index = 0; index < 200; index++) await store.devices.insert(newDevice());
    const mount = `mount -t tmpfs -o size=100k tmpfs ${folder}`;
    expect(await runProgramMounted(mount, 'back-up', database.url, join(folder, 'copy.db'))).toEqual({
      code: 'storage_full', left: [],
    });
  });
});

requires('postgresql')('a backup of PostgreSQL', () => {
  let server: PostgresServer;
  let database: RawDatabase;
  let store: Store;

  beforeAll(async () => {
    server = await startPostgres();
    database = await postgresDatabase(server);
    store = await open(database.url);
  });

  afterAll(async () => {
    await store.close();
    await server.stop();
  });

  afterEach(() => vi.unstubAllEnvs());

  test('is consistent while the store is written, and pg_restore restores it', async () => {
    const apId = await addAccessPoint(store);
    const writing = keepWriting(store, apId);
    const file = join(folder, 'registry.dump');
    await backupDatabase({ url: database.url, file });
    expect(await writing.stop()).toBeGreaterThan(0);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await codeOf(backupDatabase({ url: database.url, file }))).toBe('file_exists');

    const target = await postgresDatabase(server);
    await run('pg_restore', [`--dbname=${target.url}`, file]);
    const [counts] = await target.execute(pairs);
    expect(counts!['devices']).toBe(counts!['pairs']);
    const restored = await open(target.url);
    expect(await restored.accessPoints.find(apId)).toBeDefined();
    await restored.close();
    await target.remove();
  });

  test('the password is in neither arguments nor environment of pg_dump', async () => {
    const bin = join(folder, 'bin');
    const seen = join(folder, 'seen');
    await run('mkdir', [bin]);
    await writeFile(join(bin, 'pg_dump'), `#!/bin/sh
      { tr '\\0' '\\n' < /proc/$$/cmdline; env; } > ${seen}.open
      cat "$PGPASSFILE" > ${seen}.password
      stat -c %a "$PGPASSFILE" >> ${seen}.password
      exit 1\n`);
    await chmod(join(bin, 'pg_dump'), 0o755);
    vi.stubEnv('PATH', `${bin}:${process.env['PATH']}`);
    vi.stubEnv('PGPASSWORD', 'from-the-environment');
    const address = new URL(database.url);
    for (const password of ['s3cr:et\\pässword', '']) {
      address.password = password;
      expect(await codeOf(backupDatabase({ url: address.href, file: join(folder, 'x.dump') }))).toBe('storage_unavailable');
      const open = (await run('cat', [`${seen}.open`])).stdout;
      expect(open).toContain('--format=custom');
      expect(open).not.toMatch(/s3cr|from-the-environment/);
      expect((await run('cat', [`${seen}.password`])).stdout)
        .toBe(password === '' ? '*:*:*:*:from-the-environment\n600\n' : '*:*:*:*:s3cr\\:et\\\\pässword\n600\n');
    }
    address.search = '?password=s3cret&application_name=x';
    expect(await codeOf(backupDatabase({ url: address.href, file: join(folder, 'x.dump') }))).toBe('storage_unavailable');
    const open = (await run('cat', [`${seen}.open`])).stdout;
    expect(open).toContain('application_name=x');
    expect(open).not.toContain('s3cr');
    expect((await run('cat', [`${seen}.password`])).stdout).toBe('*:*:*:*:s3cret\n600\n');
  });

  test('says what is missing where there is no pg_dump', async () => {
    vi.stubEnv('PATH', folder);
    const error = await backupDatabase({ url: database.url, file: join(folder, 'x.dump') }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'storage_unavailable', message: expect.stringContaining('pg_dump is not installed') });
    expect(await readdir(folder)).toEqual([]);
  });
});
