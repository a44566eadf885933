import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { iwScan } from '../../../test/station/scans.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { WitnessEventWire } from '../present/witness-events.ts';
import { witnessOn, witnessOnce } from './witness.ts';

let folder: string;
let scan: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-witness-'));
  scan = join(folder, 'scan.txt');
  writeFileSync(scan, iwScan([{ bssid: '02:00:00:00:01:00' }, { bssid: '02:00:00:00:01:00', ssid: Buffer.from('Other') }]));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('says what is heard, each radio by each of its names', async () => {
  const reported: number[] = [];
  const role = { report: async (heard: readonly unknown[]) => { reported.push(heard.length); return { kept: 1 }; } };
  expect(await witnessOnce(role, { scan }, new AbortController().signal)).toMatchObject({ event: 'reported', heard: 2, kept: 1 });
  expect(reported).toEqual([2]);
});

test('goes on when the server is away, and when a scan fails, until it is told to stop', async () => {
  const stop = new AbortController();
  let times = 0;
  const role = {
    report: async () => {
      times += 1;
      if (times === 1) throw new LatchkeyError('remote_unreachable', 'away');
      return { kept: 0 };
    },
  };
  const events: WitnessEventWire[] = [];
  await witnessOn(role, { scan }, 1, stop.signal, async (event) => {
    events.push(event);
    if (events.length === 2) rmSync(scan);
    if (events.length === 3) stop.abort();
  });
  expect(events.map(({ event, error_code: code }) => code ?? event)).toEqual(['remote_unreachable', 'reported', 'file_not_found']);
});

test('what no time mends ends it', async () => {
  const role = { report: async () => Promise.reject(new LatchkeyError('unauthorized')) };
  await expect(witnessOn(role, { scan }, 1, new AbortController().signal, async () => {})).rejects.toMatchObject({ code: 'unauthorized' });
});
