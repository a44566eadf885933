// Sets up whatever is missing and plays payments for long: `npm run soak -- --help`.
import { inProject, root } from './setup/project.mjs';
import { runInOurPlace } from './setup/run.mjs';
import { setUp } from './setup.mjs';

process.exitCode = await runInOurPlace(await setUp(), [inProject('test', 'model', 'soak.ts'), ...process.argv.slice(2)], { cwd: root });
