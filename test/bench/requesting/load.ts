/**
 * A shared network's agent, its sharer's desk, and guests who buy access one after the other, all as the program has them;
 * the registry is at a server elsewhere. `load.ts '{"database": …, "key": …, "url": …, "guests": …, "agentCopy": …}'`.
 */
import { Buffer } from 'node:buffer';
import { DatabaseSync } from 'node:sqlite';
import { CrowdedNetwork } from '../../e2e/crowded-network.ts';
import { Registry } from '../../e2e/registry.ts';
import { commitsInLog, emptyLog } from './commits.ts';

export interface LoadOptions {
  /** The server's file. */
  readonly database: string;
  /** Base64url. */
  readonly key: string;
  readonly url: string;
  readonly guests: number;
  /** Where the agent's database is copied to in the end. */
  readonly agentCopy: string;
}

/** Of each guest in milliseconds, from the sending of the request on: when the fee was known, held, the code there, and opened. */
export interface Times {
  readonly priced: number;
  readonly held: number;
  readonly ready: number;
  readonly opened: number;
}

export interface LoadAnswer {
  readonly times: readonly Times[];
  /** Of one purchase until its code was opened, counted in the logs of both databases. */
  readonly commits: { readonly server: number; readonly agent: number };
}

const { database, key, url, guests, agentCopy } = JSON.parse(process.argv[2] ?? '{}') as LoadOptions;
const warmUp = 20;
const registry = await Registry.open(`sqlite:${database}`, Buffer.from(key, 'base64url'));
const site = await CrowdedNetwork.open(registry, { agentAt: url, sharerAt: url });
let index = 0;

async function bought(onOpened = () => {}): Promise<Times> {
  const guest = await site.newGuest(url, (index += 1));
  const times = new Map<string, number>();
  const begun = performance.now();
  await guest.buy('100MB', {
    onStep(step) {
      times.set(step, performance.now() - begun);
      if (step === 'opened') onOpened();
    },
  });
  await guest.end(0);
  const ready = times.get('ready')!;
  // Where the sharer was faster than the guest's next look it was never seen held.
  return { priced: times.get('priced')!, held: times.get('held') ?? times.get('approved') ?? ready, ready, opened: times.get('opened')! };
}

for (let count = 0; count < warmUp; count += 1) await bought();
const times: Times[] = [];
for (let count = 0; count < guests; count += 1) times.push(await bought());

const last = await site.newGuest(url, (index += 1));
emptyLog(database);
emptyLog(site.agentDatabase);
let commits = { server: 0, agent: 0 };
await last.buy('100MB', { onStep: (step) => step === 'opened' && (commits = { server: commitsInLog(database), agent: commitsInLog(site.agentDatabase) }) });
await last.end(0);
new DatabaseSync(site.agentDatabase).prepare('vacuum into ?').run(agentCopy);
await site.close();
await registry.store.close();
console.log(JSON.stringify({ times, commits } satisfies LoadAnswer));
