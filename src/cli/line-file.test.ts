import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LineFile } from './line-file.ts';

const calls: string[] = [];
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const paths = new Map<number, string>();
  return {
    ...fs,
    openSync: (path: string, ...more: [string]) => {
      const file = fs.openSync(path, ...more);
      paths.set(file, path);
      return file;
    },
    fdatasyncSync: (file: number) => {
      calls.push(`sync ${paths.get(file)}`);
      fs.fdatasyncSync(file);
    },
    fsyncSync: (file: number) => {
      calls.push(`sync ${paths.get(file)}`);
      fs.fsyncSync(file);
    },
    renameSync: (from: string, to: string) => {
      calls.push(`rename ${to}`);
      fs.renameSync(from, to);
    },
  };
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lk-lines-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('what takes another file’s place is on the disk before that, and its name after', () => {
  const path = join(folder, 'journal');
  writeFileSync(path, 'old\n');
  calls.length = 0;
  LineFile.replace(path, 'the journal', 'new\n');
  expect(readFileSync(path, 'utf8')).toBe('new\n');
  expect(calls.slice(-3)).toEqual([`sync ${path}.part`, `rename ${path}`, `sync ${folder}`]);
});
