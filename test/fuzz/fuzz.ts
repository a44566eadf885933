import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { newCase } from './cases.ts';
import { outcomeOf, type Outcome } from './promises.ts';
import { Random } from './random.ts';

/** One text a line, as JSON: what once had an outcome that none before had. */
const corpusFile = join(import.meta.dirname, 'corpus', 'codes-and-receipts.ndjson');

export interface Findings {
  readonly cases: number;
  /** How often each came. */
  readonly outcomes: ReadonlyMap<Outcome, number>;
  /** What had an outcome that is not in the corpus: the first of each. */
  readonly news: readonly string[];
}

export function readCorpus(): readonly string[] {
  return readFileSync(corpusFile, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as string);
}

export function addToCorpus(texts: readonly string[]): void {
  appendFileSync(corpusFile, texts.map((text) => `${JSON.stringify(text)}\n`).join(''));
}

/** The valid ones among the vectors. */
export function vectorTexts(): readonly string[] {
  return ['credit-code.json', 'code-receipt.json'].flatMap((name) => {
    const { vectors } = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors', name), 'utf8')) as { readonly vectors: readonly { readonly text: string }[] };
    return vectors.map(({ text }) => text);
  });
}

/** Another each time, unless the environment says which. */
export function seedOfThisRun(): number {
  const given = process.env['LATCHKEY_FUZZ_SEED'];
  return given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
}

/** Holds as many cases as there is time for to what is promised. Throws, with what replays it, at the first that is not. */
export function fuzz(seed: number, milliseconds: number): Findings {
  const random = new Random(seed);
  const known = [...vectorTexts(), ...readCorpus()];
  const outcomes = new Map<Outcome, number>(known.map((text) => [outcomeOf(text), 0]));
  const news: string[] = [];
  const end = performance.now() + milliseconds;
  let cases = 0;
  for (; performance.now() < end; cases += 1) {
    const text = newCase(random, known);
    const outcome = held(text, seed);
    if (!outcomes.has(outcome)) {
      news.push(text);
      known.push(text);
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  return { cases, outcomes, news };
}

function held(text: string, seed: number): Outcome {
  try {
    return outcomeOf(text);
  } catch (error) {
    throw new Error(`LATCHKEY_FUZZ_SEED=${seed} found ${JSON.stringify(text)}`, { cause: error });
  }
}
