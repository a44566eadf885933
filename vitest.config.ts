import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts'],
    // These boot machines: `npm run test:radio`.
    exclude: ['test/radio/**', '**/node_modules/**'],
    // Processes, because tests start programs, change the environment and wait for signals.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 120_000,
    allowOnly: false,
    // Else what oclif prints under test never reaches the stream that the test captures.
    disableConsoleIntercept: true,
  },
});
