import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasFreeRadius } from '../peers/freeradius.ts';
import type { Row, Section } from '../report.ts';
import { Contenders, leastBusyPercent, measureInRounds, medianRatio, summary, type Results, type RoundSizes } from '../rounds.ts';
import { cachedRegistry } from '../seeded-registry.ts';
import { bareServer, connections, freeRadius, latchkeyOnPostgres, latchkeyServer } from './contenders.ts';

export interface VerificationSizes extends RoundSizes {
  readonly many: number;
  readonly few: number;
  readonly postgres: boolean;
}

/** One server process, keys drawn at random from all devices. */
export async function measureVerification(sizes: VerificationSizes, cache: string): Promise<Section> {
  await using closing = new AsyncDisposableStack();
  const folder = mkdtempSync(join(cache, 'run-'));
  closing.defer(() => rmSync(folder, { recursive: true }));
  const contenders = closing.use(new Contenders());
  const many = await cachedRegistry(cache, sizes.many);
  contenders.add(await bareServer(many));
  contenders.add(await latchkeyServer('many', many, folder));
  contenders.add(await latchkeyServer('few', await cachedRegistry(cache, sizes.few), folder));
  if (hasFreeRadius()) {
    contenders.add(await freeRadius('as shipped', sizes.many, cache, folder));
    contenders.add(await freeRadius('bare', sizes.many, cache, folder));
  }
  if (sizes.postgres) {
    contenders.add(await latchkeyOnPostgres('postgres', sizes.many, folder));
  }
  return toSection(await measureInRounds('verification', contenders.all, sizes), sizes);
}

function toSection(results: Results, sizes: VerificationSizes): Section {
  const of = (name: string) => results.get(name) ?? [];
  const count = (devices: number) => devices.toLocaleString('en');
  const row = (figure: string, ours: string, other: string, goal?: { least: number; text: string }): Row => {
    const ratio = medianRatio(of(ours), of(other));
    const judged = goal === undefined ? undefined : { text: goal.text, met: ratio >= goal.least };
    return { figure, ours: summary(of(ours)), baseline: `${summary(of(other))} (${labels[other] ?? other})`, ratio, goal: judged };
  };
  const labels: Record<string, string> = { bare: 'bare node:http', few: `${count(sizes.few)} devices` };
  const figure = `verifications, SQLite, ${count(sizes.many)} devices`;
  const peers = [...results.keys()].filter((name) => name.startsWith('FreeRADIUS'));
  const busy = [...results].flatMap(([name, list]) => (name === 'postgres' ? [] : list));
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
      `Server on one core, load on the other; the server's process had at least ${leastBusyPercent(busy)} % of its core in every round that counts (CPU time of all its threads from /proc).`,
      'The bare server does the lookup (same file, same pragmas), the opening and the HKDF, and nothing else; ours runs with what it has by default, its rate limit raised by `--rate-limit`.',
      'FreeRADIUS answers PAP over UDP from an indexed SQLite table of as many rows: “as shipped” with the modules and queries of the site that Debian installs, but EAP and what writes; “bare” with PAP and one query.',
      ...(results.has('postgres') ? ['PostgreSQL shares the core of the load, which sleeps there while it has nothing to do.'] : []),
    ],
  };
}
