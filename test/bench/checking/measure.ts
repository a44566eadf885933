import { serverCore } from '../cores.ts';
import { answerOf } from '../pinned-process.ts';
import type { Row, Section } from '../report.ts';
import { median } from '../statistics.ts';
import { checkerNames, type CheckerName } from './contenders.ts';
import type { CheckingLoad, CheckingResult } from './load.ts';

export interface CheckingSizes {
  readonly cases: number;
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly windowMs: number;
}

const load = new URL('load.ts', import.meta.url);
const leastPerSecond = 50_000;
const leastBusy = 0.95;
const triesPerRound = 3;
const titles: Readonly<Record<CheckerName, string>> = { latchkey: 'Latchkey', 'latchkey-lines': 'Latchkey, lines', cedar: 'Cedar', 'json-rules-engine': 'json-rules-engine' };

/** Decisions of `card check` on 30 checks and 5 expressions, beside two engines for rules on the same cases. */
export async function measureChecking(sizes: CheckingSizes): Promise<Section> {
  const results = new Map<CheckerName, CheckingResult[]>(checkerNames.map((name) => [name, []]));
  let tries = triesPerRound * sizes.rounds;
  for (let counted = 0; counted < sizes.rounds && tries > 0; tries -= 1) {
    const round: [CheckerName, CheckingResult][] = [];
    for (const name of checkerNames) {
      round.push([name, await measured(name, sizes)]);
    }
    console.error(`card check, round ${counted + 1}: ${round.map(([name, { perSecond, busy }]) => `${titles[name]} ${Math.round(perSecond)}/s (${Math.round(busy * 100)} %)`).join(', ')}`);
    mustAgree(round);
    if (round.every(([, { busy }]) => busy >= leastBusy)) {
      round.forEach(([name, result]) => results.get(name)!.push(result));
      counted += 1;
    }
  }
  if (results.get('latchkey')!.length === 0) {
    throw new Error('There was no round in which all had their core: this machine has other work.');
  }
  return toSection(results, sizes);
}

async function measured(name: CheckerName, { cases, warmUpMs, windowMs }: CheckingSizes): Promise<CheckingResult> {
  const asked: CheckingLoad = { name, cases, warmUpMs, windowMs };
  return answerOf<CheckingResult>(serverCore, load, asked);
}

/** A faster answer that is another is no answer. */
function mustAgree(round: readonly (readonly [CheckerName, CheckingResult])[]): void {
  const [[, first] = ['', undefined]] = round;
  const other = round.find(([, { verdicts }]) => verdicts !== first?.verdicts);
  if (other !== undefined) {
    throw new Error(`${titles[other[0]]} decides otherwise: ${JSON.stringify(other[1].outcomes)}, not ${JSON.stringify(first?.outcomes)}.`);
  }
}

function toSection(results: ReadonlyMap<CheckerName, readonly CheckingResult[]>, { cases, windowMs }: CheckingSizes): Section {
  const ours = results.get('latchkey')!;
  const speed = (name: CheckerName) => median(results.get(name)!.map(({ perSecond }) => perSecond));
  const text = (name: CheckerName) => `${Math.round(speed(name)).toLocaleString('en')}/s`;
  const figure = '`card check`, 30 checks and 5 expressions';
  const rows: Row[] = [
    { figure, ours: text('latchkey'), baseline: '', goal: { text: `at least ${leastPerSecond.toLocaleString('en')}/s`, met: speed('latchkey') >= leastPerSecond } },
    ...(['json-rules-engine', 'cedar'] as const).map((name): Row => {
      const ratio = median(ours.map(({ perSecond }, round) => perSecond / results.get(name)![round]!.perSecond));
      return { figure, ours: text('latchkey'), baseline: `${text(name)} (${titles[name]})`, ratio, goal: { text: 'ahead', met: ratio > 1 } };
    }),
    { figure: 'the same, from a line of JSON to the decision’s line', ours: text('latchkey-lines'), baseline: '' },
  ];
  const [{ outcomes } = { outcomes: {} }] = ours;
  const busy = Math.floor(Math.min(...[...results.values()].flat().map((result) => result.busy)) * 100);
  return {
    title: 'Security check',
    rows,
    conditions: [
      `${cases.toLocaleString('en')} services that are drawn (${Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`).join(', ')}), each with its history. One process on one core at a time, ${ours.length} rounds of ${windowMs / 1000} s each, medians; each ratio is that of its round. Each process had at least ${busy} % of its core in every round that counts.`,
      'All give the same outcome and the same failed checks for every case, which is compared in each round. Applications and policies are compiled or parsed once. Ours runs all checks over the service itself: zones, polygons, distances, and expressions in CEL; and says of every check what was compared with what. Cedar (its wasm build, policies parsed beforehand, one that forbids for each check) and json-rules-engine (a rule for each check) know no zones, places or fractions, so they are told hours, dates, areas, distances, speeds and sums, which is not in their time.',
    ],
  };
}
