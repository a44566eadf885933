import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { requires } from '../requirements.ts';
import { startSecretService, type SecretService } from './secret-service.ts';
import { startStore, type StoreProcess } from './store-process.ts';

const valuesKeptExactly = {
  'a token': 'lk_admin_Zm9vYmFyYmF6cXV4MTIzNA',
  'more than one line': 'first\nsecond\r\nthird\n',
  'blanks around it': '  two blanks  ',
  'any script': 'пароль 密码 🔑',
  'quotes and backslashes': `"'\\$(x)`,
  '8 KiB': 'k'.repeat(8192),
};

/** One body for every store that can be written. `settings`: the environment that chooses the store. */
function storeContract(settings: () => Readonly<Record<string, string>>): void {
  let data: string;
  let store: StoreProcess;
  const start = () => startStore({ env: settings(), data });

  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'lk-store-'));
    store = start();
  });

  beforeEach(async () => {
    for (const name of await store.names()) {
      await store.delete(name);
    }
  });

  afterAll(async () => {
    expect(await store.end()).toBe(0);
    await rm(data, { recursive: true, force: true });
  });

  test('an empty store has nothing', async () => {
    expect(await store.get('profile/ap/token')).toBeUndefined();
    expect(await store.delete('profile/ap/token')).toBe(false);
    expect(await store.names()).toEqual([]);
  });

  test.each(Object.entries(valuesKeptExactly))('%s comes back as it was', async (_, value) => {
    await store.set('ap/password', value);

    expect(await store.get('ap/password')).toBe(value);
  });

  test('the last value counts', async () => {
    await store.set('ap/password', 'first');
    await store.set('ap/password', 'second');

    expect(await store.get('ap/password')).toBe('second');
    expect(await store.names()).toEqual(['ap/password']);
  });

  test('what is deleted is gone, and nothing else', async () => {
    await store.set('profile/ap/token', 'a');
    await store.set('profile/ap/token2', 'b');

    expect(await store.delete('profile/ap/token')).toBe(true);
    expect(await store.get('profile/ap/token')).toBeUndefined();
    expect(await store.get('profile/ap/token2')).toBe('b');
  });

  test('names come in order', async () => {
    for (const name of ['storage-key', 'device/9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d/pass_tmp', 'ap/password']) {
      await store.set(name, 'x');
    }

    expect(await store.names()).toEqual([
      'ap/password',
      'device/9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d/pass_tmp',
      'storage-key',
    ]);
  });

  test('another process sees what was stored', async () => {
    await store.set('storage-key', 'kept');
    const other = start();

    expect(await other.get('storage-key')).toBe('kept');
    expect(await other.end()).toBe(0);
  });

  test.each(['', '/', 'a//b', '/a', 'a/', '../a', 'a b', 'ä', '__proto__', 'a\nb', 'n'.repeat(201)])(
    'the name %j is refused',
    async (name) => {
      await expect(store.get(name)).rejects.toMatchObject({ code: 'invalid_input' });
      await expect(store.set(name, 'x')).rejects.toMatchObject({ code: 'invalid_input' });
      await expect(store.delete(name)).rejects.toMatchObject({ code: 'invalid_input' });
    },
  );

  test.each([
    ['empty', ''],
    ['with a NUL', 'a\0b'],
    ['too long', 'k'.repeat(8193)],
  ])('a value that is %s is refused, and not quoted', async (_, value) => {
    await expect(store.set('ap/password', value)).rejects.toMatchObject({
      code: 'invalid_input',
      message: 'The secret ap/password must be text of 1 to 8192 bytes without NUL.',
    });
    expect(await store.get('ap/password')).toBeUndefined();
  });
}

requires('gnome-keyring', 'dbus', 'libsecret-1-0')('keychain', () => {
  let service: SecretService;

  beforeAll(async () => {
    service = await startSecretService();
  });

  afterAll(() => service.stop());

  storeContract(() => service.env);

  test('LATCHKEY_KEYCHAIN_SERVICE keeps two sets of secrets apart', async () => {
    const [one, two] = ['one', 'two'].map((name) =>
      startStore({ env: { ...service.env, LATCHKEY_KEYCHAIN_SERVICE: name }, data: tmpdir() }),
    ) as [StoreProcess, StoreProcess];
    await one.set('ap/password', 'of one');

    expect(await two.get('ap/password')).toBeUndefined();
    expect(await two.names()).toEqual([]);
    expect(await one.names()).toEqual(['ap/password']);
    await Promise.all([one.end(), two.end()]);
  });
});

describe('file with a passphrase', () => {
  storeContract(() => ({ LATCHKEY_SECRET_STORE: 'file', LATCHKEY_PASSPHRASE: 'correct horse battery staple' }));
});

describe('file with a key file', () => {
  let folder: string;
  let keyFile: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lk-key-'));
    keyFile = join(folder, 'key');
    await writeFile(keyFile, '0123456789abcdef0123456789abcdef\n', { mode: 0o600 });
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  storeContract(() => ({ LATCHKEY_SECRET_STORE: 'file', LATCHKEY_SECRET_KEY_FILE: keyFile }));
});
