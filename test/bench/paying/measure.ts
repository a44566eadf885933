import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startPostgres } from '../../postgres.ts';
import { makeHome } from '../../program.ts';
import { loadCore, serverCore } from '../cores.ts';
import { startLatchkey } from '../latchkey-process.ts';
import type { LoadResult } from '../load-window.ts';
import { answerOf } from '../pinned-process.ts';
import type { Row, Section } from '../report.ts';
import { medianRatio, summary, type RoundSizes } from '../rounds.ts';
import { cachedLedger, seedLedger, terminals, type SeededLedger } from './seeded-ledger.ts';

export interface PayingSizes extends RoundSizes {
  /** Payments that are there already; each is two entries. */
  readonly many: number;
  readonly few: number;
  readonly postgres: boolean;
}

const load = new URL('load.ts', import.meta.url);
const bare = new URL('bare-transactions.ts', import.meta.url);

interface Contender {
  readonly name: string;
  measure(window: RoundSizes): Promise<LoadResult>;
}

/** Durable payments over HTTP, beside bare transactions of as many rows on the same database. */
export async function measurePaying(sizes: PayingSizes, cache: string): Promise<Section> {
  await using closing = new AsyncDisposableStack();
  const folder = mkdtempSync(join(cache, 'run-'));
  closing.defer(() => rmSync(folder, { recursive: true }));
  const contenders: Contender[] = [];
  for (const [name, payments] of [['few', sizes.few], ['many', sizes.many]] as const) {
    const seeded = await cachedLedger(cache, payments);
    const file = join(folder, `${name}.db`);
    copyFileSync(seeded.file, file);
    contenders.push(...(await onDatabase(name, { ...seeded, url: `sqlite:${file}` }, folder, closing)));
  }
  if (sizes.postgres) {
    const postgres = await startPostgres({ durable: true });
    closing.defer(() => postgres.stop());
    const [postmaster] = readFileSync(join(postgres.socketFolder, 'data', 'postmaster.pid'), 'utf8').split('\n');
    execFileSync('taskset', ['-a', '-cp', String(loadCore), String(postmaster)], { stdio: 'ignore' });
    contenders.push(...(await onDatabase('postgres', await seedLedger(postgres.url, join(folder, 'postgres.key'), sizes.few), folder, closing)));
  }
  const results = new Map<string, LoadResult[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 1; round <= sizes.rounds; round += 1) {
    for (const contender of contenders) {
      const result = await contender.measure(sizes);
      results.get(contender.name)!.push(result);
      console.error(`paying, round ${round}: ${contender.name} ${Math.round(result.perSecond)}/s, p99 ${result.p99Ms.toFixed(1)} ms (${Math.round(result.serverBusy * 100)} %)`);
    }
  }
  return toSection(results, sizes);
}

/** The server, and bare transactions on its database while it has nothing to do. */
async function onDatabase(name: string, seeded: SeededLedger, folder: string, closing: AsyncDisposableStack): Promise<Contender[]> {
  const home = await makeHome();
  closing.defer(() => home.remove());
  const args = ['server', 'start', '--database', seeded.url, '--listen', '127.0.0.1:0', '--rate-limit', '0'];
  const server = startLatchkey(serverCore, args, { ...home.env, LATCHKEY_KEY_FILE: seeded.keyFile });
  closing.defer(() => server.stop());
  const { url } = await server.message<{ url: string }>();
  const asked = { port: Number(new URL(url).port), payeeId: seeded.payeeId, terminals: seeded.terminals, codes: join(folder, `${name}.codes.json`) };
  // Its own accounts: the codes of the terminals are the server's and the load's.
  const accountIds = seeded.terminals.map(({ accountId }) => accountId);
  return [
    { name, measure: (window) => answerOf<LoadResult>(loadCore, load, { ...asked, serverPid: server.pid, ...window }) },
    { name: `${name}, bare`, measure: (window) => answerOf<LoadResult>(serverCore, bare, { url: seeded.url, payeeId: seeded.payeeId, accountIds, ...window }) },
  ];
}

function toSection(results: ReadonlyMap<string, readonly LoadResult[]>, sizes: PayingSizes): Section {
  const of = (name: string) => results.get(name) ?? [];
  const row = (figure: string, ours: string, other: string, goal: { least: number; text: string }): Row => {
    const ratio = medianRatio(of(ours), of(other));
    return { figure, ours: summary(of(ours)), baseline: summary(of(other)), ratio, goal: { text: goal.text, met: ratio >= goal.least } };
  };
  const half = { least: 0.5, text: 'at least 0.50' };
  const entries = (payments: number) => (2 * payments).toLocaleString('en');
  return {
    title: 'Payments',
    rows: [
      row(`payments, SQLite, ${entries(sizes.few)} entries, over bare transactions`, 'few', 'few, bare', half),
      row(`payments, SQLite, ${entries(sizes.many)} entries, over bare transactions`, 'many', 'many, bare', half),
      row(`payments, SQLite, ${entries(sizes.many)} entries, over ${entries(sizes.few)}`, 'many', 'few', { least: 0.85, text: 'at least 0.85' }),
      ...(sizes.postgres ? [row('payments, PostgreSQL, over bare transactions', 'postgres', 'postgres, bare', half)] : []),
    ],
    conditions: [
      `\`POST /v1/payments\`, ${terminals} terminals, one payment at a time on each, all to one payee; ${sizes.rounds} rounds of ${sizes.windowMs / 1000} s, medians; each ratio is that of its round.`,
      'Server on one core, load on the other. SQLite with synchronous=FULL, PostgreSQL as it is by default; PostgreSQL shares the core of the load.',
      'Bare transactions write the same five rows of the same tables with the same triggers, indexes and keys: the terminal’s code, the payment, the posting and both accounts; on SQLite one after the other on one connection, on PostgreSQL by a stored function on sixteen.',
    ],
  };
}
