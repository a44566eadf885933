import { debianPackages } from './debian-packages.ts';
import type { TestSummary } from './vitest-summary.ts';

/** A check beside the tests; it counts as one of them. */
export interface CheckResult {
  readonly name: string;
  readonly passed: boolean;
}

/** What `npm test` ends with: what was not tested and why, then the numbers, alone on the last line. */
export function closingLines(
  checks: readonly CheckResult[],
  tests: TestSummary,
  skipsAreFailures: boolean,
): { lines: string[]; failed: boolean } {
  const skipped = tests.skipped.length;
  const passed = tests.passed + checks.filter((check) => check.passed).length;
  const failedChecks = checks.filter((check) => !check.passed);
  const failed = tests.failed + failedChecks.length + (skipsAreFailures ? skipped : 0);
  const numbers = `${passed} passed, ${failed} failed, ${skipsAreFailures ? 0 : skipped} skipped`;
  const lines = ['', ...failedChecks.map((check) => `Failed: ${check.name}`), ...skippedLines(tests), numbers];
  return { lines, failed: failed > 0 };
}

function skippedLines({ skipped }: TestSummary): string[] {
  const missing = [...new Set(skipped.flatMap((test) => test.missing))];
  const bySuites = Map.groupBy(missing, (name) => debianPackages[name].suites);
  const wanting = [...bySuites].map(([suites, names]) => `Not tested for want of ${names.join(', ')}: ${suites}`);
  const install = missing.length === 0 ? [] : [`Install with: apt-get install ${missing.join(' ')}`];
  const others = skipped.filter((test) => test.missing.length === 0);
  return [...wanting, ...install, ...others.map((test) => `Skipped: ${test.file} > ${test.name}`)];
}
