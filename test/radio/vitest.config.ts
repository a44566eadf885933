import { basename, join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Those that take longest begin first: none is then left over that runs alone. */
const longest = ['share.test.ts', 'network-manager.test.ts', 'join.test.ts', 'grants.test.ts', 'sae.test.ts', 'radius.test.ts'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => longest.indexOf(basename(moduleId)) + 1 || longest.length + 1;
    return files.toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  root: join(import.meta.dirname, '../..'),
  test: {
    include: ['test/radio/**/*.test.ts'],
    pool: 'forks',
    // Each file boots a machine, which takes all of a processor at first, and half of one later.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    testTimeout: 240_000,
    hookTimeout: 240_000,
    allowOnly: false,
  },
});
