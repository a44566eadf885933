import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { iwScan } from '../../../test/station/scans.ts';
import { hear } from './heard.ts';

const { signal } = new AbortController();
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-heard-'));
  file = join(folder, 'scan.txt');
  writeFileSync(file, iwScan([{ bssid: '02:00:00:00:01:00', ageMs: 500 }]));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a scan that was just written is as old as it says', async () => {
  const [network] = await hear({ scan: file }, signal);
  expect(network).toMatchObject({ bssid: '02:00:00:00:01:00' });
  expect(network!.ageMs).toBeLessThan(60_000);
});

test('a scan in an old file is as old as the file, and what it says', async () => {
  const hourAgo = new Date(Date.now() - 3_600_000);
  utimesSync(file, hourAgo, hourAgo);
  const [network] = await hear({ scan: file }, signal);
  expect(network!.ageMs).toBeGreaterThanOrEqual(3_600_500);
});

test('a file that is not there, or is no scan, is an error', async () => {
  await expect(hear({ scan: join(folder, 'none') }, signal)).rejects.toMatchObject({ code: 'file_not_found' });
  writeFileSync(file, '# nothing');
  await expect(hear({ scan: file }, signal)).rejects.toMatchObject({ code: 'scan_malformed' });
});
