import { closingLines, type CheckResult } from './closing-lines.ts';
import { installMissingPackages, packagesOfTests } from './debian-packages.ts';
import { runNode } from './node-process.ts';
import { skipsAreFailures } from './strictness.ts';
import { runVitest } from './vitest-run.ts';

const checks = {
  'types of everything': ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'],
  'types of the domain, without Node': ['node_modules/typescript/bin/tsc', '-p', 'src/domain/tsconfig.json'],
  'generated files are fresh': ['scripts/generating/generate.ts', '--check'],
};

const filters = process.argv.slice(2);
installMissingPackages(packagesOfTests);
const results: CheckResult[] = [];
// Whoever names tests wants those alone.
if (filters.length === 0) {
  for (const [name, args] of Object.entries(checks)) {
    console.log(`\n# ${name}`);
    results.push({ name, passed: runNode(args) });
  }
}
console.log('\n# tests');
const { lines, failed } = closingLines(results, runVitest(filters), skipsAreFailures);
console.log(lines.join('\n'));
process.exitCode = failed ? 1 : 0;
