import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closingLines, type CheckResult } from './closing-lines.ts';
import { installMissingPackages } from './debian-packages.ts';
import { skipsAreFailures } from './strictness.ts';
import type { TestSummary } from './vitest-summary.ts';

const checks = {
  'types of everything': ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'],
  'types of the domain, without Node': ['node_modules/typescript/bin/tsc', '-p', 'src/domain/tsconfig.json'],
  'generated files are fresh': ['scripts/generating/generate.ts', '--check'],
};

const filters = process.argv.slice(2);
installMissingPackages();
const results: CheckResult[] = [];
// Whoever names tests wants those alone.
if (filters.length === 0) {
  for (const [name, args] of Object.entries(checks)) {
    console.log(`\n# ${name}`);
    results.push({ name, passed: runNode(args) });
  }
}
console.log('\n# tests');
const { lines, failed } = closingLines(results, runVitest(), skipsAreFailures);
console.log(lines.join('\n'));
process.exitCode = failed ? 1 : 0;

function runVitest(): TestSummary {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  const file = join(folder, 'summary.json');
  try {
    const reporters = ['--reporter=default', '--reporter=./scripts/testing/vitest-summary.ts'];
    const passed = runNode(['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...filters], { LATCHKEY_TEST_SUMMARY: file });
    const summary = JSON.parse(readFileSync(file, 'utf8')) as TestSummary;
    // Such as no test found, or a failure before or after all tests.
    return passed || summary.failed > 0 ? summary : { ...summary, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function runNode(args: readonly string[], env = {}): boolean {
  return spawnSync(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...env } }).status === 0;
}
