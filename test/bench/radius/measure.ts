import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasFreeRadius } from '../peers/freeradius.ts';
import type { Row, Section } from '../report.ts';
import { Contenders, leastBusyPercent, measureInRounds, medianRatio, summary, type Results, type RoundSizes } from '../rounds.ts';
import { accessPoints, freeRadius, latchkeyAgent } from './contenders.ts';

export interface RadiusSizes extends RoundSizes {
  readonly grants: number;
}

/** Who may join, and with which password: asked by RADIUS of stations drawn at random from all that have a grant. */
export async function measureRadius(sizes: RadiusSizes, cache: string): Promise<Section> {
  await using closing = new AsyncDisposableStack();
  const folder = mkdtempSync(join(cache, 'run-'));
  closing.defer(() => rmSync(folder, { recursive: true }));
  const contenders = closing.use(new Contenders());
  contenders.add(await latchkeyAgent(sizes.grants, cache));
  if (hasFreeRadius()) {
    contenders.add(await freeRadius('as shipped', sizes.grants, cache, folder));
    contenders.add(await freeRadius('bare', sizes.grants, cache, folder));
  }
  return toSection(await measureInRounds('RADIUS', contenders.all, sizes), sizes);
}

function toSection(results: Results, { grants, windowMs }: RadiusSizes): Section {
  const [[, ours] = ['', []], ...peers] = [...results];
  const figure = `Access-Requests, SQLite, ${grants.toLocaleString('en')} grants`;
  const rows = peers.map(([name, theirs]): Row => {
    const ratio = medianRatio(ours, theirs);
    return { figure, ours: summary(ours), baseline: `${summary(theirs)} (${name})`, ratio, goal: { text: 'ahead', met: ratio > 1 } };
  });
  return {
    title: 'RADIUS',
    rows: rows.length > 0 ? rows : [{ figure, ours: summary(ours), baseline: 'FreeRADIUS is not here' }],
    conditions: [
      `Access-Requests as hostapd sends them for a station, signed; each answer signed, with the station's own password (hidden), its VLAN, its grant and the interval for accounting; grants have no limit of time or traffic. ${accessPoints} access points, one request at a time each, ${ours.length} rounds of ${windowMs / 1000} s, medians; each ratio is that of its round.`,
      `Server on one core, load on the other; the server's process had at least ${leastBusyPercent([...results.values()].flat())} % of its core in every round that counts (CPU time of all its threads from /proc). Of every 512th answer signature, password, VLAN and grant are compared, of the others the code.`,
      'FreeRADIUS has the same stations in SQLite, put in in the same order: “as shipped” with the modules and queries of the site that Debian installs, but EAP and what writes; “bare” with one query by the primary key, and nothing else. Each has as many threads as did best here, its file is written ahead (WAL) as ours is, nothing is logged of a request, and what is the same for all stations comes from the configuration.',
    ],
  };
}
