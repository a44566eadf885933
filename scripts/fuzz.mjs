// Sets up whatever is missing and changes codes and receipts for long: `npm run fuzz -- --help`.
import { inProject, root } from './setup/project.mjs';
import { runInOurPlace } from './setup/run.mjs';
import { setUp } from './setup.mjs';

process.exitCode = await runInOurPlace(await setUp(), [inProject('test', 'fuzz', 'run.ts'), ...process.argv.slice(2)], { cwd: root });
