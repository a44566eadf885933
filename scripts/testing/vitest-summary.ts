import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';
import type { SerializedError } from 'vitest';
import type { DebianPackage } from './debian-packages.ts';

/** How a run of vitest ended, as `npm test` needs it to close. */
export interface TestSummary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly { readonly file: string; readonly name: string; readonly missing: readonly DebianPackage[] }[];
}

/** Writes the summary of a run to the file that `LATCHKEY_TEST_SUMMARY` names. */
export default class VitestSummary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: string) => tests.filter((test) => test.result().state === state);
    const broken = modules.filter((module) => module.errors().length > 0);
    const summary: TestSummary = {
      passed: inState('passed').length,
      failed: inState('failed').length + inState('pending').length + broken.length + unhandledErrors.length,
      skipped: inState('skipped').map((test) => ({
        file: relative(process.cwd(), test.module.moduleId),
        name: test.fullName,
        missing: missingFor(test),
      })),
    };
    writeFileSync(process.env['LATCHKEY_TEST_SUMMARY']!, JSON.stringify(summary));
  }
}

/** What `requires` of test/requirements.ts found missing for this test or a suite around it. */
function missingFor(task: TestCase | TestSuite): readonly DebianPackage[] {
  const { missing } = task.meta() as { missing?: readonly DebianPackage[] };
  if (missing !== undefined) {
    return missing;
  }
  return task.parent.type === 'suite' ? missingFor(task.parent) : [];
}
