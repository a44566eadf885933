import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readKeyPartition } from '../../src/formats/nvs/encryption.ts';
import { readNvs } from '../../src/formats/nvs/read.ts';
import { StandInEsptool } from '../flasher/stand-in-esptool.ts';
import type { Ran } from './command-line.ts';
import { Site, type Identity } from './site.ts';
import { atTerminal } from './terminal.ts';

interface Outcome {
  readonly uuid: string;
  readonly station: string;
  readonly result: string;
  readonly recorded?: boolean;
  readonly detail?: string;
  readonly code?: string;
}

let site: Site;

beforeAll(async () => {
  site = await Site.make('embedded');
});
afterAll(() => site.close());

function newBench(): StandInEsptool {
  return new StandInEsptool(join(site.cli.folder, `bench-${randomUUID()}`));
}

async function devices(count: number): Promise<Identity[]> {
  const made: Identity[] = [];
  for (let each = 0; each < count; each += 1) {
    made.push(await site.device());
  }
  return made;
}

function list(identities: readonly { readonly uuid: string }[]): string {
  return site.cli.file(`${randomUUID()}.csv`, `uuid\n${identities.map(({ uuid }) => `${uuid}\n`).join('')}`);
}

function stationsFile(stations: unknown): string {
  return site.cli.file(`${randomUUID()}.json`, JSON.stringify(stations));
}

function flash(esptool: StandInEsptool, ...args: string[]): string[] {
  return ['device', 'flash', '--offset', '0x9000', ...(args.includes('--tool') ? [] : ['--tool', esptool.path]), ...args];
}

function outcomesOf({ stdout }: Pick<Ran, 'stdout'>): Outcome[] {
  return stdout.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Outcome);
}

/** What a board says who it is. */
function uuidOn(esptool: StandInEsptool, port: string): unknown {
  const { entries, damages } = readNvs(esptool.flash(port).subarray(0x9000, 0x9000 + 0x3000));
  expect(damages).toEqual([]);
  return entries.find(({ namespace, key }) => namespace === 'latchkey' && key === 'uuid')?.value;
}

async function isFlashed(uuid: string): Promise<boolean> {
  return (await site.json('device', 'show', uuid))['flashed_at'] !== undefined;
}

function leftFiles(): string[] {
  return readdirSync(join(site.cli.folder, '.local/state/latchkey/flashing'));
}

test('one board: its identity is in it, the registry knows who, where and when, and nothing secret is in arguments or files', async () => {
  const esptool = newBench();
  const port = esptool.port('ttyUSB0');
  const [identity] = await devices(1);
  const ran = await site.cli.run(flash(esptool, '--port', port, '--uuid', identity!.uuid, '--station', 'bench-1', '--operator', 'mia', '--json'));
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(outcomesOf(ran)).toMatchObject([{ uuid: identity!.uuid, station: 'bench-1', port, result: 'ok', recorded: true }]);
  expect(uuidOn(esptool, port)).toBe(identity!.uuid);
  expect(esptool.flash(port).includes(identity!.pass_tmp)).toBe(true);
  expect(JSON.stringify(esptool.runs(port))).not.toContain(identity!.pass_tmp);
  const { items } = await site.json<{ items: { action: string; detail: object }[] }>('device', 'history', identity!.uuid);
  expect(items.find(({ action }) => action === 'device.flashed')?.detail).toMatchObject({ station: 'bench-1', operator: 'mia' });
  expect(leftFiles()).toEqual([]);

  const again = await site.cli.run(flash(esptool, '--port', port, '--uuid', identity!.uuid, '--json'));
  expect([again.code, outcomesOf(again)]).toMatchObject([0, [{ result: 'already_flashed' }]]);
  expect(esptool.runs(port)).toHaveLength(2);
});

test('eight stations at once: one that fails, one that hangs and one that reads short stop, and the others flash all', async () => {
  const esptool = newBench();
  const stations = Array.from({ length: 8 }, (_, index) => ({ port: esptool.port(`ttyUSB${index}`), station: `bench-${index}` }));
  esptool.fault(stations[1]!.port, { command: 'write', kind: 'fail' });
  esptool.fault(stations[3]!.port, { command: 'write', kind: 'hang' });
  esptool.fault(stations[5]!.port, { command: 'read', kind: 'short' });
  const identities = await devices(24);
  const ran = await site.cli.run(flash(esptool, '--stations', stationsFile(stations), '--from', list(identities), '--step-timeout', '2s', '--json'));
  expect(ran.code, ran.stderr).toBe(0);
  const outcomes = outcomesOf(ran);
  expect(outcomes.filter(({ result }) => result === 'ok').map(({ uuid }) => uuid).sort()).toEqual(identities.map(({ uuid }) => uuid).sort());
  expect(outcomes.filter(({ result }) => result !== 'ok').map(({ station, result }) => [station, result]).sort()).toEqual([
    ['bench-1', 'tool_failed'], ['bench-3', 'timed_out'], ['bench-5', 'short_read'],
  ]);
  for (const { station, port } of stations) {
    const last = outcomes.findLast((outcome) => outcome.station === station && outcome.result === 'ok');
    expect(last === undefined || uuidOn(esptool, port) === last.uuid, station).toBe(true);
  }
  expect(await Promise.all(identities.slice(0, 3).map(({ uuid }) => isFlashed(uuid)))).toEqual([true, true, true]);
  expect(ran.stderr).toContain('Station bench-3 goes on no more');
  expect(leftFiles()).toEqual([]);
});

test('encrypted, with other names and more values: the keys go into their own partition, and open what was written', async () => {
  const esptool = newBench();
  const port = esptool.port('ttyUSB0');
  const identities = await devices(2);
  const extra = site.cli.file('extra.csv', 'key,type,encoding,value\ncalibration,namespace,,\noffset,data,u16,517\n');
  const stations = stationsFile([{ port, station: 'bench', offset: '0x10000', keys_offset: '0xe000' }]);
  const args = flash(esptool, '--stations', stations, '--from', list(identities), '--encrypt', '--namespace', 'wifi', '--uuid-key', 'id', '--partition-size', '0x4000', '--extra', extra, '--json');
  const ran = await site.cli.run(args);
  expect(ran.code, ran.stderr).toBe(0);
  expect(outcomesOf(ran).map(({ result }) => result)).toEqual(['ok', 'ok']);
  const board = esptool.flash(port);
  expect(board.includes(identities[1]!.uuid)).toBe(false);
  const { entries, damages } = readNvs(board.subarray(0x10000, 0x14000), readKeyPartition(board.subarray(0xe000, 0xf000)));
  expect(damages).toEqual([]);
  expect(entries).toContainEqual({ namespace: 'wifi', key: 'id', type: 'string', value: identities[1]!.uuid });
  expect(entries).toContainEqual({ namespace: 'calibration', key: 'offset', type: 'u16', value: 517n });
  // A key that was read back wrong is a failure, too.
  esptool.fault(port, { command: 'read', kind: 'flip' });
  const [another] = await devices(1);
  const failing = await site.cli.run(flash(esptool, '--port', port, '--uuid', another!.uuid, '--encrypt', '--keys-offset', '0xe000', '--json'));
  expect([failing.code, outcomesOf(failing)]).toMatchObject([12, [{ result: 'garbled' }]]);
});

test('a failed board’s identity goes into the next one; where it fails too often the rest is told, and the same again goes on', async () => {
  const esptool = newBench();
  const port = esptool.port('ttyUSB0');
  const identities = await devices(3);
  const args = flash(esptool, '--port', port, '--from', list(identities), '--station', 'bench', '--json');
  esptool.fault(port, { command: 'read', kind: 'flip', times: 1 }, { command: 'read', kind: 'garbage', times: 1 });
  const ran = await site.cli.run([...args, '--retries', '1']);
  expect(outcomesOf(ran).map(({ uuid, result }) => [uuid, result])).toEqual([[identities[0]!.uuid, 'garbled'], [identities[0]!.uuid, 'garbled']]);
  expect(JSON.parse(ran.stderr.trim().split('\n').at(-1)!)).toMatchObject({
    code: 'partly_done', exit: 9, message: `0 flashed, 1 failed (${identities[0]!.uuid}), others not come to.`,
  });
  expect(await isFlashed(identities[0]!.uuid)).toBe(false);
  const again = await site.cli.run(args);
  expect(again.code, again.stderr).toBe(0);
  expect(outcomesOf(again).map(({ uuid, result }) => [uuid, result])).toEqual(identities.map(({ uuid }) => [uuid, 'ok']));
});

test('one device that is not flashed is exit 12, and says why', async () => {
  const esptool = newBench();
  const port = esptool.port('ttyUSB0');
  const [identity] = await devices(1);
  esptool.fault(port, { command: 'write', kind: 'fail' });
  const ran = await site.cli.run(flash(esptool, '--port', port, '--uuid', identity!.uuid));
  expect(ran.code).toBe(12);
  expect(ran.stderr).toContain(`Error: Device ${identity!.uuid} was not flashed (tool failed): The tool ended with 2: A fatal error occurred: Failed to connect`);
  expect(await isFlashed(identity!.uuid)).toBe(false);
});

describe('what is wrong before anything begins', () => {
  test.each<[what: string, args: (esptool: StandInEsptool) => string[], exit: number, message: string]>([
    ['no port', () => [], 2, '--port PORT or --stations FILE'],
    ['no tool', () => ['--port', 'x', '--tool', '/nowhere/esptool'], 3, 'There is no program /nowhere/esptool.'],
    ['no stations file', () => ['--stations', 'none.json'], 3, 'there is no file none.json'],
    ['a stations file of another shape', () => ['--stations', stationsFile([{ port: 'x', name: 'bench' }])], 2, '/0'],
    ['a station twice', () => ['--stations', stationsFile([{ port: 'x', station: 'a' }, { port: 'y', station: 'a' }])], 2, 'The station a is there twice.'],
    ['no place for the keys', () => ['--port', 'x', '--encrypt'], 2, 'Give --keys-offset'],
    ['an offset in a sector', () => ['--stations', stationsFile([{ port: 'x', station: 'a', offset: '0x9001' }])], 2, '"0x9001" is not an address'],
    ['an operator that is none', () => ['--port', 'x', '--operator', ''], 2, 'A name of an operator has'],
    ['a step that takes longer than a claim', () => ['--port', 'x', '--step-timeout', '3m'], 2, '--step-timeout: at most 2m'],
    ['a port that is an option', () => ['--stations', stationsFile([{ port: '@args', station: 'a' }])], 2, '/0/port'],
  ])('%s', async (_what, args, exit, message) => {
    const [identity] = await devices(1);
    const esptool = newBench();
    const ran = await site.cli.run(flash(esptool, '--uuid', identity!.uuid, ...args(esptool)));
    expect(ran.stderr).toContain(message);
    expect(ran.code).toBe(exit);
  });

  test('a device that is not there, or not to be flashed, has its own code', async () => {
    const esptool = newBench();
    const at = ['--port', esptool.port('ttyUSB0'), '--uuid'];
    expect((await site.cli.run(flash(esptool, ...at, randomUUID()))).code).toBe(3);
    const [identity] = await devices(1);
    await site.json('device', 'revoke', identity!.uuid, '--yes');
    expect((await site.cli.run(flash(esptool, ...at, identity!.uuid))).code).toBe(4);
  });
});

test('killed in the middle and run again: all are flashed, each into one board, and nothing secret is left', { timeout: 60_000 }, async () => {
  const esptool = newBench();
  const stations = ['ttyUSB0', 'ttyUSB1'].map((name) => ({ port: esptool.port(name), station: name }));
  const identities = await devices(6);
  const args = flash(esptool, '--stations', stationsFile(stations), '--from', list(identities), '--json');
  // One amid writing, one that is written and not read back yet.
  esptool.fault(stations[0]!.port, { command: 'write', kind: 'wait' });
  esptool.fault(stations[1]!.port, { command: 'read', kind: 'wait' });
  const running = site.cli.start(args);
  await expect.poll(() => stations.map(({ port }) => esptool.runs(port).length), { timeout: 10_000 }).toEqual([1, 2]);
  running.kill('SIGKILL');
  const before = outcomesOf(await running.ended);
  expect(leftFiles()).toHaveLength(1);
  for (const { port } of stations) {
    esptool.fault(port);
    esptool.go(port);
  }
  await expect.poll(() => stations.some(({ port }) => esptool.isBusy(port)), { timeout: 10_000 }).toBe(false);
  const held = uuidOn(esptool, stations[1]!.port);
  const ran = await site.cli.run(args);
  expect(ran.code, ran.stderr).toBe(0);
  const after = outcomesOf(ran);
  expect([...before, ...after].filter(({ result }) => result === 'ok').map(({ uuid }) => uuid).sort()).toEqual(identities.map(({ uuid }) => uuid).sort());
  // It was found in the board that it was written into, and not written again.
  expect(after.find(({ uuid }) => uuid === held)).toMatchObject({ station: 'ttyUSB1', result: 'ok' });
  expect(esptool.runs(stations[1]!.port)[2]).toContain('read-flash');
  expect(leftFiles()).toEqual([]);
});

test('Ctrl-C ends the tool, gives the device back, and removes the files', async () => {
  const esptool = newBench();
  const port = esptool.port('ttyUSB0');
  const [identity] = await devices(1);
  esptool.fault(port, { command: 'write', kind: 'hang', times: 1 });
  const running = site.cli.start(flash(esptool, '--port', port, '--uuid', identity!.uuid, '--station', 'one', '--json'));
  await expect.poll(() => esptool.runs(port).length, { timeout: 10_000 }).toBe(1);
  running.kill('SIGINT');
  const ran = await running.ended;
  expect(ran.code).toBe(130);
  expect(outcomesOf(ran)).toMatchObject([{ result: 'interrupted', recorded: true }]);
  expect(leftFiles()).toEqual([]);
  expect(esptool.isBusy(port)).toBe(false);
  const elsewhere = await site.cli.run(flash(esptool, '--port', port, '--uuid', identity!.uuid, '--station', 'another', '--json'));
  expect(elsewhere.code, elsewhere.stderr).toBe(0);
});

test('at a terminal each station has its line, and waits for Enter between boards', async () => {
  const esptool = newBench();
  const stations = ['bench-1', 'bench-2'].map((station) => ({ port: esptool.port(station), station }));
  const identities = await devices(4);
  const terminal = atTerminal(site.cli, flash(esptool, '--stations', stationsFile(stations), '--from', list(identities)));
  await terminal.shows('put the next board in and press Enter');
  expect(stations.flatMap(({ port }) => esptool.runs(port)).filter((run) => run.includes('write-flash'))).toHaveLength(2);
  terminal.type('\r');
  await terminal.shows('put the next board in and press Enter');
  terminal.type('\r');
  expect(await terminal.code).toBe(0);
  expect(terminal.screen()).toMatch(/bench-1 {2}1 flashed/);
  for (const { uuid } of identities) {
    expect(terminal.screen()).toMatch(new RegExp(`bench-[12]  ${uuid}  ok`));
  }
});

test('a server that is lost between the board and the record gets to know when it is back', { timeout: 60_000 }, async () => {
  const first = site.cli.start(['server', 'start', '--listen', '127.0.0.1:0', '--json']);
  const url = await first.line((line) => (JSON.parse(line) as { url: string }).url);
  const { code } = await site.json('server', 'enroll-code', 'create', '--role', 'factory');
  await site.cli.json(['profile', 'add', 'line', '--server', url, '--enroll-code-file', '-'], { input: code as string });
  await site.cli.json(['profile', 'use', 'local']);
  const esptool = newBench();
  const board = esptool.port('ttyUSB0');
  const [identity] = await devices(1);
  const args = flash(esptool, '--port', board, '--uuid', identity!.uuid, '--profile', 'line', '--json');
  esptool.fault(board, { command: 'read', kind: 'wait', times: 1 });
  const running = site.cli.start(args);
  await expect.poll(() => esptool.runs(board).length, { timeout: 10_000 }).toBe(2);
  first.kill('SIGKILL');
  await first.ended;
  esptool.go(board);
  await expect.poll(running.errors, { timeout: 20_000 }).toContain('The registry cannot be reached');
  const second = site.cli.start(['server', 'start', '--listen', new URL(url).host, '--json']);
  await second.line((line) => line);
  const ran = await running.ended;
  expect([ran.code, outcomesOf(ran)], ran.stderr).toMatchObject([0, [{ result: 'ok', recorded: true }]]);
  second.kill('SIGTERM');
  await second.ended;
  expect(await isFlashed(identity!.uuid)).toBe(true);
  const away = await site.cli.run(args);
  expect([away.code, away.stdout]).toEqual([6, '']);
  expect(esptool.runs(board)).toHaveLength(2);
});
