// Sets up whatever is missing and runs the bench: `npm run bench -- --help`.
import { inProject, root } from './setup/project.mjs';
import { runInOurPlace } from './setup/run.mjs';
import { setUp } from './setup.mjs';

process.exitCode = await runInOurPlace(await setUp(), [inProject('test', 'bench', 'run.ts'), ...process.argv.slice(2)], { cwd: root });
