import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';

const worker = path.join(import.meta.dirname, 'registering-process.ts');

test('8 processes register 1,000 devices each in one SQLite file, and none fails', { timeout: 180_000 }, async ({ onTestFinished }) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'latchkey-many-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'registry.db');

  const processes = Array.from({ length: 8 }, () =>
    spawn(process.execPath, [worker, file, '1000'], { stdio: ['ignore', 'ignore', 'pipe'] }),
  );
  const ends = await Promise.all(
    processes.map(async (child) => {
      let errors = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
      const [code] = (await once(child, 'close')) as [number | null];
      return { code, errors };
    }),
  );

  expect(ends).toEqual(Array.from({ length: 8 }, () => ({ code: 0, errors: '' })));
  using database = new DatabaseSync(file, { readOnly: true });
  expect(database.prepare(`select state, count(*) as n from devices group by state`).all()).toEqual([
    { state: 'registered', n: 8000 },
  ]);
  expect(database.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
});
