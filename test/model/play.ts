import type { Disks } from './disk.ts';
import { explore, noCoverages, seedOfThisRun, type Exploration } from './explore.ts';
import { sweepServer, sweepPrograms } from './sweep.ts';

/** So many steps at random, and a crash wherever there was none by chance; with `thorough` everywhere once more. */
export async function play(disks: Disks, steps: number, thorough = false): Promise<Exploration> {
  const began = performance.now();
  const coverages = noCoverages();
  const exploration = await explore(disks, steps, seedOfThisRun(), coverages);
  await sweepServer(disks, coverages, { onlyUncovered: !thorough });
  await sweepPrograms(disks, coverages);
  return { ...exploration, seconds: (performance.now() - began) / 1000 };
}
