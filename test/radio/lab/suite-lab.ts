import { afterAll, afterEach, beforeAll } from 'vitest';
import { startLab, type Lab, type LabOptions } from './lab.ts';

/** A lab for all tests of a file, booted before them. When one fails, the end of everything's log is printed. */
export function suiteLab(options: LabOptions): () => Lab {
  let lab: Lab | undefined;
  beforeAll(async () => {
    lab = await startLab(options);
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') {
      console.error(`${task.name}\n${lab?.log()}`);
    }
  });
  afterAll(() => lab?.stop());
  return () => lab!;
}
