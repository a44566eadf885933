import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { answerOf } from '../pinned-process.ts';
import { serverCore } from '../cores.ts';
import type { Row, Section } from '../report.ts';
import { median } from '../statistics.ts';
import type { AcceptingAnswer, AcceptingOptions, AcceptingRound } from './accept-codes.ts';
import { cachedJournal } from './seeded-journal.ts';

export interface AcceptingSizes {
  readonly many: number;
  readonly rounds: number;
  readonly codes: number;
  readonly accepted: number;
}

const program = new URL('accept-codes.ts', import.meta.url);
const leastBusy = 0.95;
const tries = 3;

/** From the text of a credit payment code to the decision, beside two bare verifications, with a short journal and a long one. */
export async function measureAccepting({ many, rounds, codes, accepted }: AcceptingSizes, cache: string): Promise<Section> {
  await using closing = new AsyncDisposableStack();
  const folder = mkdtempSync(join(cache, 'run-'));
  closing.defer(() => rmSync(folder, { recursive: true }));
  const long = join(folder, 'many.db');
  copyFileSync(await cachedJournal(cache, many), long);
  let answer: AcceptingAnswer;
  let turn = 0;
  do {
    const options: AcceptingOptions = { empty: join(folder, `empty-${turn}.db`), many: long, rounds, codes, accepted };
    answer = await answerOf<AcceptingAnswer>(serverCore, program, options);
    turn += 1;
  } while (answer.busy < leastBusy && turn < tries);
  if (answer.busy < leastBusy) {
    throw new Error('There was no run that had its core: this machine has other work.');
  }
  return toSection(answer, { many, rounds, codes, accepted });
}

function toSection({ rounds, busy }: AcceptingAnswer, sizes: AcceptingSizes): Section {
  const ratio = (one: keyof AcceptingRound, other: keyof AcceptingRound) => median(rounds.map((round) => round[one] / round[other]));
  const micros = (name: keyof AcceptingRound, each: number) => `${((median(rounds.map((round) => round[name])) / each) * 1000).toFixed(1)} µs`;
  const count = sizes.many.toLocaleString('en');
  const row = (figure: string, [ours, each]: [keyof AcceptingRound, number], other: keyof AcceptingRound, baseline: string, most?: number): Row => {
    const found = ratio(ours, other);
    return {
      figure, ours: micros(ours, each), baseline: `${micros(other, each)} (${baseline})`, ratio: found,
      goal: most === undefined ? undefined : { text: `at most ${most.toFixed(2)}`, met: found <= most },
    };
  };
  const empty = 'an empty journal';
  return {
    title: 'Accepting codes',
    rows: [
      row('a code’s text to the decision, without the disk', ['judgedEmpty', sizes.codes], 'bare', 'two bare Ed25519 verifications', 1.5),
      row(`the same, ${count} acceptances in the journal`, ['judgedMany', sizes.codes], 'judgedEmpty', empty, 1.1),
      row(`accepted, receipt signed and on the disk, ${count} in the journal`, ['acceptedMany', sizes.accepted], 'acceptedEmpty', empty, 1.1),
    ],
    conditions: [
      `${sizes.rounds} rounds of ${sizes.codes.toLocaleString('en')} codes, each of a token and a holder of its own, with three payees, bound to amount and payee; by turns in pieces of 50, medians of the rounds’ ratios. One process on one core, of which it had ${Math.floor(busy * 100)} % while no disk was waited for.`,
      'The bare verifications have their keys ready and messages of the same length; an acceptance reads base45 and CBOR, takes the holder’s key out of the token, and asks its journal and 1,000 revocations.',
      `On the disk: ${sizes.accepted.toLocaleString('en')} of each round’s, one after the other, each its own commit in SQLite (synchronous=FULL).`,
    ],
  };
}
