import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { FactoryService } from '../../src/roles/factory/service.ts';
import { startPostgres } from '../postgres.ts';
import { LongRunning, makeHome, program, run, type Home } from '../program.ts';
import { requires } from '../requirements.ts';
import { Registry } from './registry.ts';

/** Of two files the middle third is in both. */
const third = 12_000;

interface Row {
  readonly uuid: string;
  readonly passTmp: string;
}

interface Outcome {
  readonly registered: number;
  readonly known: number;
  readonly rejected: number;
}

let home: Home;
beforeEach(async () => {
  home = await makeHome();
});
afterEach(() => home.remove());

const rowsOf = (count: number): Row[] => Array.from({ length: count }, () => ({ uuid: randomUUID(), passTmp: randomUUID().replaceAll('-', '') }));

function inputOf(name: string, rows: readonly Row[]): string {
  const path = join(home.folder, name);
  writeFileSync(path, `uuid,ssid,pass_tmp\n${rows.map(({ uuid, passTmp }) => `${uuid},setup,${passTmp}\n`).join('')}`);
  return path;
}

const readLines = <T>(path: string): T[] => readFileSync(path, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as T);

/** Runs a station of that name. */
async function station(name: string, from: string, env: Record<string, string>, ...flags: string[]) {
  const [out, rejects] = [join(home.folder, `${name}.ndjson`), join(home.folder, `${name}.rejects`)];
  const ended = await run(['device', 'register', '--from', from, '--out', out, '--rejects', rejects, '--json', ...flags], env);
  return { ...ended, outcome: JSON.parse(ended.stdout || 'null') as Outcome, written: () => readLines<{ uuid: string; pass_tmp: string }>(out), rejects: () => readLines<{ line: number; code: string }>(rejects) };
}

/** What the registry has of these, and that it is all that it has. */
async function expectRegistered(url: string, rows: readonly Row[]): Promise<void> {
  const registry = await Registry.open(url, home.key);
  try {
    for (let from = 0; from < rows.length; from += 1000) {
      const part = rows.slice(from, from + 1000);
      const found = await registry.store.devices.identities(part.map(({ uuid }) => uuid));
      expect(new Map(found.map(({ device, passTmp }) => [device.uuid, `${device.state} ${passTmp}`]))).toEqual(
        new Map(part.map(({ uuid, passTmp }) => [uuid, `registered ${passTmp}`])));
    }
    const { items } = await registry.store.audit.list({ action: 'device.registered' }, { limit: 1000 });
    // Each is in one chunk; one that two stations met at the same time may have been registered by itself before its chunk was.
    expect(items.reduce((sum, { detail }) => sum + Number(detail['count'] ?? 0), 0)).toBe(rows.length);
  } finally {
    await registry.close();
  }
}

async function expectTwoStations(url: string, env: Record<string, string>, ...flags: string[]): Promise<void> {
  const [left, both, right] = [rowsOf(third), rowsOf(third), rowsOf(third)];
  // In the second file some of those that are in both have another pass_tmp: whoever comes first has it.
  const other = both.map((row, index) => (index % 1000 === 7 ? { ...row, passTmp: randomUUID().replaceAll('-', '') } : row));
  const files = [inputOf('a.csv', [...left, ...both]), inputOf('b.csv', [...other.toReversed(), ...right])] as const;
  const [a, b] = await Promise.all([station('a', files[0], env, ...flags), station('b', files[1], env, ...flags)]);
  const conflicts = third / 1000;
  expect([a.exit, b.exit].every((exit) => exit === 0 || exit === 9), `${a.stderr}${b.stderr}`).toBe(true);
  expect(a.outcome.rejected + b.outcome.rejected).toBe(conflicts);
  expect(a.outcome.registered + b.outcome.registered).toBe(3 * third);
  expect(a.outcome.known + b.outcome.known).toBe(third - conflicts);
  expect([...a.rejects(), ...b.rejects()].every(({ code }) => code === 'device_conflict')).toBe(true);
  const all = new Map<string, string>();
  for (const { uuid, pass_tmp: passTmp } of [...a.written(), ...b.written()]) {
    expect(all.get(uuid) ?? passTmp).toBe(passTmp);
    all.set(uuid, passTmp);
  }
  expect(all.size).toBe(3 * third);
  await expectRegistered(url, [...all].map(([uuid, passTmp]) => ({ uuid, passTmp })));
}

describe('two stations that register overlapping files at once have each device once', { timeout: 120_000 }, () => {
  test('in one SQLite database', async () => {
    const url = `sqlite:${join(home.folder, 'registry.db')}`;
    await expectTwoStations(url, { ...home.env, LATCHKEY_DATABASE: url });
  });

  test('at a server', async () => {
    const { url, token, server } = await startServer();
    await expectTwoStations(url, { ...home.env, LATCHKEY_TOKEN: token }, '--server', String(server.ready['url']));
  });
});

requires('postgresql')('two stations at one PostgreSQL', () => {
  test('that register overlapping files at once have each device once', { timeout: 120_000 }, async () => {
    const postgres = await startPostgres({ durable: false });
    onTestFinished(() => postgres.stop());
    const { url } = await postgres.createDatabase();
    await expectTwoStations(url, { ...home.env, LATCHKEY_DATABASE: url });
  });
});

test('a station that registers what another had only reserved does so to the end, also if it is killed', { timeout: 60_000 }, async () => {
  const url = `sqlite:${join(home.folder, 'registry.db')}`;
  const env = { ...home.env, LATCHKEY_DATABASE: url };
  const rows = rowsOf(400);
  const registry = await Registry.open(url, home.key);
  onTestFinished(() => registry.close());
  const identities = rows.map(({ uuid, passTmp }) => ({ uuid, passTmp, ssid: 'setup', model: undefined, batch: undefined, label: undefined, mac: undefined, weak: false, made: false }));
  await new FactoryService(registry.context({ kind: 'local' })).reserveChunk({ run: 7, number: 1 }, identities);
  const registered = async () =>
    (await registry.store.devices.identities(rows.map(({ uuid }) => uuid))).filter(({ device }) => device.state === 'registered').length;

  const from = inputOf('a.csv', rows);
  const out = join(home.folder, 'a.ndjson');
  const child = spawn(process.execPath, [program, 'device', 'register', '--from', from, '--out', out], { env, stdio: 'ignore' });
  const gone = once(child, 'close');
  await expect.poll(registered, { interval: 5, timeout: 20_000 }).toBeGreaterThan(3);
  child.kill('SIGKILL');
  await gone;
  expect(await registered()).toBeLessThan(rows.length);
  const { exit, stdout, stderr } = await run(['device', 'register', '--from', from, '--out', out, '--resume', '--json'], env);
  expect(exit, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ registered: 0, known: rows.length, rejected: 0 });
  expect(await registered()).toBe(rows.length);
  expect(readLines<{ uuid: string }>(out).map(({ uuid }) => uuid)).toEqual(rows.map(({ uuid }) => uuid));
});

describe('a bulk run to a server loses nothing', { timeout: 120_000 }, () => {
  test('when its connection is cut again and again', async () => {
    const { url, token, server } = await startServer();
    const rows = rowsOf(2 * third);
    const cuts = await startCutting(Number(new URL(String(server.ready['url'])).port));
    onTestFinished(() => cuts.close());
    const { exit, stderr, outcome, written } = await station('a', inputOf('a.csv', rows), { ...home.env, LATCHKEY_TOKEN: token }, '--server', cuts.url);
    expect({ exit, stderr: exit === 0 ? '' : stderr }).toEqual({ exit: 0, stderr: '' });
    expect(cuts.requestsCut).toBeGreaterThan(3);
    expect(cuts.repliesCut).toBeGreaterThan(3);
    expect(outcome).toMatchObject({ registered: rows.length, known: 0, rejected: 0 });
    expect(written().map(({ uuid, pass_tmp: passTmp }) => ({ uuid, passTmp }))).toEqual(rows);
    await expectRegistered(url, rows);
  });

  test('when the server is killed and comes back', async () => {
    const { url, token, server } = await startServer();
    const rows = rowsOf(2 * third);
    const address = new URL(String(server.ready['url'])).host;
    const out = join(home.folder, 'a.ndjson');
    const args = ['device', 'register', '--from', inputOf('a.csv', rows), '--out', out, '--server', String(server.ready['url'])];
    const child = spawn(process.execPath, [program, ...args], { env: { ...home.env, LATCHKEY_TOKEN: token }, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const gone = once(child, 'close');
    const registry = await Registry.open(url, home.key);
    onTestFinished(() => registry.close());
    await expect.poll(async () => (await registry.store.audit.list({ action: 'device.reserved' }, { limit: 1000 })).items.length, { timeout: 30_000, interval: 5 }).toBeGreaterThan(4);
    await server.end('SIGKILL');
    // The client has seen that it is away before it is there again.
    await expect.poll(() => stderr, { timeout: 30_000 }).toContain('Waiting for it.');
    await startServer(address);
    expect(await gone, stderr).toEqual([0, null]);
    await expectRegistered(url, rows);
    expect(readLines<{ uuid: string }>(out).map(({ uuid }) => uuid)).toEqual(rows.map(({ uuid }) => uuid));
  });
});

async function startServer(listen = '127.0.0.1:0'): Promise<{ url: string; token: string; server: LongRunning }> {
  const url = `sqlite:${join(home.folder, 'registry.db')}`;
  const registry = await Registry.open(url, home.key);
  const { secret } = await registry.token('factory', `station ${randomUUID()}`);
  await registry.close();
  const server = await LongRunning.start(['server', 'start', '--listen', listen, '--database', url], home.env);
  onTestFinished(() => server.end());
  return { url, token: secret, server };
}

/** A network before the server that cuts connections: of any two, one in a request and one in the reply to one that was taken. */
async function startCutting(port: number) {
  const sockets = new Set<Socket>();
  const cut = { requestsCut: 0, repliesCut: 0 };
  let kinds: ('request' | 'reply')[] = [];
  const network: Server = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    const both = [client, server];
    both.forEach((socket) => sockets.add(socket.on('error', () => {})));
    const end = () => both.forEach((socket) => sockets.delete(socket.destroy()));
    both.forEach((socket) => socket.once('close', end));
    // Each connection is cut in its first requests. By chance, not in turn: two requests under way at once would each meet the same kind for ever.
    if (kinds.length === 0) kinds = randomInt(2) === 0 ? ['request', 'reply'] : ['reply', 'request'];
    let [requestBytes, replyBytes] = kinds.pop() === 'request' ? [randomInt(200_000), Infinity] : [Infinity, randomInt(500)];
    client.on('data', (data: Buffer) => {
      requestBytes -= data.length;
      if (requestBytes > 0) return server.write(data);
      cut.requestsCut += 1;
      // A part of it arrives.
      return server.write(data.subarray(0, data.length / 2), end);
    });
    server.on('data', (data: Buffer) => {
      replyBytes -= data.length;
      if (replyBytes > 0) return client.write(data);
      cut.repliesCut += 1;
      return end();
    });
  });
  network.listen(0, '127.0.0.1');
  await once(network, 'listening');
  const { port: own } = network.address() as { port: number };
  return {
    url: `http://127.0.0.1:${own}`,
    get requestsCut() {
      return cut.requestsCut;
    },
    get repliesCut() {
      return cut.repliesCut;
    },
    async close() {
      sockets.forEach((socket) => socket.destroy());
      network.close();
      await once(network, 'close');
    },
  };
}
