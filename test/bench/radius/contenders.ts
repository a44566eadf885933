import { constants, copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeHome } from '../../program.ts';
import { serverCore } from '../cores.ts';
import { startLatchkey } from '../latchkey-process.ts';
import type { WindowOptions } from '../load-window.ts';
import { freeUdpPort, sharedSecret, startFreeRadius } from '../peers/freeradius.ts';
import type { Contender } from '../rounds.ts';
import { benchSsid } from './bench-station.ts';
import { stationDatabase, stationSites } from './freeradius-sites.ts';
import type { RadiusLoadOptions } from './load.ts';
import { cachedAgent } from './seeded-agent.ts';

export const accessPoints = 64;

const load = new URL('load.ts', import.meta.url);
/** What a registry calls its own access point. */
const apId = 'ap_local';

function asked(port: number, grants: number): Omit<RadiusLoadOptions, keyof WindowOptions> {
  return { port, grants, accessPoints };
}

/** `latchkey ap radius` on a copy of the seeded store, with all that it does by default. */
export async function latchkeyAgent(grants: number, cache: string): Promise<Contender> {
  const seeded = await cachedAgent(cache, apId, grants);
  const home = await makeHome();
  const state = join(home.folder, 'state');
  mkdirSync(state);
  copyFileSync(seeded.file, join(state, `agent-${apId}.db`), constants.COPYFILE_FICLONE);
  const [port, accountingPort] = [await freeUdpPort(), await freeUdpPort()];
  const server = startLatchkey(serverCore, [
    'ap', 'radius', '--ssid', benchSsid, '--onboarding-ssid', 'setup', '--nas', 'bench=127.0.0.1',
    '--listen', `127.0.0.1:${port}`, '--accounting-listen', `127.0.0.1:${accountingPort}`,
    '--device-address', '127.0.0.1', '--port', '0', '--secure-port', '0',
  ], {
    ...home.env,
    LATCHKEY_STATE_HOME: state,
    LATCHKEY_DATABASE: `sqlite:${join(home.folder, 'registry.db')}`,
    LATCHKEY_KEY_FILE: seeded.keyFile,
    LATCHKEY_RADIUS_SECRET_BENCH: sharedSecret,
  });
  await server.message();
  const stop = async () => {
    await server.stop();
    await home.remove();
  };
  return { name: 'latchkey', server, load, asked: asked(port, grants), cpuBound: true, stop };
}

export async function freeRadius(site: keyof typeof stationSites, grants: number, cache: string, folder: string): Promise<Contender> {
  const database = stationDatabase(cache, grants);
  const { server, port } = await startFreeRadius(stationSites[site], join(folder, site.replaceAll(' ', '-')), database);
  return { name: `FreeRADIUS, ${site}`, server, load, asked: asked(port, grants), cpuBound: true, stop: () => server.stop() };
}
