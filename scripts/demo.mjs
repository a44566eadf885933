// The whole story on one machine: `npm run demo`, `npm run demo -- STORY`.
import { inProject } from './setup/project.mjs';
import { runInOurPlace } from './setup/run.mjs';
import { setUp } from './setup.mjs';

process.exitCode = await runInOurPlace(await setUp(), [inProject('bin', 'run.js'), 'demo', ...process.argv.slice(2)]);
