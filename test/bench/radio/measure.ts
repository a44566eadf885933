import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock, systemRandom } from '../../../src/cli/local-registry.ts';
import { OwnerService } from '../../../src/roles/owner/service.ts';
import type { Store } from '../../../src/roles/store.ts';
import { KeyringSealer } from '../../../src/secrets/seal.ts';
import { openStore } from '../../../src/storage/open-store.ts';
import { HostapdForGrants } from '../../hostapd/hostapd-program.ts';
import { makeHome, type Home } from '../../program.ts';
import { newGrant } from '../../storage/samples.ts';
import { startLatchkey } from '../latchkey-process.ts';
import type { PinnedProcess } from '../pinned-process.ts';
import { peakMemoryMiB, usageOf } from '../process-usage.ts';
import type { Row, Section } from '../report.ts';

export interface RadioSize {
  readonly grants: number;
  readonly changes: number;
  /** How long nothing happens. */
  readonly restMs: number;
}

const apId = 'ap_local';
const settledMs = 3000;
const stations = 500;

/** What the access point's machine spends on enforcing its grants: the agent, hostapd_cli and hostapd together. */
export async function measureRadio(size: RadioSize): Promise<Section> {
  const home = await makeHome();
  try {
    const store = await seed(home, size.grants);
    try {
      const quiet = await withAgent(home, size.grants, {}, async (agent) => {
        const rest = await share(agent, size.restMs);
        return { ...(await change(agent, store, size.changes, rest)), rest, memory: peakMemoryMiB(agent.pid) };
      });
      const on = (await owner(store).grants({ state: 'active' }, { limit: stations })).items;
      const busy = await withAgent(home, size.grants - size.changes, withStations(home, on.map(({ id }) => id)), async (agent) => ({ ...(await share(agent, size.restMs)), memory: peakMemoryMiB(agent.pid) }));
      return { title: 'Radio', rows: rows(size, quiet, busy), conditions: conditions(size) };
    } finally {
      await store.close();
    }
  } finally {
    await home.remove();
  }
}

/** A registry whose access point has so many active grants. */
async function seed(home: Home, grants: number): Promise<Store> {
  const store = await openStore({ url: `sqlite:${join(home.folder, 'registry.db')}`, sealer: new KeyringSealer([home.key]) });
  await store.transaction(async (tx) => {
    await tx.accessPoints.insert({ id: apId, name: 'bench', createdAt: new Date() });
    for (let number = 1; number <= grants; number += 1) {
      await tx.grants.insert(newGrant(apId, { subject: { kind: 'device', id: randomUUID() }, revision: await tx.accessPoints.nextRevision(apId) }));
    }
  });
  return store;
}

function owner(store: Store): OwnerService {
  return new OwnerService({ store, clock: systemClock, random: systemRandom, actor: { kind: 'local' } });
}

interface Running {
  readonly pid: number;
  readonly hostapd: HostapdForGrants;
}

async function withAgent<T>(home: Home, grants: number, env: Record<string, string>, work: (running: Running) => Promise<T>): Promise<T> {
  await using hostapd = new HostapdForGrants();
  await hostapd.start();
  const args = [
    'ap', 'serve', '--radio', 'hostapd', '--hostapd-conf', hostapd.configuration, '--ssid', hostapd.ssid, '--onboarding-ssid', 'setup',
    '--listen', '127.0.0.1', '--port', '0', '--secure-port', '0',
  ];
  const agent: PinnedProcess = startLatchkey(0, args, { ...home.env, LATCHKEY_DATABASE: `sqlite:${join(home.folder, 'registry.db')}`, ...env });
  try {
    await agent.message();
    while (lines(hostapd.pskFile) < grants) {
      await sleep(100);
    }
    await sleep(settledMs);
    return await work({ pid: agent.pid, hostapd });
  } finally {
    await agent.stop();
  }
}

/** An environment in which hostapd_cli tells of stations by these grants. */
function withStations(home: Home, keyIds: readonly string[]): Record<string, string> {
  const folder = join(home.folder, 'bin');
  mkdirSync(folder);
  const list = join(folder, 'keyids');
  writeFileSync(list, `${keyIds.join('\n')}\n`);
  const program = join(folder, 'hostapd_cli');
  const standIn = new URL('stand-in-hostapd-cli.ts', import.meta.url).pathname;
  writeFileSync(program, `#!/bin/sh\nexec ${process.execPath} ${standIn} ${list}\n`);
  chmodSync(program, 0o700);
  return { PATH: `${folder}${delimiter}${home.env['PATH'] ?? ''}` };
}

function lines(file: string): number {
  return readFileSync(file, 'utf8').split('\nkeyid=').length - 1;
}

/** The agent, its hostapd_cli, and hostapd: CPU time so far, in ms. */
function cpu({ pid, hostapd }: Running): { readonly agent: number; readonly all: number } {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === pid).map(Number);
  const agent = usageOf(pid).cpuMs;
  return { agent, all: [hostapd.pid, ...children].reduce((sum, each) => sum + usageOf(each).cpuMs, agent) };
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

interface Share {
  readonly agent: number;
  readonly all: number;
}

/** How much of a core they have while nothing happens. */
async function share(running: Running, ms: number): Promise<Share> {
  const before = cpu(running);
  await sleep(ms);
  const after = cpu(running);
  return { agent: (after.agent - before.agent) / ms, all: (after.all - before.all) / ms };
}

/** Grants are revoked one after the other: CPU of each, and how long until the file is without it. */
async function change(running: Running, store: Store, count: number, rest: Share): Promise<{ readonly cpuMs: number; readonly fileMs: number }> {
  const { items } = await owner(store).grants({ state: 'active' }, { limit: count });
  const before = cpu(running);
  const begun = performance.now();
  let fileMs = 0;
  for (const { id } of items) {
    const { ino } = statSync(running.hostapd.pskFile);
    await owner(store).revokeGrant(id);
    const revoked = performance.now();
    while (statSync(running.hostapd.pskFile).ino === ino) {
      await sleep(5);
    }
    fileMs += performance.now() - revoked;
    await sleep(500);
  }
  const tookMs = performance.now() - begun;
  return { cpuMs: (cpu(running).all - before.all - rest.all * tookMs) / count, fileMs: fileMs / count };
}

function rows(
  { grants }: RadioSize,
  quiet: { readonly cpuMs: number; readonly fileMs: number; readonly rest: Share; readonly memory: number },
  busy: Share & { readonly memory: number },
): Row[] {
  const percent = (part: number) => `${(part * 100).toFixed(2)} % of a core`;
  const of = `${grants.toLocaleString('en')} active grants`;
  return [
    {
      figure: `a grant is revoked, of ${of}: until hostapd has read the new file`,
      ours: `${quiet.cpuMs.toFixed(0)} ms CPU; the file is there after ${quiet.fileMs.toFixed(0)} ms`,
      baseline: '',
      goal: { text: 'under 200 ms of CPU', met: quiet.cpuMs < 200 },
    },
    {
      figure: `${of}, nobody on, nothing changes`,
      ours: `${percent(quiet.rest.all)} (the agent ${percent(quiet.rest.agent)})`,
      baseline: '',
      goal: { text: 'under 1 % of a core', met: quiet.rest.all < 0.01 },
    },
    {
      figure: `${of}, ${stations} stations on, whose counters grow: the agent alone`,
      ours: percent(busy.agent),
      baseline: '',
    },
    { figure: `the agent’s memory at its peak: ${of}`, ours: `${quiet.memory.toFixed(0)} MiB`, baseline: '' },
    { figure: `the agent’s memory at its peak: ${of}, ${stations} stations on`, ours: `${busy.memory.toFixed(0)} MiB`, baseline: '' },
  ];
}

function conditions({ changes, restMs }: RadioSize): string[] {
  return [
    `\`ap serve --radio hostapd\` on a registry in SQLite, and a hostapd 2.10 without a radio (driver \`none\`), which reads its files as any other does. CPU is that of the agent, its hostapd_cli and hostapd together, less what they use at rest; mean of ${changes} grants, revoked half a second apart. At rest: ${restMs / 1000} s.`,
    'Stations there are none without a radio: for the last lines a stand-in for hostapd_cli tells of them, whose own CPU, and that of a hostapd which has them, is not counted. The first start, in which every grant gets its password and key, is part of the peak without stations.',
  ];
}
