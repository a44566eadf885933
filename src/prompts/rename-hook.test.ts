import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Rename } from '../roles/networks/renaming.ts';
import { renamingHook } from './rename-hook.ts';

const { signal } = new AbortController();
let folder: string;
let hook: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-hook-'));
  hook = join(folder, 'hook');
  const write = `require('node:fs').writeFileSync(${JSON.stringify(join(folder, 'seen.json'))}, JSON.stringify({ args: process.argv.slice(2), env: Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('LATCHKEY_'))) }));`;
  writeFileSync(hook, `#!${process.execPath}\n${write}\nprocess.exit(process.argv.at(-1) === 'set' ? 3 : 0);\n`);
  chmodSync(hook, 0o755);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const rename = (first: string, second: string): Rename => ({
  challengeId: 'chl_1', first: Buffer.from(first, 'latin1'), second: Buffer.from(second, 'latin1'), bssids: ['02:00:00:00:01:00', '02:00:00:00:01:01'], expiresAt: new Date(0),
});
const seen = () => JSON.parse(readFileSync(join(folder, 'seen.json'), 'utf8')) as { args: string[]; env: Record<string, string> };

test('gets the step as its last argument and the names in its environment, with nothing else of ours', async () => {
  process.env['LATCHKEY_TOKEN'] = 'lk_terminal_secret';
  try {
    await renamingHook(`${hook} --on 'radio 1'`).prepare(rename('Home', 'Home-abc'), signal);
  } finally {
    delete process.env['LATCHKEY_TOKEN'];
  }
  expect(seen()).toEqual({
    args: ['--on', 'radio 1', 'pre'],
    env: {
      LATCHKEY_CHALLENGE_ID: 'chl_1',
      LATCHKEY_BSSIDS: '02:00:00:00:01:00 02:00:00:00:01:01',
      LATCHKEY_FIRST_SSID: 'Home',
      LATCHKEY_FIRST_SSID_HEX: '486f6d65',
      LATCHKEY_SECOND_SSID: 'Home-abc',
      LATCHKEY_SECOND_SSID_HEX: '486f6d652d616263',
    },
  });
});

test('a name that is no text is there in hexadecimal alone', async () => {
  await renamingHook(hook).restore(rename('\xff\x00', 'a\x00'), signal);
  expect(Object.keys(seen().env).filter((name) => name.includes('_SSID')).sort()).toEqual(['LATCHKEY_FIRST_SSID_HEX', 'LATCHKEY_SECOND_SSID_HEX']);
});

test('what ends with another exit code than 0 has failed', async () => {
  await expect(renamingHook(hook).set(rename('Home', 'Home-abc'), signal)).rejects.toMatchObject({ code: 'renaming_failed', message: expect.stringContaining('set ended with exit code 3.') });
});

test('a program that is not there, and a command without end, are errors', async () => {
  await expect(renamingHook(join(folder, 'none')).prepare(rename('a', 'b'), signal)).rejects.toMatchObject({ code: 'file_not_found' });
  expect(() => renamingHook('hook "x')).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});
