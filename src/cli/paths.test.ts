import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ensureFolder, pathsFrom } from './paths.ts';

test('follows XDG on Linux', () => {
  expect(pathsFrom({}, 'linux', '/home/ada')).toEqual({
    config: '/home/ada/.config/latchkey',
    data: '/home/ada/.local/share/latchkey',
    state: '/home/ada/.local/state/latchkey',
  });
  expect(pathsFrom({ XDG_CONFIG_HOME: '/c', XDG_DATA_HOME: '/d', XDG_STATE_HOME: '/s' }, 'linux', '/home/ada')).toEqual({
    config: '/c/latchkey',
    data: '/d/latchkey',
    state: '/s/latchkey',
  });
});

test('uses the platform’s places elsewhere', () => {
  expect(pathsFrom({}, 'darwin', '/Users/ada').data).toBe('/Users/ada/Library/Application Support/latchkey/data');
  expect(pathsFrom({ LOCALAPPDATA: '/local' }, 'win32', '/home/ada').state).toBe('/local/latchkey/state');
});

test('LATCHKEY_*_HOME name the folders themselves', () => {
  const own = { LATCHKEY_CONFIG_HOME: '/a', LATCHKEY_DATA_HOME: '/b', LATCHKEY_STATE_HOME: '/c', XDG_DATA_HOME: '/d' };
  expect(pathsFrom(own, 'darwin', '/Users/ada')).toEqual({ config: '/a', data: '/b', state: '/c' });
});

test('folders are for their user alone', () => {
  const parent = mkdtempSync(join(tmpdir(), 'latchkey-paths-'));
  onTestFinished(() => rmSync(parent, { recursive: true }));
  const folder = ensureFolder(join(parent, 'deep', 'er'));
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});
