import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RedemptionFile } from './redemption-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lk-redemptions-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = () => new RedemptionFile('pos_1', folder);
const path = () => join(folder, 'pos_1.redemptions.json');
const [code, other] = ['7K2M-9QXA', '7K2M-9QXB'];

test('a code has its token until the outcome is known, also for who comes later, and each code another', async () => {
  const token = await open().begin(code);
  expect(token).toMatch(/^[\w-]{22}$/);
  expect([await open().begin(code), await open().begin(other)]).toEqual([token, expect.not.stringContaining(token)]);
  await open().end(code);
  await open().end('unknown');
  expect(await open().begin(code)).not.toBe(token);
  expect(statSync(path()).mode & 0o077).toBe(0);
});

test('several at once have one token', async () => {
  const tokens = await Promise.all(Array.from({ length: 8 }, () => open().begin(code)));
  expect(new Set(tokens).size).toBe(1);
});

test('of very many the oldest are forgotten', async () => {
  writeFileSync(path(), JSON.stringify(Object.fromEntries(Array.from({ length: 4096 }, (_, at) => [`code-${at}`, `token-${at}`]))));
  await open().begin(code);
  expect([await open().begin('code-1'), await open().begin('code-4095')]).toEqual(['token-1', 'token-4095']);
  expect(await open().begin('code-0')).not.toBe('token-0');
});

test('what is damaged counts as empty, and what cannot be written is an error only before anything is sent', async () => {
  writeFileSync(path(), '{"7K2M-9QXA": 7');
  const token = await open().begin(code);
  mkdirSync(`${path()}.part`);
  await expect(open().begin(other)).rejects.toMatchObject({ code: 'invalid_input' });
  await open().end(code);
  expect(await open().begin(code)).toBe(token);
});
