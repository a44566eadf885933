import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNode } from './node-process.ts';
import type { TestSummary } from './vitest-summary.ts';

/** Runs vitest with these arguments, which may be options and names of tests. */
export function runVitest(args: readonly string[]): TestSummary {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  const file = join(folder, 'summary.json');
  try {
    const reporters = ['--reporter=default', '--reporter=./scripts/testing/vitest-summary.ts'];
    const passed = runNode(['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...args], { LATCHKEY_TEST_SUMMARY: file });
    const summary = JSON.parse(readFileSync(file, 'utf8')) as TestSummary;
    // Such as no test found, or a failure before or after all tests.
    return passed || summary.failed > 0 ? summary : { ...summary, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
