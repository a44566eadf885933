import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startPostgres } from '../../postgres.ts';
import { makeHome } from '../../program.ts';
import { loadCore, serverCore } from '../cores.ts';
import { startLatchkey } from '../latchkey-process.ts';
import type { LoadResult } from '../load-window.ts';
import { cachedLedger, seedLedger, terminals, type SeededLedger } from '../paying/seeded-ledger.ts';
import { answerOf } from '../pinned-process.ts';
import type { Row, Section } from '../report.ts';
import { medianRatio, summary, type RoundSizes } from '../rounds.ts';
import { seedCodes } from './seeded-codes.ts';

export interface SettlingSizes extends RoundSizes {
  /** Payments that are there already. */
  readonly payments: number;
  readonly codes: number;
  readonly postgres: boolean;
}

const payLoad = new URL('../paying/load.ts', import.meta.url);
const settleLoad = new URL('load.ts', import.meta.url);
const batch = 500;
/** More than any server settles. */
const mostPerSecond = 12_000;

interface Contender {
  readonly name: string;
  measure(window: RoundSizes): Promise<LoadResult>;
}

/** Codes that a register accepted offline, settled in batches, beside payments one by one at the same server. */
export async function measureSettling(sizes: SettlingSizes, cache: string): Promise<Section> {
  await using closing = new AsyncDisposableStack();
  const folder = mkdtempSync(join(cache, 'run-'));
  closing.defer(() => rmSync(folder, { recursive: true }));
  const seeded = await cachedLedger(cache, sizes.payments);
  const file = join(folder, 'settling.db');
  copyFileSync(seeded.file, file);
  const contenders = await onDatabase('SQLite', { ...seeded, url: `sqlite:${file}` }, sizes, folder, closing);
  if (sizes.postgres) {
    const postgres = await startPostgres({ durable: true });
    closing.defer(() => postgres.stop());
    const [postmaster] = readFileSync(join(postgres.socketFolder, 'data', 'postmaster.pid'), 'utf8').split('\n');
    execFileSync('taskset', ['-a', '-cp', String(loadCore), String(postmaster)], { stdio: 'ignore' });
    contenders.push(...(await onDatabase('PostgreSQL', await seedLedger(postgres.url, join(folder, 'postgres.key'), sizes.payments), sizes, folder, closing)));
  }
  const results = new Map<string, LoadResult[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 1; round <= sizes.rounds; round += 1) {
    for (const { name, measure } of contenders) {
      const result = await measure(sizes);
      results.get(name)!.push(result);
      console.error(`settling, round ${round}: ${name} ${Math.round(result.perSecond)}/s, ${result.cpuMicros.toFixed(0)} µs (${Math.round(result.serverBusy * 100)} %)`);
    }
  }
  return toSection(results, sizes);
}

async function onDatabase(name: string, ledger: SeededLedger, { codes }: SettlingSizes, folder: string, closing: AsyncDisposableStack): Promise<Contender[]> {
  const seeded = join(folder, `${name}.seeded.json`);
  writeFileSync(seeded, JSON.stringify(await seedCodes(ledger, codes)), { mode: 0o600 });
  const home = await makeHome();
  closing.defer(() => home.remove());
  const args = ['server', 'start', '--database', ledger.url, '--listen', '127.0.0.1:0', '--rate-limit', '0'];
  const server = startLatchkey(serverCore, args, { ...home.env, LATCHKEY_KEY_FILE: ledger.keyFile });
  closing.defer(() => server.stop());
  const { url } = await server.message<{ url: string }>();
  const port = Number(new URL(url).port);
  let firstCounter = 1;
  return [
    {
      name: `${name}, payments`,
      measure: (window) => answerOf<LoadResult>(loadCore, payLoad, {
        port, payeeId: ledger.payeeId, terminals: ledger.terminals, serverPid: server.pid, ...window, codes: join(folder, `${name}.codes.json`),
      }),
    },
    {
      name: `${name}, codes`,
      measure: async (window) => {
        const batches = Math.ceil((mostPerSecond * (window.warmUpMs + window.windowMs + 1000)) / 1000 / batch);
        const asked = { port, seeded, firstCounter, batch, batches };
        firstCounter += Math.ceil((batches * batch) / codes);
        return answerOf<LoadResult>(loadCore, settleLoad, { ...asked, serverPid: server.pid, ...window });
      },
    },
  ];
}

function toSection(results: ReadonlyMap<string, readonly LoadResult[]>, { rounds, windowMs, codes, postgres }: SettlingSizes): Section {
  const row = (name: string): Row => {
    const [ours, others] = [results.get(`${name}, codes`)!, results.get(`${name}, payments`)!];
    const ratio = medianRatio(ours, others);
    return { figure: `codes settled, ${name}, over payments`, ours: summary(ours), baseline: summary(others), ratio, goal: { text: 'at least 1.00', met: ratio >= 1 } };
  };
  return {
    title: 'Settling codes',
    rows: [row('SQLite'), ...(postgres ? [row('PostgreSQL')] : [])],
    conditions: [
      `\`POST /v1/code-settlements\`, one register, ${batch} receipts in a batch, each of another code of ${codes.toLocaleString('en')}, of ${terminals} payers; beside \`POST /v1/payments\` of the same payers at the same server, ${terminals} at a time. ${rounds} rounds of ${windowMs / 1000} s, medians; each ratio is that of its round.`,
      'Server on one core, load on the other; latencies of codes are those of their batches. SQLite with synchronous=FULL, PostgreSQL as it is by default; PostgreSQL shares the core of the load.',
    ],
  };
}
