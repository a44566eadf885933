import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { phoneTokenToRedeem } from './phone-token-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lk-phone-token-'));
  vi.stubEnv('LATCHKEY_STATE_HOME', join(folder, 'state'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const path = () => join(folder, 'phone.txt');

test('a file that is not there is made, for its user alone, and has the same token for whoever comes later', async () => {
  const token = await phoneTokenToRedeem(path(), {});
  expect(token).toMatch(/^[\w-]{22}$/);
  expect([readFileSync(path(), 'utf8'), statSync(path()).mode & 0o777]).toEqual([`${token}\n`, 0o600]);
  expect(await phoneTokenToRedeem(path(), {})).toBe(token);
  expect(await phoneTokenToRedeem(`${path()}.other`, {})).not.toBe(token);
});

test('several at once have one token', async () => {
  const tokens = await Promise.all(Array.from({ length: 8 }, () => phoneTokenToRedeem(path(), {})));
  expect(new Set(tokens).size).toBe(1);
});

test('what is there is left as it is, and the variable goes in the place of a file', async () => {
  writeFileSync(path(), 'mine');
  expect(await phoneTokenToRedeem(path(), { env: { LATCHKEY_PHONE_TOKEN: 'another' } })).toBe('mine');
  expect(readFileSync(path(), 'utf8')).toBe('mine');
  expect(await phoneTokenToRedeem(undefined, { env: { LATCHKEY_PHONE_TOKEN: 'another' } })).toBe('another');
});

test('without a token nothing is sent, nor where it cannot be kept', async () => {
  await expect(phoneTokenToRedeem(undefined, { env: {} })).rejects.toMatchObject({ code: 'missing_input', hint: expect.stringContaining('grant show') });
  await expect(phoneTokenToRedeem(join(folder, 'none', 'phone.txt'), {})).rejects.toMatchObject({ code: 'file_not_found' });
  mkdirSync(`${path()}.part`);
  await expect(phoneTokenToRedeem(path(), {})).rejects.toMatchObject({ message: expect.stringContaining('--phone-token-file') });
});
