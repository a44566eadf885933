import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nvsVector } from '../vectors/nvs.ts';
import { CommandLine } from './command-line.ts';

let cli: CommandLine;

beforeAll(async () => {
  cli = await CommandLine.make();
});

afterAll(() => cli.close());

const passTmp = '4t8n2k6c0w9r3x7m1q5v8b2h6j';

/** How it ends: the error's code with and without `--json` are the same. */
async function endOf(...args: string[]) {
  const { code, stdout, stderr } = await cli.run(['device', 'readback', ...args, '--json']);
  const last = stderr.trim().split('\n').at(-1);
  return { exit: code, result: stdout === '' ? undefined : (JSON.parse(stdout) as Record<string, any>), error: last ? (JSON.parse(last) as Record<string, string>) : undefined };
}

describe('an image that is whole', () => {
  test('shows whose it is, and its secrets only if they are asked for', async () => {
    const small = cli.file('small.bin', nvsVector('small.bin'));
    const plain = await cli.run(['device', 'readback', small]);
    expect(plain).toMatchObject({ code: 0, stderr: '' });
    expect(plain.stdout).toContain('9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d');
    expect(plain.stdout + (await cli.run(['device', 'readback', small, '--json'])).stdout).not.toContain(passTmp);
    expect((await cli.run(['device', 'readback', small, '--reveal'])).stdout).toContain(`pass_tmp:         ${passTmp}`);
    const { result } = await endOf(small, '--reveal');
    expect(result).toMatchObject({ ok: true, pass_tmp: passTmp, damages: [], missing: [] });
    expect(result!['entries'][2]).toEqual({ namespace: 'latchkey', key: 'pass_tmp', type: 'string', bytes: 26, value: passTmp });
  });

  test('comes from standard input as well, and encrypted with its keys', async () => {
    expect((await cli.run(['device', 'readback', '-'], { input: nvsVector('types.bin') })).stdout).toContain('Küche 2.4');
    const image = cli.file('encrypted.bin', nvsVector('small-encrypted.bin'));
    const keys = cli.file('keys.bin', nvsVector('small-encrypted.keys.bin'));
    expect(await endOf(image, '--keys', keys)).toMatchObject({ exit: 0, result: { ok: true, ssid: 'setup-net' } });
    expect(await endOf(image)).toMatchObject({ exit: 2, result: undefined, error: { code: 'invalid_input', hint: 'Give its key partition with --keys.' } });
  });

  test('is asked for the names of its firmware', async () => {
    const small = cli.file('small.bin', nvsVector('small.bin'));
    expect(await endOf(small, '--namespace', 'wifi')).toMatchObject({
      exit: 12,
      result: { ok: false, missing: ['uuid', 'ssid', 'pass_tmp'] },
      error: { code: 'check_failed', message: 'The image has no uuid, ssid, pass_tmp in wifi.' },
    });
  });
});

test('an image that is damaged is told with page and entry, and what can be read of it', async () => {
  const bytes = nvsVector('small.bin');
  bytes[64 + 2 * 32]! ^= 0x20;
  bytes[5000] = 0;
  const bad = cli.file('bad.bin', bytes);
  const { code, stdout, stderr } = await cli.run(['device', 'readback', bad, '--verify']);
  expect(code).toBe(12);
  expect(stdout).toMatch(/^0 +1 +data +The checksum of the value does not hold\.$/m);
  expect(stdout).toMatch(/^1 +26 +not_erased +The page is empty, and the byte at 0x388 of the page is not 0xFF\.$/m);
  expect(stderr).toContain('Error: The image is damaged in 2 places; the first: page 0, entry 1: The checksum of the value does not hold.');
  expect(await endOf(bad)).toMatchObject({
    exit: 12,
    error: { code: 'image_damaged' },
    result: {
      ok: false,
      ssid: 'setup-net',
      damages: [{ kind: 'data', page: 0, entry: 1 }, { kind: 'not_erased', page: 1, entry: 26 }],
    },
  });
});

test.each([
  ['nothing', Buffer.alloc(0), 2, 'This file is empty: it has no bytes.'],
  ['a part', nvsVector('small.bin').subarray(0, 5000), 2, 'An NVS partition has a multiple of 4096 bytes, not 5000: this is none, or a part of one.'],
  ['another file', Buffer.alloc(8192, 'ELF'), 2, 'This is no NVS partition: no page of it begins as one.'],
  ['an erased one', Buffer.alloc(0x3000, 0xff), 12, 'This NVS partition is empty: nothing was ever written into it.'],
] as const)('what is no image is told as what it is: %s', async (_, bytes, exit, message) => {
  expect(await endOf(cli.file('other.bin', bytes))).toMatchObject({ exit, result: undefined, error: { message } });
});

describe('--verify', () => {
  async function image(...args: string[]): Promise<{ uuid: string; path: string }> {
    const { uuid } = await cli.json<{ uuid: string }>(['device', 'register', '--ssid', 'iot-setup', ...args]);
    await cli.json(['device', 'image', '--uuid', uuid, '--out-dir', 'images']);
    return { uuid, path: join(cli.folder, 'images', `${uuid}.bin`) };
  }

  test('says that the registry has the same', async () => {
    const { uuid, path } = await image();
    expect(await endOf(path, '--verify')).toMatchObject({ exit: 0, result: { ok: true, comparison: { differing: [], state: 'registered' } } });
    const { items } = await cli.json<{ items: { action: string }[] }>(['device', 'history', uuid]);
    expect(items.at(-1)).toMatchObject({ action: 'device.compared', detail: { same: true } });
  });

  test('says what is another, and no more', async () => {
    const { uuid } = await image();
    const own = cli.file('own.csv', `uuid,ssid,pass_tmp\n${uuid},iot-setup,${'0'.repeat(26)}\n`);
    await cli.json(['device', 'image', '--from', own, '--out-dir', 'others']);
    const { exit, result, error } = await endOf(join(cli.folder, 'others', `${uuid}.bin`), '--verify');
    expect({ exit, message: error!['message'] }).toEqual({ exit: 12, message: `Device ${uuid} is in the registry with another pass_tmp.` });
    expect(result).toMatchObject({ ok: false, comparison: { differing: ['pass_tmp'] } });
  });

  test('says that the device is revoked, or that nobody knows it', async () => {
    const { uuid, path } = await image();
    await cli.json(['device', 'revoke', uuid, '--yes']);
    expect(await endOf(path, '--verify')).toMatchObject({ exit: 12, error: { message: `Device ${uuid} is revoked.` } });
    expect(await endOf(cli.file('small.bin', nvsVector('small.bin')), '--verify')).toMatchObject({ exit: 3, result: { ok: false, ssid: 'setup-net' }, error: { code: 'device_not_found' } });
  });
});

test('images that cannot be written are told, exit 9, and the others are there', async () => {
  const from = cli.file('from.csv', `uuid,ssid,pass_tmp\nnonsense,iot-setup,${passTmp}\n9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d,setup-net,${passTmp}\n`);
  const { code, stdout, stderr } = await cli.run(['device', 'image', '--from', from, '--out-dir', 'partly', '--rejects', 'rejects.ndjson', '--json']);
  expect({ code, result: JSON.parse(stdout) }).toEqual({ code: 9, result: { written: 1, unchanged: 0, rejected: 1, folder: 'partly' } });
  expect(JSON.parse(stderr)).toMatchObject({ code: 'partly_done', message: expect.stringMatching(/^1 device was rejected; the first: /), hint: 'See rejects.ndjson.' });
  expect(JSON.parse(readFileSync(join(cli.folder, 'rejects.ndjson'), 'utf8'))).toMatchObject({ line: 2, code: 'invalid_input' });
  expect(readFileSync(join(cli.folder, 'partly/9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d.bin')).equals(nvsVector('small.bin'))).toBe(true);
});
