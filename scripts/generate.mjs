// Makes the files that are generated and committed, or with --check compares them: `npm run generate`.
import { inProject, root } from './setup/project.mjs';
import { runInOurPlace } from './setup/run.mjs';
import { setUp } from './setup.mjs';

process.exitCode = await runInOurPlace(await setUp(), [inProject('scripts', 'generating', 'generate.ts'), ...process.argv.slice(2)], { cwd: root });
