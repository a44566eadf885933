// The CLI under the project's own Node: `npm run -s latchkey -- ARGS`.
import { inProject } from './setup/project.mjs';
import { runInOurPlace } from './setup/run.mjs';
import { setUp } from './setup.mjs';

// npm moves into the project's folder; relative paths are meant from where its user stands.
const cwd = process.env.npm_lifecycle_event === 'latchkey' ? process.env.INIT_CWD : undefined;
process.exitCode = await runInOurPlace(await setUp(), [inProject('bin', 'run.js'), ...process.argv.slice(2)], { cwd });
