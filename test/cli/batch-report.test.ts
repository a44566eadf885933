import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/storage/open-store.ts';
import { CommandLine } from './command-line.ts';

let cli: CommandLine;
let url: string;

beforeAll(async () => {
  cli = await CommandLine.make();
  url = `sqlite:${join(cli.folder, 'registry.db')}`;
});
afterAll(() => cli.close());

const at = (minute: number) => new Date(Date.parse('2026-11-20T06:00:00Z') + minute * 60_000);

test('the CSV has a line for each device, what its stations did, no pass_tmp and no formulas', async () => {
  const env = { LATCHKEY_DATABASE: url };
  const register = (...args: string[]) => cli.json<{ uuid: string; pass_tmp: string }>(['device', 'register', '--ssid', 'setup', ...args], { env });
  const flashed = await register('--batch', 'b', '--model', 'lamp', '--label', '=HYPERLINK("http://a.example")', '--mac', '24:6f:28:a1:b2:c3');
  const idle = await register('--batch', 'b');
  await register('--batch', 'other');
  const database = await openDatabase({ url });
  await database.insertAll('flashes', [['east', 'mai', 'timed_out'], ['west', 'kim', 'ok']].map(([station, operator, result], minute) => ({
    uuid: flashed.uuid, id: `fls_${minute}`, batch: 'b', station, operator, started_at: at(minute), ended_at: at(minute + 1), result, detail: null,
  })));
  await database.close();

  const { code, stdout, stderr } = await cli.run(['device', 'batch', 'report', 'b', '--format', 'csv', '--out', '-'], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lines = stdout.split('\r\n');
  expect(lines[0]).toBe('uuid,model,label,mac,state,created_at,registered_at,flashed_at,revoked_at,station,operator,tries,last_result');
  expect(lines.slice(1, -1).map((line) => line.replace(/\d{4}-\d\d-\d\dT[^,]*/g, 'time')).sort()).toEqual([
    `${flashed.uuid},lamp,"'=HYPERLINK(""http://a.example"")",24:6f:28:a1:b2:c3,registered,time,time,,,west,kim,2,ok`,
    `${idle.uuid},,,,registered,time,time,,,,,0,`,
  ].sort());
  expect(stdout).not.toContain(flashed.pass_tmp);

  const shown = await cli.run(['device', 'batch', 'show', 'b'], { env });
  expect(shown.stdout).toMatch(/STATION +TRIED +OK +YIELD +FIRST PASS +TRIES +FAILURES\neast +1 +0 +0\.0 % +0\.0 % +1 +timed_out 1\nwest +1 +1 +100\.0 % +1\n\(all\) +1 +1 +100\.0 % +0\.0 % +2 +timed_out 1\n/);
});

test('a report is a new file of its own user, whole or not there', async () => {
  await cli.json(['device', 'register', '--ssid', 'setup', '--batch', 'filed']);
  const file = join(cli.folder, 'report.html');
  const args = ['device', 'batch', 'report', 'filed', '--format', 'html', '--out', file];
  expect(await cli.json(args)).toEqual({ batch: 'filed', format: 'html', file, devices: 1 });
  const page = readFileSync(file, 'utf8');
  expect(page).toMatch(/^<!DOCTYPE html>.*<\/html>\n$/s);
  expect(statSync(file).mode & 0o777).toBe(0o600);

  const again = await cli.run([...args, '--json']);
  expect({ code: again.code, error: JSON.parse(again.stderr).code }).toEqual({ code: 5, error: 'file_exists' });
  expect(readFileSync(file, 'utf8')).toBe(page);
  const nowhere = await cli.run(['device', 'batch', 'report', 'filed', '--format', 'csv', '--out', join(cli.folder, 'none/report.csv'), '--json']);
  expect({ code: nowhere.code, error: JSON.parse(nowhere.stderr).code }).toEqual({ code: 3, error: 'file_not_found' });
  const both = await cli.run(['device', 'batch', 'report', 'filed', '--format', 'csv', '--out', '-', '--json']);
  expect({ code: both.code, stdout: both.stdout }).toEqual({ code: 2, stdout: '' });
  expect(readdirSync(cli.folder).filter((name) => name.endsWith('.part'))).toEqual([]);
});
