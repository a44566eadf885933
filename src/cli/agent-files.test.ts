import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LatchkeyError } from '../domain/errors.ts';
import { agentSocket } from './agent-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lk-'));
  vi.stubEnv('LATCHKEY_STATE_HOME', join(folder, 'x'.repeat(120)));
  vi.stubEnv('TMPDIR', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function refusal(): unknown {
  try {
    return agentSocket();
  } catch (error) {
    return error instanceof LatchkeyError ? error.code : error;
  }
}

test('where the state folder’s path is too long, the socket is in a folder of the user’s alone', () => {
  const path = agentSocket();
  expect(dirname(dirname(path))).toBe(folder);
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
  expect(agentSocket()).toBe(path);
});

test('a link in its place, or a folder that others reach, is refused', () => {
  const place = dirname(agentSocket());
  chmodSync(place, 0o755);
  expect(refusal()).toBe('forbidden');
  rmdirSync(place);
  const elsewhere = join(folder, 'elsewhere');
  mkdirSync(elsewhere, { mode: 0o700 });
  symlinkSync(elsewhere, place);
  expect(refusal()).toBe('forbidden');
  expect(readdirSync(elsewhere)).toEqual([]);
});
