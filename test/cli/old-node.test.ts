import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { program } from '../program.ts';

test.each(['18.20.8', '22.23.0', '24.14.9'])('Node %s is told in one line that it is too old', (version) => {
  const { stdout, stderr, status } = runUnder(version);
  expect(stdout).toBe('');
  expect(stderr).toBe(`latchkey needs Node 24.15 or newer; this is Node ${version}.\n`);
  expect(status).toBe(1);
});

test.each(['24.15.0', '25.0.0', '26.10.0'])('Node %s is new enough', (version) => {
  const { stdout, status } = runUnder(version);
  expect(stdout).toMatch(/^latchkey\//);
  expect(status).toBe(0);
});

function runUnder(version: string) {
  const versions = JSON.stringify({ ...process.versions, node: version });
  const pretend = `data:text/javascript,Object.defineProperty(process,'versions',{value:${encodeURIComponent(versions)}})`;
  return spawnSync(process.execPath, ['--import', pretend, program, '--version'], {
    encoding: 'utf8',
    env: { ...process.env, LATCHKEY_CACHE_HOME: join(import.meta.dirname, '../../.cache/tests') },
  });
}
