import { chmod, lstat, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EnvStore } from './env-store.ts';
import { FileStore } from './file-store.ts';
import { addKey, openKeyring, retireKeys, type KeyringOptions } from './keyring.ts';

const place = { table: 'devices', row: '9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d', column: 'pass_tmp' };

let folder: string;
let keyFile: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-keyring-'));
  keyFile = join(folder, 'keys');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Keys in a file. */
function inFile(): KeyringOptions {
  const store = () => Promise.reject(new Error('the secret store was opened'));
  return { env: { LATCHKEY_KEY_FILE: keyFile }, store, data: folder };
}

/** Keys in a secret store, opened anew each time as by another process. */
function inStore(): KeyringOptions {
  const env = { LATCHKEY_SECRET_KEY_FILE: join(folder, 'store-key') };
  return { env, store: async () => new FileStore(folder, env), data: folder };
}

beforeEach(() => writeFile(join(folder, 'store-key'), '0123456789abcdef0123456789abcdef', { mode: 0o600 }));

test.each([
  ['a file', inFile],
  ['the secret store', inStore],
])('the first key is made in %s when that is asked for, and stays', async (_, options) => {
  await expect(openKeyring(options())).rejects.toMatchObject({ code: 'storage_key_missing', exit: 7 });

  const box = (await openKeyring({ ...options(), create: true })).seal('secret', place);

  expect((await openKeyring(options())).openText(box, place)).toBe('secret');
  expect((await openKeyring({ ...options(), create: true })).openText(box, place)).toBe('secret');
});

test.each([
  ['a file', inFile],
  ['the secret store', inStore],
])('of many who make the first key in %s at once all have the same', async (_, options) => {
  const rings = await Promise.all(Array.from({ length: 8 }, () => openKeyring({ ...options(), create: true })));
  const boxes = rings.map((ring) => ring.seal('secret', place));

  for (const ring of rings) {
    expect(boxes.map((box) => ring.openText(box, place))).toEqual(boxes.map(() => 'secret'));
  }
});

test.each([
  ['a file', inFile],
  ['the secret store', inStore],
])('keys in %s are added, taken up by who runs, and retired', async (_, options) => {
  const running = await openKeyring({ ...options(), create: true });
  const old = running.seal('secret', place);

  const added = await addKey(options());
  const fresh = added.seal(added.open(old, place), place);
  expect([added.isCurrent(old), added.isCurrent(fresh)]).toEqual([false, true]);
  expect(() => running.open(fresh, place)).toThrow(expect.objectContaining({ code: 'storage_key_missing' }));
  await running.reload();
  expect(running.openText(fresh, place)).toBe('secret');
  expect(running.isCurrent(running.seal('x', place))).toBe(true);

  const retired = await retireKeys(options());
  expect(retired.openText(fresh, place)).toBe('secret');
  expect(() => retired.open(old, place)).toThrow(expect.objectContaining({ code: 'storage_key_missing' }));
});

test('of keys added at once none is lost', async () => {
  const first = (await openKeyring({ ...inFile(), create: true })).seal('secret', place);
  const boxes = (await Promise.all(Array.from({ length: 8 }, () => addKey(inFile())))).map((ring) => ring.seal('x', place));

  const ring = await openKeyring(inFile());
  expect(ring.openText(first, place)).toBe('secret');
  expect(boxes.map((box) => ring.openText(box, place))).toEqual(boxes.map(() => 'x'));
});

test('the key file is its owner’s alone and holds one key a line', async () => {
  await openKeyring({ ...inFile(), create: true });
  await addKey(inFile());

  expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
  expect(await readFile(keyFile, 'utf8')).toMatch(/^([A-Za-z0-9_-]{43}\n){2}$/);
});

test('a key file that others may read is refused', async () => {
  await openKeyring({ ...inFile(), create: true });
  await chmod(keyFile, 0o644);

  await expect(openKeyring(inFile())).rejects.toMatchObject({
    code: 'secret_store_unavailable',
    message: expect.stringContaining('mode 0644'),
  });
});

test.each([
  ['too short', 'c2VjcmV0'],
  ['padded base64', `${'A'.repeat(43)}=`],
  ['no base64url', '+'.repeat(43)],
])('a line that is %s is no key, and is not quoted', async (_, line) => {
  await writeFile(keyFile, `${'A'.repeat(43)}\n${line}\n`, { mode: 0o600 });

  await expect(openKeyring(inFile())).rejects.toMatchObject({
    code: 'storage_key_missing',
    message: `Line 2 of ${keyFile} is no key.`,
  });
});

test('a file with nothing in it is never filled without being asked', async () => {
  await writeFile(keyFile, '\n', { mode: 0o600 });

  await expect(openKeyring(inFile())).rejects.toMatchObject({ code: 'storage_key_missing' });
});

test('the environment gives keys and takes none', async () => {
  const keys = { LATCHKEY_SECRET_STORAGE_KEY: `${'B'.repeat(42)}A ${'A'.repeat(43)}` };
  const options = (env: NodeJS.ProcessEnv) => ({ env, store: async () => new EnvStore(env), data: folder });

  const box = (await openKeyring(options(keys))).seal('secret', place);
  expect((await openKeyring(options(keys))).openText(box, place)).toBe('secret');
  await expect(openKeyring({ ...options({}), create: true })).rejects.toMatchObject({
    code: 'storage_key_missing',
    hint: expect.stringContaining('LATCHKEY_SECRET_STORAGE_KEY'),
  });
});

test.skipIf(process.platform === 'win32')('others cannot hold the lock, nor lead the keys elsewhere by a link', async () => {
  const elsewhere = join(folder, 'elsewhere');
  await writeFile(elsewhere, 'theirs');
  await symlink(elsewhere, `${keyFile}.new`);
  await openKeyring({ ...inFile(), create: true });
  expect(await readFile(elsewhere, 'utf8')).toBe('theirs');
  expect((await lstat(keyFile)).isFile()).toBe(true);
  expect((await stat(join(folder, 'storage-key.lock'))).mode & 0o777).toBe(0o600);
});
