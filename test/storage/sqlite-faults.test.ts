import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { registrySchema } from '../../src/storage/migrations/index.ts';
import { openStore, type StoreOptions } from '../../src/storage/open-store.ts';
import { SqliteConnection } from '../../src/storage/sqlite-connection.ts';
import { SqliteDatabase } from '../../src/storage/sqlite-database.ts';
import { openSqliteFile } from '../../src/storage/sqlite-file.ts';
import { canMount } from './mount.ts';
import { runProgram, runProgramMounted, startProgram } from './program.ts';
import { addAccessPoint, addDevice, newDevice, start } from './samples.ts';
import { testSealer } from './sealer.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-faults-'));
  path = join(folder, 'registry.db');
});

afterEach(() => rm(folder, { recursive: true }));

function openFile(options: Partial<StoreOptions> = {}) {
  return openStore({ url: `sqlite:${path}`, sealer: testSealer(), ...options });
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (reason: unknown) => reason);
  return error instanceof LatchkeyError ? error.code : String(error);
}

describe.skipIf(!canMount)('a full disk', () => {
  test('refuses, keeps what was acknowledged, leaves nothing half-written and goes on once there is room', async () => {
    const mount = `mount -t tmpfs -o size=4m tmpfs ${folder}`;
    expect(await runProgramMounted(mount, 'fill-disk', folder)).toEqual({
      code: 'storage_full', transactionCode: 'storage_full', lost: 0, some: true, halfWritten: 0, afterwards: true,
    });
  }, 60_000);

  test('with no room for a database at all is said at the opening', async () => {
    const mount = `mount -t tmpfs -o size=64k tmpfs ${folder}`;
    expect(await runProgramMounted(mount, 'open', `sqlite:${path}`)).toBe('storage_full');
  });
});

test('a file that may grow no further', async () => {
  const program = fileURLToPath(new URL('programs/grow-file.ts', import.meta.url));
  const limited = spawn('sh', ['-c', 'ulimit -f 4000 && exec "$0" "$@"', process.execPath, program, `sqlite:${path}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  expect(JSON.parse(await text(limited.stdout))).toEqual({ code: 'storage_unavailable', lost: 0, some: true });
});

/** A connection on which one statement fails, once. */
class FailingConnection extends SqliteConnection {
  failing = '';

  override change(sql: string, parameters: readonly unknown[]): number {
    if (sql === this.failing) {
      this.failing = '';
      throw new Error(`${sql} failed`);
    }
    return super.change(sql, parameters);
  }
}

test.each(['savepoint job', 'release job'])('where %s fails, it is told at once, and others go on', async (statement) => {
  const { database: file } = await openSqliteFile(path, registrySchema, 1_000);
  const connection = new FailingConnection(file, 1_000);
  const database = new SqliteDatabase(connection, undefined, 1_000);
  const write = (name: string) => database.transaction((tx) => tx.insertAll('settings', [{ name, value: Buffer.from(name) }]));
  connection.failing = statement;
  const outcomes = await Promise.allSettled([write('one'), write('two')]);
  const told = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? ['one', 'two'][index]! : []));
  await write('three');
  const rows = await database.read.selectFrom('settings').select('name').orderBy('name').execute();
  expect(rows.map(({ name }) => name)).toEqual([...told, 'three'].toSorted());
  expect(outcomes[0]).toMatchObject({ status: 'rejected', reason: new Error(`${statement} failed`) });
  await database.close();
});

describe('what may not be written', () => {
  test.skipIf(!canMount)('a file system that is read-only', async () => {
    await (await openFile()).close();
    const mount = `mount --bind ${folder} ${folder} && mount -o remount,ro,bind ${folder}`;
    expect(await runProgramMounted(mount, 'open', `sqlite:${path}`)).toBe('storage_read_only');
    expect(await runProgramMounted(mount, 'open', `sqlite:${join(folder, 'new', 'other.db')}`)).toBe('storage_read_only');
  });

  test('a file, or its folder, that the user may not write', async () => {
    const store = await openFile();
    await store.devices.insert(newDevice());
    await store.close();
    await chmod(folder, 0o755);
    await chmod(path, 0o444);
    expect(await runProgram('open-as-nobody', `sqlite:${path}`)).toBe('storage_read_only');
    await chmod(path, 0o666);
    await chmod(folder, 0o555);
    expect(await runProgram('open-as-nobody', `sqlite:${path}`)).toBe('storage_read_only');
    expect(await runProgram('open-as-nobody', `sqlite:${join(folder, 'new.db')}`)).toBe('storage_read_only');
    await chmod(folder, 0o755);
  });
});

describe('another program that holds the lock', () => {
  test('is waited for in vain until the time is over, while reads go on', async () => {
    const store = await openFile({ lockTimeoutMs: 100 });
    const uuid = await addDevice(store);
    const other = startProgram('hold-lock', path);
    expect(await other.line()).toBe('locked');
    expect(await codeOf(store.devices.insert(newDevice()))).toBe('storage_locked');
    expect(await codeOf(store.transaction((tx) => tx.devices.insert(newDevice())))).toBe('storage_locked');
    expect(await store.devices.findWithPassTmp(uuid)).toBeDefined();
    await store.ping();
    await other.finish();
    expect(await store.devices.insert(newDevice())).toBe(true);
    await store.close();
  });

  test('is waited for with success once it lets go, and so is a new database', async () => {
    const store = await openFile();
    const other = startProgram('hold-lock', path);
    await other.line();
    const inserted = store.devices.insert(newDevice());
    await other.finish();
    expect(await inserted).toBe(true);
    await store.close();

    const empty = join(folder, 'empty.db');
    const another = startProgram('hold-lock', empty);
    await another.line();
    const opening = openStore({ url: `sqlite:${empty}`, sealer: testSealer() });
    await another.finish();
    await (await opening).close();
  });

  test('in this process: a transaction that waits for itself is told so in the end', async () => {
    const store = await openFile({ lockTimeoutMs: 50 });
    expect(await codeOf(store.transaction(() => store.devices.insert(newDevice())))).toBe('storage_locked');
    expect(await store.devices.insert(newDevice())).toBe(true);
    await store.close();
  });
});

describe('what is no good database', () => {
  test('another file, a folder, a folder that cannot be', async () => {
    await writeFile(path, 'This is no database, but it is long enough to be looked at closely.'.repeat(20));
    expect(await codeOf(openFile())).toBe('storage_corrupt');
    expect(await codeOf(openFile({ url: `sqlite:${folder}` }))).toBe('storage_unavailable');
    expect(await codeOf(openFile({ url: `sqlite:${join(path, 'below', 'a.db')}` }))).toBe('storage_unavailable');
    expect(await codeOf(openFile({ url: 'mysql://localhost/x' }))).toBe('invalid_input');
  });

  test('pages that were overwritten', async () => {
    const store = await openFile();
    for (let index = 0; index < 200; index++) await addDevice(store);
    await store.close();
    const file = await open(path, 'r+');
    await file.write(Buffer.alloc((await stat(path)).size - 8192, 0xee), 0, null, 8192);
    await file.close();
    expect(await codeOf(openFile().then((damaged) => damaged.devices.list({}, { limit: 1000 }).finally(() => damaged.close()))))
      .toBe('storage_corrupt');
  });

  test('another program’s database', async () => {
    const other = new DatabaseSync(path);
    other.exec('create table songs (title)');
    other.close();
    expect(await codeOf(openFile())).toBe('storage_unavailable');
  });

  test('a sealed value that was copied to another row', async () => {
    const store = await openFile();
    const [one, two] = [await addDevice(store), await addDevice(store)];
    const raw = new DatabaseSync(path);
    raw.prepare('update devices set pass_tmp = (select pass_tmp from devices where uuid = ?) where uuid = ?').run(one, two);
    raw.close();
    expect(await codeOf(store.devices.findWithPassTmp(two))).toBe('storage_corrupt');
    await store.close();
  });

  test('a scope that cannot be read admits nobody', async () => {
    const store = await openFile();
    const raw = new DatabaseSync(path);
    const insert = raw.prepare(`insert into tokens (hash, id, role, name, scope, created_at) values (?, ?, 'ap', 'x', ?, 0)`);
    for (const [index, scope] of ['', 'null', '[]', '{"model":["a"]}', '{"models":[1]}', '{"models":"a"}'].entries()) {
      const hash = Buffer.alloc(32, index);
      insert.run(hash, `tok_${index}`, scope);
      await nextTurn();
      expect(await codeOf(store.tokens.findByHash(hash))).toBe('storage_corrupt');
    }
    raw.close();
    await store.close();
  });
});

test('file and folder are made, readable to their user alone', async () => {
  path = join(folder, 'state', 'latchkey', 'registry.db');
  const store = await openFile();
  await addAccessPoint(store);
  expect((await stat(join(folder, 'state'))).mode & 0o777).toBe(0o700);
  for (const suffix of ['', '-wal', '-shm']) {
    expect((await stat(path + suffix)).mode & 0o777).toBe(0o600);
  }
  await store.close();
  await mkdir(join(folder, 'given'), { mode: 0o750 });
  path = join(folder, 'given', 'registry.db');
  await (await openFile()).close();
  expect((await stat(join(folder, 'given'))).mode & 0o777).toBe(0o750);
});

test('8 processes with 1,000 registrations each on one file: none fails', async () => {
  const url = `sqlite:${path}`;
  const registered = await Promise.all(Array.from({ length: 8 }, (_, index) =>
    runProgram('register-devices', url, '1000', `station ${index}`)));
  expect(registered).toEqual(Array.from({ length: 8 }, () => 1000));
  const store = await openFile();
  await store.audit.seal();
  expect(await store.audit.verify()).toMatchObject({ ok: true, head: { count: 8000n } });
  expect((await store.audit.list({ action: 'device.reserved' }, { limit: 1 })).items[0]?.at).toEqual(start);
  await store.close();
}, 240_000);
