import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, systemRandom } from '../../../src/cli/local-registry.ts';
import { issueToken } from '../../../src/roles/admin/service.ts';
import { keyLength, KeyringSealer } from '../../../src/secrets/seal.ts';
import { openStore } from '../../../src/storage/open-store.ts';
import { startPostgres } from '../../postgres.ts';
import { loadCore, serverCore } from '../cores.ts';
import { answerOf, PinnedProcess } from '../pinned-process.ts';
import type { Row, Section } from '../report.ts';
import { median } from '../statistics.ts';
import type { Delays, LoadAnswer, LoadOptions } from './load.ts';

export interface EventsSizes extends Pick<LoadOptions, 'rounds' | 'perSecond' | 'seconds'> {
  readonly terminals: number;
  /** Each contender so often, in turns. */
  readonly runs: number;
}

const load = new URL('load.ts', import.meta.url);

interface Seeded {
  readonly url: string;
  readonly key: string;
  readonly terminalIds: readonly string[];
  readonly tokens: readonly string[];
}

/** From the call that commits an event until its terminal has it, beside a bare server that writes the same to as many connections. */
export async function measureEvents(sizes: EventsSizes, cache: string): Promise<Section> {
  await using closing = new AsyncDisposableStack();
  const folder = mkdtempSync(join(cache, 'run-'));
  closing.defer(() => rmSync(folder, { recursive: true }));
  const postgres = await startPostgres({ durable: true });
  closing.defer(() => postgres.stop());
  const [postmaster] = readFileSync(join(postgres.socketFolder, 'data', 'postmaster.pid'), 'utf8').split('\n');
  execFileSync('taskset', ['-a', '-cp', String(loadCore), String(postmaster)], { stdio: 'ignore' });

  const results = new Map<string, LoadAnswer[]>();
  const contend = async (name: string, tokens: readonly string[], server: PinnedProcess) => {
    const { port, tellPort } = await server.message<{ port: number; tellPort: number }>();
    const answer = await answerOf<LoadAnswer>(loadCore, load, { ...sizes, port, tellPort, tokens } satisfies LoadOptions);
    await server.stop();
    results.set(name, [...(results.get(name) ?? []), answer]);
    console.error(`events: ${name}, to all ${shown(answer.all)} (its calls ${shown(answer.allCalls)}), to each ${shown(answer.each)} (its calls ${shown(answer.eachCalls)})`);
  };
  const seeded = [
    ['SQLite', await seed(`sqlite:${join(folder, 'registry.db')}`, sizes.terminals)],
    ['PostgreSQL', await seed(postgres.url, sizes.terminals)],
  ] as const;
  for (let run = 0; run < sizes.runs; run += 1) {
    await contend('bare', Array.from({ length: sizes.terminals }, () => 'none'), PinnedProcess.ofBench(serverCore, new URL('bare-server.ts', import.meta.url), { terminals: sizes.terminals }));
    for (const [name, { tokens, ...options }] of seeded) {
      await contend(name, tokens, PinnedProcess.ofBench(serverCore, new URL('server.ts', import.meta.url), options));
    }
  }
  return toSection(results, sizes);
}

async function seed(url: string, terminals: number): Promise<Seeded> {
  const key = randomBytes(keyLength);
  const store = await openStore({ url, sealer: new KeyringSealer([key]) });
  const issued = await store.transaction(async (tx) => {
    const context = { store: tx, clock: systemClock, random: systemRandom, actor: { kind: 'local' } } as const;
    const made: Awaited<ReturnType<typeof issueToken>>[] = [];
    for (let number = 0; number < terminals; number += 1) {
      made.push(await issueToken(context, { role: 'terminal', name: `terminal-${number}`, scope: {}, apId: undefined }));
    }
    return made;
  });
  await store.close();
  return { url, key: key.toString('base64url'), terminalIds: issued.map(({ token }) => token.id), tokens: issued.map(({ secret }) => secret) };
}

function toSection(results: ReadonlyMap<string, readonly LoadAnswer[]>, sizes: EventsSizes): Section {
  const of = (name: string) => results.get(name) ?? [];
  const middle = (answers: readonly LoadAnswer[], which: keyof LoadAnswer): Delays => ({
    p50Ms: median(answers.map((answer) => answer[which].p50Ms)),
    p99Ms: median(answers.map((answer) => answer[which].p99Ms)),
  });
  const row = (figure: string, name: string, which: 'all' | 'each', goal?: number): Row => {
    const ratio = median(of(name).map((answer, run) => answer[which].p99Ms / of('bare')[run]![which].p99Ms));
    return {
      figure: `${figure}, ${name} (ratio of p99)`,
      ours: `${shown(middle(of(name), which))}; the call that commits ${shown(middle(of(name), which === 'all' ? 'allCalls' : 'eachCalls'))}`,
      baseline: `${shown(middle(of('bare'), which))} (bare node:http)`,
      ratio,
      goal: goal === undefined ? undefined : { text: `at most ${goal.toFixed(1)}`, met: ratio <= goal },
    };
  };
  const count = sizes.terminals.toLocaleString('en');
  const [all, each] = [`an event to each of ${count} terminals at once`, `${sizes.perSecond} events a second, each to one of ${count}`];
  return {
    title: 'Events',
    rows: [row(all, 'SQLite', 'all', 2), row(all, 'PostgreSQL', 'all'), row(each, 'SQLite', 'each'), row(each, 'PostgreSQL', 'each')],
    conditions: [
      `\`GET /v1/events\`, ${count} connections, each of a token of its own; from the call that appends and commits (synchronous=FULL; synchronous_commit=on) until the bytes are read, by one clock; ${sizes.runs} runs, medians; each ratio is that of its run.`,
      'The server on one core, the terminals on the other; PostgreSQL shares the terminals’ core. The bare server writes the same text to as many connections and has no database: what it lacks is the commit, whose call is shown beside.',
    ],
  };
}

function shown({ p50Ms, p99Ms }: Delays): string {
  return `p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`;
}
