import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeHome } from '../../program.ts';
import { loadCore, serverCore } from '../cores.ts';
import { startLatchkey } from '../latchkey-process.ts';
import { answerOf, PinnedProcess } from '../pinned-process.ts';
import type { Row, Section } from '../report.ts';
import { benchDeviceData, cachedRegistry, type CachedRegistry } from '../seeded-registry.ts';
import { median } from '../statistics.ts';
import type { OnboardingLoad, OnboardingResult } from './load.ts';

export interface OnboardingSizes {
  readonly devices: number;
  readonly registered: number;
  readonly rounds: number;
}

type Registry = 'embedded' | 'server';
type Found = Record<'bare' | Registry, OnboardingResult[]>;

const load = new URL('load.ts', import.meta.url);
const most = 3;

/** As many devices at once through one AP agent; each round has a new agent, a new registry and a new bare server. */
export async function measureOnboarding(sizes: OnboardingSizes, cache: string): Promise<Section> {
  const registry = await cachedRegistry(cache, sizes.registered);
  const found: Found = { bare: [], embedded: [], server: [] };
  for (let round = 0; round < sizes.rounds; round += 1) {
    found.bare.push(await bareHandshakes(sizes));
    for (const where of ['embedded', 'server'] as const) {
      const folder = mkdtempSync(join(cache, 'run-'));
      try {
        found[where].push(await exchanges(where, sizes, registry, folder));
      } finally {
        rmSync(folder, { recursive: true });
      }
    }
    console.error(`onboarding, round ${round + 1}: ${Object.entries(found).map(([name, results]) => `${name} ${shortly(results.at(-1)!)}`).join(', ')}`);
  }
  return toSection(found, sizes);
}

async function bareHandshakes({ devices }: OnboardingSizes): Promise<OnboardingResult> {
  const server = PinnedProcess.ofBench(serverCore, new URL('bare-psk-server.ts', import.meta.url));
  const { port } = await server.message<{ port: number }>();
  try {
    return await ask({ kind: 'handshake', port, serverPid: server.pid, devices });
  } finally {
    await server.stop();
  }
}

async function exchanges(where: Registry, { devices }: OnboardingSizes, registry: CachedRegistry, folder: string): Promise<OnboardingResult> {
  await using closing = new AsyncDisposableStack();
  const home = await makeHome();
  closing.defer(() => home.remove());
  const database = join(folder, 'latchkey.db');
  copyFileSync(registry.file, database);
  const env = { ...home.env, LATCHKEY_KEY_FILE: registry.keyFile, LATCHKEY_DATABASE: `sqlite:${database}`, LATCHKEY_PASSWORD: 'correct horse' };

  const args = [
    'ap', 'serve', '--onboarding-ssid', benchDeviceData.ssid, '--ssid', 'home', '--auto-approve', `model=${benchDeviceData.model}`,
    '--listen', '127.0.0.1', '--port', '0', '--secure-port', '0',
  ];
  if (where === 'server') {
    const server = startLatchkey(loadCore, ['server', 'start', '--listen', '127.0.0.1:0'], env);
    closing.defer(() => server.stop());
    const { url } = await server.message<{ url: string }>();
    args.push('--server', url);
  }
  const agent = startLatchkey(serverCore, args, { ...env, LATCHKEY_TOKEN: registry.apToken });
  closing.defer(() => agent.stop());
  const { status } = await agent.message<{ status: { hello_port: number } }>();
  const result = await ask({ kind: 'exchange', port: status.hello_port, serverPid: agent.pid, devices });
  if (result.granted !== devices) {
    throw new Error(`${result.granted} of ${devices} devices were granted: ${result.failures.join('; ')}`);
  }
  return result;
}

/** As many others go before, so that neither side is measured while its code is compiled. */
function ask(options: Pick<OnboardingLoad, 'kind' | 'port' | 'serverPid' | 'devices'>): Promise<OnboardingResult> {
  return answerOf<OnboardingResult>(loadCore, load, {
    ...options, warmUpDevices: options.devices, onboardingSsid: benchDeviceData.ssid,
  } satisfies OnboardingLoad);
}

function toSection(found: Found, { devices, registered, rounds }: OnboardingSizes): Section {
  const ratio = (where: Registry, pick: (result: OnboardingResult) => number) =>
    median(found[where].map((result, round) => pick(result) / pick(found.bare[round]!)));
  const count = devices.toLocaleString('en');
  const rows = (['embedded', 'server'] as const).flatMap((where): Row[] => {
    const figure = `${count} devices at once, ${where === 'embedded' ? 'embedded registry' : 'registry at a server'}`;
    const half = ratio(where, ({ p50Ms }) => p50Ms);
    return [
      {
        figure: `${figure}: hello to password, p50`,
        ...both(found, where, ({ p50Ms }) => p50Ms),
        ratio: half,
        goal: { text: `at most ${most.toFixed(1)}`, met: half <= most },
      },
      { figure: `${figure}: p99`, ...both(found, where, ({ p99Ms }) => p99Ms), ratio: ratio(where, ({ p99Ms }) => p99Ms) },
      {
        figure: `${figure}: the agent's memory at its peak`,
        ours: `${median(found[where].map(({ peakMemoryMiB }) => peakMemoryMiB)).toFixed(0)} MiB`,
        baseline: `${median(found.bare.map(({ peakMemoryMiB }) => peakMemoryMiB)).toFixed(0)} MiB (bare)`,
      },
    ];
  });
  return {
    title: 'Onboarding',
    rows,
    conditions: [
      `All ${count} begin at the same moment, each from an address of its own, with automatic approval, after as many others; all were granted. Medians of ${rounds} alternated rounds, each with a new agent and a registry of ${registered.toLocaleString('en')} devices; each ratio is that of its round.`,
      'The bare server does the TLS 1.3 PSK handshake and nothing else. Agent or bare server on one core, the devices on the other; a registry at a server shares the core of the devices, over HTTP on loopback.',
    ],
  };
}

function both(found: Found, where: Registry, pick: (result: OnboardingResult) => number): Pick<Row, 'ours' | 'baseline'> {
  const side = (results: readonly OnboardingResult[]) =>
    `${median(results.map(pick)).toFixed(0)} ms, ${median(results.map(({ cpuMillis }) => cpuMillis)).toFixed(2)} ms CPU a device`;
  return { ours: side(found[where]), baseline: side(found.bare) };
}

function shortly({ p50Ms, p99Ms, cpuMillis, peakMemoryMiB, stepsP50Ms }: OnboardingResult): string {
  const steps = Object.entries(stepsP50Ms).map(([step, ms]) => `${step} ${ms.toFixed(0)}`).join(' ');
  return `p50 ${p50Ms.toFixed(0)} ms p99 ${p99Ms.toFixed(0)} ms CPU ${cpuMillis.toFixed(2)} ms ${peakMemoryMiB.toFixed(0)} MiB (${steps})`;
}
