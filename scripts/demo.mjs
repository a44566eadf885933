// The stories on one machine, one after the other: `npm run demo`; one of them: `npm run demo STORY`.
import { inProject } from './setup/project.mjs';
import { runInOurPlace } from './setup/run.mjs';
import { setUp } from './setup.mjs';

const stories = ['onboarding', 'pay', 'offline', 'share'];
const given = process.argv.slice(2);
const named = given.some((arg) => !arg.startsWith('-'));

const node = await setUp();
const tell = (...args) => runInOurPlace(node, [inProject('bin', 'run.js'), 'demo', ...args, ...given]);
if (named) {
  process.exitCode = await tell();
} else {
  for (const [index, story] of stories.entries()) {
    if (!given.includes('--json')) {
      console.log(`${index === 0 ? '' : '\n'}latchkey demo ${story}:\n`);
    }
    process.exitCode = await tell(story);
    if (process.exitCode !== 0) {
      break;
    }
  }
}
