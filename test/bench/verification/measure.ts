import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadCore } from '../cores.ts';
import { hasFreeRadius } from '../peers/freeradius.ts';
import { answerOf } from '../pinned-process.ts';
import type { Row, Section } from '../report.ts';
import { cachedRegistry } from '../seeded-registry.ts';
import { median } from '../statistics.ts';
import { bareServer, freeRadius, latchkeyOnPostgres, latchkeyServer, type Contender } from './contenders.ts';
import type { LoadOptions, LoadResult } from './load.ts';

export interface VerificationSizes {
  readonly many: number;
  readonly few: number;
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly windowMs: number;
  readonly postgres: boolean;
}

type Results = ReadonlyMap<string, readonly LoadResult[]>;

const connections = 64;
const leastBusy = 0.95;
/** A round in which others had the server's core is measured again, so often for each that counts. */
const triesPerRound = 3;

/** One server process, keys drawn at random from all devices. */
export async function measureVerification(sizes: VerificationSizes, cache: string): Promise<Section> {
  await using closing = new AsyncDisposableStack();
  const folder = mkdtempSync(join(cache, 'run-'));
  closing.defer(() => rmSync(folder, { recursive: true }));
  const contenders: Contender[] = [];
  const add = (contender: Contender) => {
    closing.defer(() => contender.stop());
    contenders.push(contender);
  };
  const many = await cachedRegistry(cache, sizes.many);
  add(await bareServer(many));
  add(await latchkeyServer('many', many, folder));
  add(await latchkeyServer('few', await cachedRegistry(cache, sizes.few), folder));
  if (hasFreeRadius()) {
    add(await freeRadius('as shipped', sizes.many, cache, folder));
    add(await freeRadius('bare', sizes.many, cache, folder));
  }
  if (sizes.postgres) {
    add(await latchkeyOnPostgres('postgres', sizes.many, folder));
  }
  return toSection(await measureAll(contenders, sizes), sizes);
}

/** Each contender once a round, so that what disturbs the machine disturbs all alike. */
async function measureAll(contenders: readonly Contender[], { rounds, warmUpMs, windowMs }: VerificationSizes): Promise<Results> {
  const results = new Map<string, LoadResult[]>(contenders.map(({ name }) => [name, []]));
  let tries = triesPerRound * rounds;
  for (let round = 0; round < rounds && tries > 0; tries -= 1) {
    const found: [Contender, LoadResult][] = [];
    for (const contender of contenders) {
      const { asked, server, load } = contender;
      const options: LoadOptions = { ...asked, serverPid: server.pid, connections, warmUpMs, windowMs };
      found.push([contender, await answerOf<LoadResult>(loadCore, load, options)]);
    }
    const idle = found.filter(([{ cpuBound }, { serverBusy }]) => cpuBound && serverBusy < leastBusy);
    console.error(`verification, round ${round + 1}: ${found.map(([{ name }, result]) => `${name} ${shortly(result)}`).join(', ')}`);
    if (idle.length > 0) {
      continue;
    }
    found.forEach(([{ name }, result]) => results.get(name)!.push(result));
    round += 1;
  }
  if (results.get('bare')?.length === 0) {
    throw new Error('There was no round in which every server had its core: this machine has other work.');
  }
  return results;
}

function toSection(results: Results, sizes: VerificationSizes): Section {
  const of = (name: string) => results.get(name) ?? [];
  const count = (devices: number) => devices.toLocaleString('en');
  const versus = (ours: string, other: string) =>
    median(of(ours).map((result, round) => result.perSecond / of(other)[round]!.perSecond));
  const row = (figure: string, ours: string, other: string, goal?: { least: number; text: string }): Row => {
    const ratio = versus(ours, other);
    const judged = goal === undefined ? undefined : { text: goal.text, met: ratio >= goal.least };
    return { figure, ours: summary(of(ours)), baseline: `${summary(of(other))} (${labels[other] ?? other})`, ratio, goal: judged };
  };
  const labels: Record<string, string> = { bare: 'bare node:http', few: `${count(sizes.few)} devices` };
  const figure = `verifications, SQLite, ${count(sizes.many)} devices`;
  const peers = [...results.keys()].filter((name) => name.startsWith('FreeRADIUS'));
  const busy = [...results].flatMap(([name, list]) => (name === 'postgres' ? [] : list.map(({ serverBusy }) => serverBusy)));
  return {
    title: 'Verification',
    rows: [
      row(figure, 'many', 'bare', { least: 0.7, text: 'at least 0.70' }),
      row(`${figure}, against ${count(sizes.few)}`, 'many', 'few', { least: 0.85, text: 'within 15 %' }),
      ...peers.map((name) => row(figure, 'many', name, name.endsWith('as shipped') ? { least: 1, text: 'ahead' } : undefined)),
      ...(results.has('postgres') ? [row(`verifications, PostgreSQL, ${count(sizes.many)} devices`, 'postgres', 'bare')] : []),
    ],
    conditions: [
      `\`POST /v1/verifications\`, ${connections} connections, one request at a time on each, ${of('bare').length} rounds of ${sizes.windowMs / 1000} s, medians; each ratio is that of its round.`,
      `Server on one core, load on the other; the server's process had at least ${Math.floor(Math.min(...busy) * 100)} % of its core in every round that counts (CPU time of all its threads from /proc).`,
      'The bare server does the lookup (same file, same pragmas), the opening and the HKDF, and nothing else; ours runs with what it has by default, its rate limit raised by `--rate-limit`.',
      'FreeRADIUS answers PAP over UDP from an indexed SQLite table of as many rows: “as shipped” with the modules and queries of the site that Debian installs, but EAP and what writes; “bare” with PAP and one query.',
      ...(results.has('postgres') ? ['PostgreSQL shares the core of the load, so this figure is bound by that core.'] : []),
    ],
  };
}

function summary(results: readonly LoadResult[]): string {
  const of = (pick: (result: LoadResult) => number) => median(results.map(pick));
  return `${Math.round(of(({ perSecond }) => perSecond)).toLocaleString('en')}/s, ${of(({ cpuMicros }) => cpuMicros).toFixed(0)} µs CPU, p50 ${of(({ p50Ms }) => p50Ms).toFixed(1)} ms, p99 ${of(({ p99Ms }) => p99Ms).toFixed(1)} ms`;
}

function shortly({ perSecond, cpuMicros, serverBusy }: LoadResult): string {
  return `${Math.round(perSecond)}/s ${cpuMicros.toFixed(0)} µs (${Math.round(serverBusy * 100)} %)`;
}
