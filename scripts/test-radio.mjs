// Sets up whatever is missing and runs the tests on radios, or those that are named: `npm run test:radio -- PATH`.
import { inProject, root } from './setup/project.mjs';
import { runInOurPlace } from './setup/run.mjs';
import { setUp } from './setup.mjs';

try {
  const node = await setUp();
  process.exitCode = await runInOurPlace(node, [inProject('scripts', 'testing', 'run-radio.ts'), ...process.argv.slice(2)], { cwd: root });
} catch (error) {
  console.error(error.message);
  console.log('0 passed, 1 failed, 0 skipped');
  process.exitCode = 1;
}
