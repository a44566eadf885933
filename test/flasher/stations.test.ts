import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { FactoryService } from '../../src/roles/factory/service.ts';
import type { ImagePart } from '../../src/roles/flashing/board.ts';
import { FlashFailure, type Flasher } from '../../src/roles/flashing/flasher.ts';
import type { FlashingRole } from '../../src/roles/flashing/ports.ts';
import { FlashingService } from '../../src/roles/flashing/service.ts';
import { flashAtStations, type DeviceOutcome, type Station, type StationsRun } from '../../src/roles/flashing/stations.ts';
import type { Store } from '../../src/roles/store.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { TestClock } from '../contract/roles.harness.ts';
import { systemRandom } from '../server/running-server.ts';
import { testSealer } from '../storage/sealer.ts';

const size = 128;

function imageOf(uuid: string): Buffer {
  return Buffer.alloc(size, 0xff).fill(uuid, 0, uuid.length);
}

function uuidIn([part]: readonly ImagePart[]): string {
  const uuid = Buffer.from(part!.bytes).toString('latin1', 0, 36);
  if (!/^[0-9a-f-]{36}$/.test(uuid)) {
    throw new LatchkeyError('invalid_input', 'This is no image.');
  }
  return uuid;
}

/** Boards by port, and what goes wrong there. */
class Bench implements Flasher {
  readonly boards = new Map<string, Buffer>();
  readonly writes: string[] = [];
  fault: (port: string, step: 'write' | 'read') => void = () => {};
  spoil: (port: string, bytes: Buffer) => Buffer = (_port, bytes) => bytes;
  missing = new Set<string>();

  async requirePort({ path }: { path: string }) {
    if (this.missing.has(path)) {
      throw new FlashFailure('port_missing', `There is no port ${path}.`);
    }
  }

  async write({ path }: { path: string }, [region]: readonly { bytes: Uint8Array }[]) {
    this.writes.push(path);
    this.fault(path, 'write');
    this.boards.set(path, Buffer.from(region!.bytes));
  }

  async read({ path }: { path: string }, { length }: { length: number }) {
    this.fault(path, 'read');
    return this.spoil(path, Buffer.from(this.boards.get(path) ?? Buffer.alloc(length, 0xff)));
  }
}

let store: Store;
let factory: FactoryService;
let flashing: FlashingRole;
let bench: Bench;

beforeEach(async () => {
  store = await openMemoryStore(testSealer());
  const context = { store, clock: new TestClock(), random: systemRandom, actor: { kind: 'local' } as const };
  [factory, flashing, bench] = [new FactoryService(context), new FlashingService(context), new Bench()];
});
afterEach(() => store.close());

function station(name: string): Station {
  return { name, port: { path: name }, offsets: { nvs: 0x9000 } };
}

async function devices(count: number): Promise<string[]> {
  const uuids: string[] = [];
  for (let made = 0; made < count; made += 1) {
    const { device } = await factory.reserve({ ssid: 'setup' });
    await factory.confirm(device.uuid);
    uuids.push(device.uuid);
  }
  return uuids;
}

async function run(uuids: readonly string[], names: readonly string[], more: Partial<StationsRun> = {}) {
  const outcomes: DeviceOutcome[] = [];
  const pauses: number[] = [];
  const summary = await flashAtStations({
    stations: names.map(station),
    devices: (async function* () {
      yield uuids.map((uuid) => ({ uuid, flashedAt: undefined, parts: [{ name: 'nvs', bytes: imageOf(uuid) }] }));
    })(),
    flashing,
    flasher: bench,
    uuidIn,
    operator: 'mia',
    again: false,
    retries: 0,
    nextBoard: undefined,
    onStep: () => {},
    onOutcome: async (outcome) => void outcomes.push(outcome),
    onStopped: async () => {},
    pause: async (ms) => void pauses.push(ms),
    signal: new AbortController().signal,
    ...more,
  });
  return { summary, outcomes, pauses, results: outcomes.map(({ uuid, station: { name }, result }) => [uuid, name, result]) };
}

async function flashed(...uuids: readonly string[]): Promise<boolean[]> {
  return Promise.all(uuids.map(async (uuid) => (await factory.show(uuid)).flashedAt !== undefined));
}

/** The registry as a station sees it; what `away` says yes to does not get there, or its answer not back. */
function behind(away: (call: string, after: boolean) => boolean): FlashingRole {
  const through = <T>(call: string, work: () => Promise<T>) => async () => {
    const lost = () => new LatchkeyError('remote_unreachable', 'It cannot be reached.');
    if (away(call, false)) throw lost();
    const reply = await work();
    if (away(call, true)) throw lost();
    return reply;
  };
  return {
    begin: (...all) => through('begin', () => flashing.begin(...all))(),
    end: (...all) => through('end', () => flashing.end(...all))(),
    open: (...all) => through('open', () => flashing.open(...all))(),
  };
}

test('stations share the devices, and each is put into one board', async () => {
  const uuids = await devices(20);
  const { summary, outcomes } = await run(uuids, ['s1', 's2', 's3']);
  expect(summary).toEqual({ flashed: 20, alreadyFlashed: 0, refused: 0, refusal: undefined, failed: [], unrecorded: [], stopped: [], left: false });
  expect(outcomes.map(({ uuid }) => uuid).sort()).toEqual([...uuids].sort());
  expect(bench.writes).toHaveLength(20);
  expect(new Set(await flashed(...uuids))).toEqual(new Set([true]));
});

test('a station that fails stops, and its identity goes to another', async () => {
  const uuids = await devices(3);
  bench.fault = (port, step) => {
    if (port === 's1' && step === 'write') throw new FlashFailure('tool_failed', 'The tool ended with 2.');
  };
  const { summary, outcomes } = await run(uuids, ['s1', 's2']);
  expect(summary).toMatchObject({ flashed: 3, failed: [], stopped: [{ station: { name: 's1' } }], left: false });
  const failed = outcomes.filter(({ result }) => result !== 'ok');
  expect(failed).toMatchObject([{ result: 'tool_failed', detail: 'The tool ended with 2.', station: { name: 's1' }, recorded: true }]);
  expect(outcomes.filter(({ uuid, result }) => uuid === failed[0]!.uuid && result === 'ok')).toHaveLength(1);
});

test('a station tries again as often as it may, with the same identity', async () => {
  const [first, second] = await devices(2);
  let faults = 2;
  bench.fault = (_port, step) => {
    if (step === 'read' && faults-- > 0) throw new FlashFailure('short_read', '1 of 2 bytes were read back.');
  };
  const { results, summary } = await run([first!, second!], ['s1'], { retries: 2 });
  expect(results).toEqual([[first, 's1', 'short_read'], [first, 's1', 'short_read'], [first, 's1', 'ok'], [second, 's1', 'ok']]);
  expect(summary.failed).toEqual([]);
});

test('when all stations have stopped, what failed and what is left is told', async () => {
  const uuids = await devices(3);
  bench.missing.add('s1');
  const { summary } = await run(uuids, ['s1']);
  expect(summary).toMatchObject({ flashed: 0, failed: [{ uuid: uuids[0], result: 'port_missing', recorded: undefined }], left: true });
  expect(bench.writes).toEqual([]);
  expect(await flashing.open('s1')).toEqual([]);
});

describe('what is read back', () => {
  test.each<[name: string, spoil: (bytes: Buffer) => Buffer, result: string, detail: RegExp]>([
    ['is another device', () => imageOf('00000000-0000-4000-8000-000000000000'), 'mismatch', /^The board holds another device, 00000000-/],
    ['differs in a byte', (bytes) => Buffer.from(bytes.fill(0, 100, 101)), 'mismatch', /^1 of 128 bytes of nvs were read back otherwise, from 0x64 on\.$/],
    ['is nothing', (bytes) => bytes.fill(0xff), 'garbled', /^36 of 128 bytes of nvs/],
  ])('%s: the device is not flashed', async (_name, spoil, result, detail) => {
    const [uuid] = await devices(1);
    bench.spoil = (_port, bytes) => spoil(bytes);
    const { outcomes } = await run([uuid!], ['s1']);
    expect(outcomes).toMatchObject([{ result, detail: expect.stringMatching(detail) as string }]);
    expect(await flashed(uuid!)).toEqual([false]);
  });
});

test('without the registry nothing is flashed', async () => {
  const uuids = await devices(2);
  const { summary, outcomes, pauses } = await run(uuids, ['s1'], { flashing: behind((call) => call === 'begin') });
  expect(outcomes).toEqual([]);
  expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 15_000]);
  expect(summary).toMatchObject({ flashed: 0, failed: [], left: true, stopped: [{ error: { code: 'remote_unreachable' } }] });
  expect(bench.writes).toEqual([]);
});

test('a registry that is back in time gets to know what happened without it', async () => {
  const uuids = await devices(2);
  let losses = 3;
  const { summary } = await run(uuids, ['s1'], { flashing: behind((call) => call === 'end' && losses-- > 0) });
  expect(summary).toMatchObject({ flashed: 2, unrecorded: [], stopped: [] });
  expect(bench.writes).toHaveLength(2);
});

test('an answer that was lost is no second flashing', async () => {
  const [uuid] = await devices(1);
  let losses = 1;
  const { summary } = await run([uuid!], ['s1'], { flashing: behind((call, after) => call === 'end' && after && losses-- > 0) });
  expect(summary).toMatchObject({ flashed: 1, failed: [] });
});

test('what could not be recorded is told; run again, its board is found to hold it already, and only its station looks', async () => {
  const [first, second] = await devices(2);
  const lost = await run([first!], ['s2'], { flashing: behind((call) => call === 'end') });
  expect(lost.summary).toMatchObject({ flashed: 0, unrecorded: [{ uuid: first, result: 'ok', recorded: false }], stopped: [{ station: { name: 's2' } }] });
  expect(await flashed(first!)).toEqual([false]);
  const again = await run([first!, second!], ['s1', 's2']);
  expect(again.summary).toMatchObject({ flashed: 2, failed: [] });
  expect(again.results).toContainEqual([first, 's2', 'ok']);
  expect(bench.writes).toEqual(['s2', 's1']);
});

test('run again with another board in its place, the identity is put into that', async () => {
  const [uuid] = await devices(1);
  await run([uuid!], ['s1'], { flashing: behind((call) => call === 'end') });
  bench.boards.delete('s1');
  const { summary } = await run([uuid!], ['s1']);
  expect(summary.flashed).toBe(1);
  expect(bench.writes).toEqual(['s1', 's1']);
});

test('a device that was taken over meanwhile counts where it was taken to', async () => {
  const [uuid] = await devices(1);
  bench.fault = (_port, step) => {
    if (step === 'write') void flashing.begin(uuid!, { station: 's1', operator: 'noor' });
  };
  const { outcomes } = await run([uuid!], ['s1']);
  expect(outcomes).toMatchObject([{ result: 'abandoned', detail: expect.stringContaining('is over') as string }]);
  expect(await flashed(uuid!)).toEqual([false]);
});

test('what is flashed already or may not be flashed takes no board and stops nobody', async () => {
  const [first, second, third, fourth] = await devices(4);
  await run([first!], ['s1']);
  await factory.revoke(second!);
  const waits: string[] = [];
  const { results, summary } = await run([first!, second!, randomUUID(), third!, first!, fourth!], ['s1'], { nextBoard: async ({ name }) => void waits.push(name) });
  expect(results.map(([, , result]) => result)).toEqual(['already_flashed', 'refused', 'refused', 'ok', 'already_flashed', 'ok']);
  expect(summary).toMatchObject({ flashed: 2, alreadyFlashed: 2, refused: 2, refusal: { code: 'device_revoked' }, left: false });
  expect(waits).toEqual(['s1']);
  expect((await run([first!, first!], ['s1'], { again: true })).results).toEqual([[first, 's1', 'ok'], [first, 's1', 'already_flashed']]);
});

test('an interruption gives back what was claimed', async () => {
  const uuids = await devices(3);
  const stop = new AbortController();
  bench.fault = (port, step) => {
    if (port === 's2' && step === 'read') {
      stop.abort();
      throw new FlashFailure('interrupted', 'It was interrupted.');
    }
  };
  const { summary } = await run(uuids, ['s2'], { signal: stop.signal });
  expect(summary.failed).toMatchObject([{ uuid: uuids[0], result: 'interrupted', recorded: true }]);
  expect(await flashing.open('s2')).toEqual([]);
});

test('what nobody foresaw ends all stations, once they have given back what they had', async () => {
  const uuids = await devices(4);
  bench.read = async ({ path }, _region) => {
    if (path === 's1') throw new TypeError('a bug');
    await sleep(10);
    throw new FlashFailure('interrupted', 'It was interrupted.');
  };
  await expect(run(uuids, ['s1', 's2'])).rejects.toThrow('a bug');
  expect(await flashing.open('s2')).toEqual([]);
});
