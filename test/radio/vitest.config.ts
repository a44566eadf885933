import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: join(import.meta.dirname, '../..'),
  test: {
    include: ['test/radio/**/*.test.ts'],
    pool: 'forks',
    // Each file boots a machine, which takes all of a processor.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 180_000,
    allowOnly: false,
  },
});
