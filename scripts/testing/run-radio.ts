import { closingLines } from './closing-lines.ts';
import { installMissingPackages, missingPackages, packagesOfRadioLab } from './debian-packages.ts';
import { installRadioKernel } from './radio-kernel.ts';
import { skipsAreFailures } from './strictness.ts';
import { runVitest } from './vitest-run.ts';

installMissingPackages(packagesOfRadioLab);
const missing = missingPackages(packagesOfRadioLab);
if (missing.length > 0) {
  console.error(`The radio lab needs a Debian with: apt-get install --no-install-recommends ${missing.join(' ')}`);
  console.log('0 passed, 1 failed, 0 skipped');
  process.exit(1);
}
installRadioKernel();
const summary = runVitest(['--config=test/radio/vitest.config.ts', ...process.argv.slice(2)]);
const { lines, failed } = closingLines([], summary, skipsAreFailures);
console.log(lines.join('\n'));
process.exitCode = failed ? 1 : 0;
