import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeHome } from '../../program.ts';
import { serverCore } from '../cores.ts';
import { startLatchkey } from '../latchkey-process.ts';
import { PinnedProcess } from '../pinned-process.ts';
import type { Row, Section } from '../report.ts';
import { Contenders, leastBusyPercent, measureInRounds, medianRatio, summary, type Contender, type Results, type RoundSizes } from '../rounds.ts';
import { candidates, offeredOfThem, searchBody } from './bench-networks.ts';
import type { BareServerOptions } from './bare-server.ts';
import { cachedOffers, type CachedOffers } from './seeded-offers.ts';

export interface FindingSizes extends RoundSizes {
  readonly many: number;
  readonly few: number;
}

/** One request at a time on each. */
const connections = 64;
const load = new URL('load.ts', import.meta.url);

/** One server process, networks drawn at random from all that are offered. */
export async function measureFinding(sizes: FindingSizes, cache: string): Promise<Section> {
  await using closing = new AsyncDisposableStack();
  const folder = mkdtempSync(join(cache, 'run-'));
  closing.defer(() => rmSync(folder, { recursive: true }));
  const contenders = closing.use(new Contenders());
  const offers = await cachedOffers(cache, sizes.many);
  const many = await latchkeyServer('many', offers, folder);
  contenders.add(many.contender);
  contenders.add(await bareServer(offers, await many.reply()));
  contenders.add((await latchkeyServer('few', await cachedOffers(cache, sizes.few), folder)).contender);
  return toSection(await measureInRounds('finding', contenders.all, sizes), sizes);
}

/** `latchkey server start` on a copy of the database, with all that it does by default, and an answer of it. */
async function latchkeyServer(name: string, { file: seeded, keyFile, token, networks }: CachedOffers, folder: string) {
  const file = join(folder, `${name}.db`);
  copyFileSync(seeded, file);
  const home = await makeHome();
  const args = ['server', 'start', '--database', `sqlite:${file}`, '--listen', '127.0.0.1:0', '--rate-limit', '0'];
  const server = startLatchkey(serverCore, args, { ...home.env, LATCHKEY_KEY_FILE: keyFile });
  const { url } = await server.message<{ url: string }>();
  const stop = async () => {
    await server.stop();
    await home.remove();
  };
  const contender: Contender = { name, server, load, asked: { port: Number(new URL(url).port), networks, connections, token }, cpuBound: true, stop };
  const reply = async () => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(`${url}/v1/offers/search`, { method: 'POST', headers, body: searchBody(networks) });
    return (await response.json()) as BareServerOptions['reply'];
  };
  return { contender, reply };
}

async function bareServer({ networks, token }: CachedOffers, reply: BareServerOptions['reply']): Promise<Contender> {
  const server = PinnedProcess.ofBench(serverCore, new URL('bare-server.ts', import.meta.url), { reply });
  const { port } = await server.message<{ port: number }>();
  return { name: 'bare', server, load, asked: { port, networks, connections, token }, cpuBound: true, stop: () => server.stop() };
}

function toSection(results: Results, sizes: FindingSizes): Section {
  const of = (name: string) => results.get(name) ?? [];
  const count = (networks: number) => networks.toLocaleString('en');
  const row = (figure: string, other: string, label: string, goal: { least: number; text: string }): Row => {
    const ratio = medianRatio(of('many'), of(other));
    return { figure, ours: summary(of('many')), baseline: `${summary(of(other))} (${label})`, ratio, goal: { text: goal.text, met: ratio >= goal.least } };
  };
  const figure = `searches, SQLite, ${count(sizes.many)} offered networks`;
  return {
    title: 'Finding offers',
    rows: [
      row(figure, 'bare', 'bare node:http', { least: 0.3, text: 'at least 0.30' }),
      row(`${figure}, against ${count(sizes.few)}`, 'few', `${count(sizes.few)} networks`, { least: 0.85, text: 'within 15 %' }),
    ],
    conditions: [
      `\`POST /v1/offers/search\` with ${candidates} candidates of which ${offeredOfThem} are on offer, drawn at random from all; ${connections} connections, one request at a time on each, ${of('bare').length} rounds of ${sizes.windowMs / 1000} s, medians; each ratio is that of its round.`,
      `Server on one core, load on the other; the server's process had at least ${leastBusyPercent([...results.values()].flat())} % of its core in every round that counts (CPU time of all its threads from /proc).`,
      'The bare server parses the same bodies and answers the same JSON, and looks nothing up; ours runs with what it has by default, its rate limit raised by `--rate-limit`: it knows the token, checks every candidate, finds the radios, counts guests and what was sold, and says whether it is open.',
    ],
  };
}
