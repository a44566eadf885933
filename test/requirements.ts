import { describe, type SuiteFactory, test } from 'vitest';
import { type DebianPackage, missingPackages } from '../scripts/testing/debian-packages.ts';
import { skipsAreFailures } from '../scripts/testing/strictness.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** What a suite was skipped for the want of. */
    missing?: readonly DebianPackage[];
  }
}

/**
 * `describe` for suites that need Debian packages: `requires('openssl')('a client that is not ours', () => …)`.
 * Where one is missing the suite is skipped, and `npm test` says so at its end with what to install; under
 * `CI=true` or `LATCHKEY_TEST_REQUIRE_ALL=1` it fails.
 */
export function requires(...packages: readonly [DebianPackage, ...DebianPackage[]]) {
  const missing = missingPackages(packages);
  return (name: string, suite: SuiteFactory) => {
    if (missing.length > 0 && skipsAreFailures) {
      describe(name, () => {
        test('has what it needs', () => {
          throw new Error(`Not installed: ${missing.join(', ')}`);
        });
      });
      return;
    }
    describe(name, { skip: missing.length > 0, meta: { missing } }, suite);
  };
}
