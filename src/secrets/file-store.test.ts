import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FileStore } from './file-store.ts';

let folder: string;
let file: string;
let keyFile: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-file-store-'));
  file = join(folder, 'data', 'secrets.json');
  keyFile = join(folder, 'key');
  await writeFile(keyFile, '0123456789abcdef0123456789abcdef\n', { mode: 0o600 });
});

afterEach(() => rm(folder, { recursive: true, force: true }));

function openWith(env: NodeJS.ProcessEnv): FileStore {
  return new FileStore(join(folder, 'data'), env);
}

function openWithKeyFile(): FileStore {
  return openWith({ LATCHKEY_SECRET_KEY_FILE: keyFile });
}

async function edit(change: (content: any) => void): Promise<void> {
  const content = JSON.parse(await readFile(file, 'utf8'));
  change(content);
  await writeFile(file, JSON.stringify(content));
}

test('the file and its folder are their owner’s alone, and it shows names but no values', async () => {
  await openWithKeyFile().set('ap/password', 'open sesame');

  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, 'data'))).mode & 0o777).toBe(0o700);
  const content = await readFile(file, 'utf8');
  expect(content).toContain('ap/password');
  expect(content).not.toContain('sesame');
  expect(content).not.toContain(Buffer.from('open sesame').toString('base64url'));
});

test('nothing is written by reading', async () => {
  const store = openWithKeyFile();

  expect(await store.get('ap/password')).toBeUndefined();
  expect(await store.names()).toEqual([]);
  await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a wrong passphrase opens nothing and changes nothing', async () => {
  await openWith({ LATCHKEY_PASSPHRASE: 'right' }).set('ap/password', 'kept');
  const before = await readFile(file, 'utf8');
  const wrong = openWith({ LATCHKEY_PASSPHRASE: 'wrong passphrase' });

  for (const call of [
    () => wrong.get('ap/password'),
    () => wrong.set('other', 'x'),
    () => wrong.delete('ap/password'),
    () => wrong.names(),
  ]) {
    await expect(call()).rejects.toMatchObject({
      code: 'secret_store_locked',
      exit: 7,
      message: expect.not.stringContaining('wrong passphrase'),
    });
  }
  expect(await readFile(file, 'utf8')).toBe(before);
});

test('another key file is not right either', async () => {
  await openWithKeyFile().set('ap/password', 'kept');
  await writeFile(keyFile, 'another-key-another-key-another-key');

  await expect(openWithKeyFile().get('ap/password')).rejects.toMatchObject({ code: 'secret_store_locked' });
});

test('whoever comes with the other kind of key is told which one it was', async () => {
  await openWithKeyFile().set('ap/password', 'kept');

  await expect(openWith({ LATCHKEY_PASSPHRASE: 'x' }).get('ap/password')).rejects.toMatchObject({
    code: 'secret_store_locked',
    message: expect.stringContaining('LATCHKEY_SECRET_KEY_FILE'),
  });
});

test('without any key nothing works, and the message names both ways', async () => {
  await expect(openWith({}).get('ap/password')).rejects.toMatchObject({
    code: 'secret_store_unavailable',
    hint: expect.stringMatching(/LATCHKEY_PASSPHRASE.*LATCHKEY_SECRET_KEY_FILE/),
  });
});

test('with both keys it is not clear which is meant', async () => {
  const both = openWith({ LATCHKEY_PASSPHRASE: 'x', LATCHKEY_SECRET_KEY_FILE: keyFile });

  await expect(both.get('ap/password')).rejects.toMatchObject({ code: 'invalid_input' });
});

describe('a key file is refused', () => {
  test.each([0o640, 0o604, 0o666, 0o700 | 0o010])('with mode %o', async (mode) => {
    await chmod(keyFile, mode);

    await expect(openWithKeyFile().set('ap/password', 'x')).rejects.toMatchObject({
      code: 'secret_store_unavailable',
      message: `${keyFile} has mode 0${mode.toString(8)}: others than its owner reach it.`,
      hint: expect.stringContaining(`chmod 600 ${keyFile}`),
    });
  });

  test('if it is not there, a folder, too short or too long', async () => {
    const refused = { code: 'secret_store_unavailable', message: expect.stringContaining(folder) };
    await expect(openWith({ LATCHKEY_SECRET_KEY_FILE: folder }).set('a', 'x')).rejects.toMatchObject(refused);
    await writeFile(keyFile, 'short\n');
    await expect(openWithKeyFile().set('a', 'x')).rejects.toMatchObject(refused);
    await writeFile(keyFile, 'k'.repeat(4097));
    await expect(openWithKeyFile().set('a', 'x')).rejects.toMatchObject(refused);
    await rm(keyFile);
    await expect(openWithKeyFile().set('a', 'x')).rejects.toMatchObject(refused);
  });
});

describe('a damaged file is reported, and quoted nowhere', () => {
  beforeEach(async () => {
    await openWithKeyFile().set('ap/password', 'first');
    await openWithKeyFile().set('other', 'second');
  });

  test('a value moved to another name does not open', async () => {
    await edit(({ entries }) => {
      entries['ap/password'] = entries['other'];
    });

    await expect(openWithKeyFile().get('ap/password')).rejects.toMatchObject({
      code: 'secret_store_unavailable',
      message: expect.stringContaining('the secret ap/password does not open'),
    });
    expect(await openWithKeyFile().get('other')).toBe('second');
  });

  test.each([
    ['not JSON', 'not JSON, tO0-s3cret'],
    ['another JSON', '[]'],
    ['empty', ''],
    ['of a later version', '{"version":2}'],
    ['asking for gigabytes of scrypt', '{"version":1,"key":{"from":"passphrase","salt":"AAAA","n":1073741824,"r":8,"p":1},"check":"AAAA","entries":{}}'],
  ])('%s', async (_, content) => {
    await writeFile(file, content);

    await expect(openWithKeyFile().get('ap/password')).rejects.toMatchObject({
      code: 'secret_store_unavailable',
      message: expect.not.stringContaining('s3cret'),
    });
  });
});

test('a folder that cannot be made is reported', async () => {
  await writeFile(join(folder, 'data'), 'a file in its place');

  await expect(openWithKeyFile().set('a', 'x')).rejects.toMatchObject({
    code: 'secret_store_unavailable',
    message: expect.stringContaining(join(folder, 'data')),
  });
});
