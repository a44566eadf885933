// Sets up whatever is missing and runs all tests and checks, or those that are named: `npm test`, `npm test -- PATH`.
import { inProject, root } from './setup/project.mjs';
import { runInOurPlace } from './setup/run.mjs';
import { setUp } from './setup.mjs';

try {
  const node = await setUp();
  process.exitCode = await runInOurPlace(node, [inProject('scripts', 'testing', 'run.ts'), ...process.argv.slice(2)], { cwd: root });
} catch (error) {
  console.error(error.message);
  console.log('0 passed, 1 failed, 0 skipped');
  process.exitCode = 1;
}
