import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeHome } from '../../program.ts';
import { loadCore, serverCore } from '../cores.ts';
import { startLatchkey } from '../latchkey-process.ts';
import { answerOf } from '../pinned-process.ts';
import type { Row, Section } from '../report.ts';
import { median, quantile } from '../statistics.ts';
import type { BareAnswer, BareOptions, BareTimes } from './bare.ts';
import type { LoadAnswer, LoadOptions, Times } from './load.ts';

export interface RequestingSizes {
  /** Who buy one after the other in a round, and bare purchases beside them. */
  readonly guests: number;
  readonly rounds: number;
}

const load = new URL('load.ts', import.meta.url);
const bare = new URL('bare.ts', import.meta.url);

interface Round {
  readonly ours: readonly Times[];
  readonly bare: readonly BareTimes[];
}

/** From the request for access to a network whose offer approves by itself to the opened code, beside the commits and operations on keys of that alone. */
export async function measureRequesting({ guests, rounds }: RequestingSizes, cache: string): Promise<Section> {
  const measured: Round[] = [];
  let commits = { server: 0, agent: 0 };
  for (let round = 1; round <= rounds; round += 1) {
    await using closing = new AsyncDisposableStack();
    const folder = mkdtempSync(join(cache, 'run-'));
    closing.defer(() => rmSync(folder, { recursive: true }));
    const home = await makeHome();
    closing.defer(() => home.remove());
    const [database, agentCopy] = [join(folder, 'registry.db'), join(folder, 'agent.db')];
    const server = startLatchkey(serverCore, ['server', 'start', '--database', `sqlite:${database}`, '--listen', '127.0.0.1:0', '--rate-limit', '0'], home.env);
    const { url } = await server.message<{ url: string }>();
    const key = home.key.toString('base64url');
    const ours = await answerOf<LoadAnswer>(loadCore, load, { database, key, url, guests, agentCopy } satisfies LoadOptions);
    await server.stop();
    const alone = await answerOf<BareAnswer>(serverCore, bare, { database, agent: agentCopy, rounds: guests } satisfies BareOptions);
    if (alone.commits.server !== ours.commits.server || alone.commits.agent !== ours.commits.agent) {
      throw new Error(`the bare side commits ${JSON.stringify(alone.commits)}, ours ${JSON.stringify(ours.commits)}`);
    }
    ({ commits } = ours);
    measured.push({ ours: ours.times, bare: alone.times });
    console.error(`requesting, round ${round}: ours ${shown(ours.times.map(({ opened }) => opened))}, bare ${shown(alone.times.map(sum))}`);
  }
  return toSection(measured, commits, guests);
}

const sum = ({ request, payment, approval, agent, response, keys }: BareTimes) => request + payment + approval + agent + response + keys;

function toSection(rounds: readonly Round[], commits: LoadAnswer['commits'], guests: number): Section {
  const row = (figure: string, ours: (times: Times) => number, bare: ((times: BareTimes) => number) | undefined, what: string, goal?: number): Row => {
    const all = rounds.flatMap((round) => round.ours.map(ours));
    const alone = bare && rounds.flatMap((round) => round.bare.map(bare));
    const ratio = bare && median(rounds.map((round) => median(round.ours.map(ours)) / median(round.bare.map(bare))));
    return {
      figure,
      ours: shown(all),
      baseline: alone === undefined ? what : `${shown(alone)} (${what})`,
      ratio,
      goal: goal === undefined || ratio === undefined ? undefined : { text: `at most ${goal.toFixed(1)}`, met: ratio <= goal },
    };
  };
  return {
    title: 'From the request to the code',
    rows: [
      row('from the request to the opened code (ratio of p50)', ({ opened }) => opened, sum, 'commits and keys', 3),
      row('of it: keys made, request, fee', ({ priced }) => priced, ({ request }) => request, '1 commit'),
      row('of it: the fee held', ({ priced, held }) => held - priced, ({ payment }) => payment, '1 commit'),
      row('of it: the sharer’s yes, the agent’s password, the sealed code', ({ held, ready }) => ready - held, ({ approval, agent, response }) => approval + agent + response, '4 commits'),
      row('of it: fetched and opened', ({ ready, opened }) => opened - ready, ({ keys }) => keys, 'all operations on keys'),
    ],
    conditions: [
      `An offer with automatic approval, ${guests} guests one after the other in each of ${rounds.length} rounds; the ratio is the median of the rounds’. Ours: the server on one core, SQLite with synchronous=FULL; on the other the guest, the sharer’s desk and the agent with its own database, all over HTTP, and a radio that is a stand-in.`,
      `Bare: ${commits.server} transactions of the server’s database and ${commits.agent} of the agent’s, which is what the write-ahead logs of both have of one purchase of ours, with rows of the same tables, columns and indexes on the same files, by prepared statements on one connection; two key pairs on P-256, one Ed25519, a password (HMAC), the code sealed and opened (ECDH, AES-256-GCM). The derivation of the Wi-Fi key (PBKDF2, 4,096 rounds) and the sealing of columns are ours alone.`,
    ],
  };
}

function shown(values: readonly number[]): string {
  return `p50 ${median(values).toFixed(1)} ms, p99 ${quantile(values, 0.99).toFixed(1)} ms`;
}
