import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LatchkeyError } from '../domain/errors.ts';
import { EnvStore } from '../secrets/env-store.ts';
import { readGivenSecret, readSecret } from './secret-input.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-input-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function fileOf(content: string | Uint8Array): Promise<string> {
  const path = join(folder, crypto.randomUUID());
  await writeFile(path, content);
  return path;
}

/** Nothing but what a test adds: no environment, nothing piped in, nobody to ask. */
const nothing = { env: {}, stdin: Readable.from([]), interactive: false };

describe('where it comes from', () => {
  const env = { LATCHKEY_PASS_TMP: 'from the environment' };
  const store = async () => new EnvStore({ LATCHKEY_SECRET_LAMP: 'from the store' });

  test('the flag’s file comes first', async () => {
    const file = await fileOf('from the file\n');

    expect(await readSecret({ ...nothing, name: 'pass-tmp', file, env, storeName: 'lamp', store })).toBe('from the file');
  });

  test('then the variable', async () => {
    expect(await readSecret({ ...nothing, name: 'pass-tmp', env, storeName: 'lamp', store })).toBe('from the environment');
  });

  test('then the secret store', async () => {
    const request = { ...nothing, env: { LATCHKEY_PASS_TMP: '' }, name: 'pass-tmp', storeName: 'lamp', store };

    expect(await readSecret(request)).toBe('from the store');
  });

  test('the store is not opened for what was given', async () => {
    const unopened = () => Promise.reject(new Error('opened'));

    expect(await readSecret({ ...nothing, name: 'pass-tmp', env, storeName: 'lamp', store: unopened })).toBe(
      'from the environment',
    );
  });

  test('what is nowhere is missing, and both ways to give it are named', async () => {
    const request = { ...nothing, name: 'pass-tmp', storeName: 'desk', store };

    await expect(readSecret(request)).rejects.toMatchObject({
      code: 'missing_input',
      exit: 2,
      message: 'The pass-tmp is missing: give --pass-tmp-file PATH|-, set LATCHKEY_PASS_TMP, or store it as desk.',
    });
    await expect(readSecret({ ...nothing, name: 'value' })).rejects.toMatchObject({
      message: 'The value is missing: give --value-file PATH|- or set LATCHKEY_VALUE.',
    });
    expect(await readGivenSecret('pass-tmp', undefined, nothing)).toBeUndefined();
  });

  test('a store that cannot be used is its own error, which also names the other ways', async () => {
    const broken = () => Promise.reject(new LatchkeyError('secret_store_unavailable', 'No keychain.', { hint: 'Mend it.' }));

    await expect(readSecret({ ...nothing, name: 'pass-tmp', storeName: 'lamp', store: broken })).rejects.toMatchObject({
      code: 'secret_store_unavailable',
      message: 'No keychain.',
      hint: 'Mend it. Or give this secret with --pass-tmp-file PATH|- or LATCHKEY_PASS_TMP.',
    });
  });
});

describe('standard input', () => {
  test('is read to its end, however slowly it comes', async () => {
    const stdin = new PassThrough();
    const secret = readSecret({ ...nothing, name: 'pass-tmp', file: '-', stdin });
    // Longer than what oclif would wait.
    for (const part of ['open', ' ', 'sésame'.slice(0, 2), 'same\n']) {
      stdin.write(part);
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    stdin.end();

    expect(await secret).toBe('open sésame');
  });

  test('may cut a character in two', async () => {
    const [first, second] = [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)];

    expect(await readSecret({ ...nothing, name: 'pass-tmp', file: '-', stdin: Readable.from([first, second]) })).toBe('é');
  });

  test('holds one secret only', async () => {
    const stdin = Readable.from([Buffer.from('first')]);
    await readSecret({ ...nothing, name: 'token', file: '-', stdin });

    await expect(readSecret({ ...nothing, name: 'pass-tmp', file: '-', stdin })).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('--pass-tmp-file -: standard input was already read'),
    });
  });

  test('is not waited for when the command is out of time', async () => {
    const ended = new AbortController();
    const secret = readSecret({ ...nothing, name: 'token', file: '-', stdin: new PassThrough(), signal: ended.signal });
    ended.abort(new LatchkeyError('timed_out'));

    await expect(secret).rejects.toMatchObject({ code: 'timed_out' });
  });

  test('that is a terminal is not read when nobody may be asked', async () => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true });

    await expect(readSecret({ ...nothing, name: 'token', file: '-', stdin })).rejects.toMatchObject({
      code: 'missing_input',
      message: expect.stringContaining('--token-file -'),
    });
  });
});

describe('what it may be', () => {
  test.each([
    ['one newline at the end does not count', 'secret\n', 'secret'],
    ['one CRLF neither', 'secret\r\n', 'secret'],
    ['a second one does', 'secret\n\n', 'secret\n'],
    ['blanks and tabs count', ' \tsecret ', ' \tsecret '],
    ['a lone CR counts', 'secret\r', 'secret\r'],
    ['a byte order mark counts', '\ufeffsecret', '\ufeffsecret'],
    ['4 KiB and its newline', `${'k'.repeat(4096)}\r\n`, 'k'.repeat(4096)],
  ])('%s', async (_, content, secret) => {
    expect(await readSecret({ ...nothing, name: 'token', file: await fileOf(content) })).toBe(secret);
    expect(await readSecret({ ...nothing, name: 'token', file: '-', stdin: Readable.from([Buffer.from(content)]) })).toBe(secret);
    expect(await readSecret({ ...nothing, name: 'token', env: { LATCHKEY_TOKEN: content } })).toBe(secret);
  });

  test.each([
    ['empty', ''],
    ['only a newline', '\n'],
    ['with a NUL', 'tO0\0s3cret'],
    ['not UTF-8', Uint8Array.of(0x74, 0x4f, 0x30, 0xff)],
    ['cut within a character', Uint8Array.of(0x74, 0x4f, 0x30, 0xc3)],
    ['longer than 4 KiB', 'tO0'.repeat(1366)],
    ['endlessly long', 'tO0'.repeat(100_000)],
  ])('%s is refused and not quoted', async (_, content) => {
    const file = await fileOf(content);
    const refused = { code: 'invalid_input', message: expect.not.stringContaining('tO0') };

    await expect(readSecret({ ...nothing, name: 'token', file })).rejects.toMatchObject(refused);
    const stdin = Readable.from([Buffer.from(content)]);
    await expect(readSecret({ ...nothing, name: 'token', file: '-', stdin })).rejects.toMatchObject(refused);
  });

  test('a file that is not there is not found', async () => {
    await expect(readSecret({ ...nothing, name: 'token', file: join(folder, 'nowhere') })).rejects.toMatchObject({
      code: 'file_not_found',
      exit: 3,
      message: `--token-file: there is no file ${join(folder, 'nowhere')}.`,
    });
  });

  test('a folder is no file', async () => {
    await expect(readSecret({ ...nothing, name: 'token', file: folder })).rejects.toMatchObject({ code: 'invalid_input' });
  });
});

describe.runIf(process.platform === 'linux')('at a terminal', () => {
  const program = `
    import { createHash } from 'node:crypto';
    import { readSecret } from ${JSON.stringify(fileURLToPath(new URL('secret-input.ts', import.meta.url)))};
    const file = process.argv[2];
    try {
      const secret = await readSecret({ name: 'pass-tmp', file, interactive: true, message: 'The device’s pass_tmp:' });
      console.log('got ' + createHash('sha256').update(secret).digest('hex'));
    } catch (error) {
      console.log('refused ' + error.code);
    }
  `;

  /** Runs the program on a pseudo-terminal, types when it asks, and gives everything that the screen showed. */
  async function type(keys: string, ...args: string[]): Promise<string> {
    const file = join(folder, `${crypto.randomUUID()}.mts`);
    await writeFile(file, program);
    const command = [process.execPath, file, ...args].join(' ');
    const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    let screen = '';
    let typed = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      screen += text;
      if (!typed && screen.includes('pass_tmp:')) {
        typed = true;
        child.stdin.write(keys);
      }
    });
    await once(child, 'close');
    return screen;
  }

  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

  test.each([[[]], [['-']]])('it is asked for and never shown (arguments %j)', async (args) => {
    const screen = await type('tO0-s3cret\r', ...args);

    expect(screen).toContain(`got ${sha256('tO0-s3cret')}`);
    expect(screen).not.toContain('tO0');
    expect(screen).not.toContain('*'.repeat(3));
  });

  test('nothing shows it on request either', async () => {
    const control_t = '\x14';
    const screen = await type(`tO0${control_t}-s3cret\r`);

    expect(screen).not.toContain('tO0');
  });

  test('Ctrl-C ends it', async () => {
    expect(await type('\x03')).toContain('refused interrupted');
  });
});
