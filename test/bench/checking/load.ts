/** Decides case after case for a while, and prints how many it was a second, and what was decided. */
import { hash } from 'node:crypto';
import { busyShare, usageOf } from '../process-usage.ts';
import { makeChecker, type CheckerName, type Verdict } from './contenders.ts';

export interface CheckingLoad {
  readonly name: CheckerName;
  readonly cases: number;
  readonly warmUpMs: number;
  readonly windowMs: number;
}

export interface CheckingResult {
  readonly perSecond: number;
  readonly busy: number;
  /** SHA-256 of all that was decided. */
  readonly verdicts: string;
  readonly outcomes: Readonly<Record<string, number>>;
}

const { name, cases, warmUpMs, windowMs } = JSON.parse(process.argv[2]!) as CheckingLoad;
const { decide, verdict } = makeChecker(name, cases);

const verdicts: Verdict[] = [];
for (let at = 0; at < cases; at += 1) {
  verdicts.push(verdict(await decide(at)));
}
const outcomes: Record<string, number> = {};
for (const each of verdicts) {
  const [outcome = ''] = each.split(' ');
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
}

await decideFor(warmUpMs);
const before = usageOf(process.pid);
const decided = await decideFor(windowMs);
const after = usageOf(process.pid);
const result: CheckingResult = { perSecond: (decided * 1000) / (after.atMs - before.atMs), busy: busyShare(before, after), verdicts: hash('sha256', verdicts.join('\n')), outcomes };
console.log(JSON.stringify(result));

async function decideFor(ms: number): Promise<number> {
  const end = performance.now() + ms;
  let count = 0;
  while (performance.now() < end) {
    for (let at = 0; at < 100; at += 1) {
      const decided = decide((count + at) % cases);
      // Only what answers later is waited for.
      if (decided instanceof Promise) await decided;
    }
    count += 100;
  }
  return count;
}
