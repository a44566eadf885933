import fc from 'fast-check';
import { Coverage } from './crash-points.ts';
import type { Disks } from './disk.ts';
import type { Coverages } from './server.ts';
import { anyStep } from './steps.ts';
import { World } from './world.ts';

const stepsOfRun = 300;
const runsOfPart = 10;
/** A failure is made smaller for so long. */
const shrinkMs = 120_000;

export interface Exploration {
  readonly steps: number;
  readonly runs: number;
  readonly seed: number;
  readonly seconds: number;
  readonly coverages: Coverages;
}

/** Another each time, unless the environment says which. */
export function seedOfThisRun(): number {
  const given = process.env['LATCHKEY_MODEL_SEED'];
  return given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
}

export function noCoverages(): Coverages {
  return { server: new Coverage(), terminal: new Coverage(), register: new Coverage(), answers: new Map() };
}

/** What runs are played in, made anew for each. */
export interface Playable {
  /** Taken by whoever. */
  steps: number;
  /** Ends everything without further faults. Throws if something is not as it has to be. */
  end(): Promise<void>;
  remove(): Promise<void>;
}

export type Played = Pick<Exploration, 'steps' | 'runs' | 'seed' | 'seconds'>;

/**
 * Has fast-check play runs until there were so many steps. Throws, with what replays it, at the first run that is not as
 * the plain ledger has it.
 */
export async function explore(disks: Disks, leastSteps: number, seed: number, coverages: Coverages): Promise<Exploration> {
  return { ...(await playRuns<World>(disks.name, anyStep, () => World.create(disks, coverages), leastSteps, seed)), coverages };
}

/** The same in any world, against what its own rules have. */
export async function playRuns<Real extends Playable>(
  name: string,
  anyStep: fc.Arbitrary<fc.AsyncCommand<Real, Real>>,
  create: () => Promise<Real>,
  leastSteps: number,
  seed: number,
): Promise<Played> {
  const began = performance.now();
  const { LATCHKEY_MODEL_PATH: path, LATCHKEY_MODEL_REPLAY: replayPath } = process.env;
  let [steps, runs] = [0, 0];
  let last: Promise<void> = Promise.resolve();
  const commands = fc.commands([anyStep], { maxCommands: stepsOfRun, size: 'max', ...(replayPath === undefined ? {} : { replayPath }) });
  const play = async (run: Iterable<fc.AsyncCommand<Real, Real>>) => {
    const world = await create();
    try {
      await fc.asyncModelRun(() => ({ model: world, real: world }), run);
      await world.end();
    } finally {
      steps += world.steps;
      runs += 1;
      await world.remove();
    }
  };
  const property = fc.asyncProperty(commands, (run) => {
    last = play(run);
    return last;
  });
  for (let part = 0; steps < leastSteps && (path === undefined || part === 0); part += 1) {
    const details = await fc.check(property, { seed: seed + part, numRuns: runsOfPart, interruptAfterTimeLimit: shrinkMs, ...(path === undefined ? {} : { path, endOnFailure: true }) });
    // One that it did not wait for, when its time was over.
    await last.catch(() => {});
    if (details.failed && details.counterexample !== null) {
      const replay = /replayPath="([^"]*)"/.exec(fc.stringify(details.counterexample[0]))?.[1] ?? '';
      throw new Error(
        `${name}: ${String((details.errorInstance as Error | undefined)?.message)}\n\nafter\n${[...details.counterexample[0]].join('\n')}\n\n`
          + `Again: LATCHKEY_MODEL_SEED=${details.seed} LATCHKEY_MODEL_PATH=${details.counterexamplePath} LATCHKEY_MODEL_REPLAY='${replay}'`,
        { cause: details.errorInstance },
      );
    }
  }
  return { steps, runs, seed, seconds: (performance.now() - began) / 1000 };
}

/** What was done, in a few lines. */
export function summary(name: string, { steps, runs, seed, seconds, coverages }: Exploration): string {
  const answers = [...coverages.answers].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([answer, count]) => `${answer} ${count}`);
  return [
    `${name}: ${steps} steps in ${runs} runs, LATCHKEY_MODEL_SEED=${seed}, ${seconds.toFixed(1)} s`,
    `Crashes of the server before and after each of its statements, ${coverages.server.total} in all:`,
    coverages.server.table,
    `Crashes of a terminal, and failures of its disk, before and after each of its steps, ${coverages.terminal.total} in all:`,
    coverages.terminal.table,
    `Crashes of a register, and failures of its disk, before and after each of its steps, ${coverages.register.total} in all:`,
    coverages.register.table,
    `Answers: ${answers.join(', ')}`,
  ].join('\n');
}
