import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startPostgres } from '../../postgres.ts';
import { makeHome } from '../../program.ts';
import { loadCore, serverCore } from '../cores.ts';
import { startLatchkey } from '../latchkey-process.ts';
import type { WindowOptions } from '../load-window.ts';
import { papSites, radiusDatabase, startFreeRadius } from '../peers/freeradius.ts';
import { PinnedProcess } from '../pinned-process.ts';
import type { Contender } from '../rounds.ts';
import { seedRegistry, type CachedRegistry, type SeededRegistry } from '../seeded-registry.ts';
import type { LoadOptions } from './load.ts';

/** One request at a time on each. */
export const connections = 64;

type Asked = Omit<LoadOptions, keyof WindowOptions>;

const load = new URL('load.ts', import.meta.url);

function asked(port: number, devices: number, { apToken, apId }: SeededRegistry, staysAwake: boolean): Asked {
  return { port, devices, connections, token: apToken, apId, staysAwake };
}

/** What a verification costs at least; it reads the seeded file itself, and writes nothing. */
export async function bareServer(registry: CachedRegistry): Promise<Contender> {
  const { file: database, keyFile, apId, devices } = registry;
  const server = PinnedProcess.ofBench(serverCore, new URL('bare-server.ts', import.meta.url), { database, keyFile, apId });
  const { port } = await server.message<{ port: number }>();
  return { name: 'bare', server, load, asked: asked(port, devices, registry, true), cpuBound: true, stop: () => server.stop() };
}

/** `latchkey server start` on a copy of the registry, with all that it does by default. */
export async function latchkeyServer(name: string, registry: CachedRegistry, folder: string): Promise<Contender> {
  const file = join(folder, `${name}.db`);
  copyFileSync(registry.file, file);
  return startServer(name, `sqlite:${file}`, registry, registry.devices, true);
}

/** The same over a PostgreSQL server that shares the load's core. */
export async function latchkeyOnPostgres(name: string, devices: number, folder: string): Promise<Contender> {
  const postgres = await startPostgres({ durable: true });
  const [postmaster] = readFileSync(join(postgres.socketFolder, 'data', 'postmaster.pid'), 'utf8').split('\n');
  execFileSync('taskset', ['-a', '-cp', String(loadCore), String(postmaster)], { stdio: 'ignore' });
  const registry = await seedRegistry(postgres.url, join(folder, 'postgres.key'), devices);
  const contender = await startServer(name, postgres.url, registry, devices, false);
  const stop = async () => {
    await contender.stop();
    await postgres.stop();
  };
  return { ...contender, stop };
}

async function startServer(
  name: string,
  database: string,
  registry: SeededRegistry,
  devices: number,
  cpuBound: boolean,
): Promise<Contender> {
  const home = await makeHome();
  const args = ['server', 'start', '--database', database, '--listen', '127.0.0.1:0', '--rate-limit', '0'];
  const server = startLatchkey(serverCore, args, { ...home.env, LATCHKEY_KEY_FILE: registry.keyFile });
  const { url } = await server.message<{ url: string }>();
  const stop = async () => {
    await server.stop();
    await home.remove();
  };
  return { name, server, load, asked: asked(Number(new URL(url).port), devices, registry, cpuBound), cpuBound, stop };
}

export async function freeRadius(site: keyof typeof papSites, devices: number, cache: string, folder: string): Promise<Contender> {
  const database = radiusDatabase(cache, devices);
  const { server, port } = await startFreeRadius(papSites[site], join(folder, `radius ${site}`.replaceAll(' ', '-')), database);
  return {
    name: `FreeRADIUS, ${site}`,
    server,
    load: new URL('../peers/radius-load.ts', import.meta.url),
    asked: { port, devices, connections },
    cpuBound: true,
    stop: () => server.stop(),
  };
}
