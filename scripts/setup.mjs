import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { exclusively } from './setup/exclusively.mjs';
import { contentsOf, listingOf, stamp } from './setup/freshness.mjs';
import { installLocked } from './setup/npm.mjs';
import { projectNode } from './setup/project-node.mjs';
import { inProject, root } from './setup/project.mjs';
import { runQuietly } from './setup/run.mjs';

/** What the build is made from. */
const buildInput = ['src', 'bin', 'scripts', 'package.json', 'package-lock.json', 'tsconfig.json'];

/**
 * Sets up whatever is missing or out of date: a Node, the dependencies, the build. Each is left alone, without a look
 * at the network, while what it is made from is unchanged. Says what it does on stderr only.
 *
 * @returns the path of the Node to run this project with
 */
export async function setUp() {
  const node = projectNode();
  const steps = [nodeStep(node), dependenciesStep(node), buildStep(node)];
  if (!steps.every((step) => step.isDone())) {
    await exclusively('setup', async () => {
      for (const step of steps.filter((step) => !step.isDone())) {
        console.error(step.title);
        await step.run();
      }
    });
  }
  return node.path;
}

function nodeStep(node) {
  return { title: 'Installing a Node for this project', isDone: () => node.isReady(), run: () => node.install() };
}

function dependenciesStep(node) {
  const installed = stamp('dependencies', contentsOf(['package-lock.json']));
  return {
    title: 'Installing the dependencies',
    isDone: () => installed.isCurrent() && existsSync(inProject('node_modules')),
    async run() {
      await installLocked(root, node.path);
      installed.write();
    },
  };
}

function buildStep(node) {
  const built = () => stamp('build', listingOf(buildInput));
  return {
    title: 'Building',
    isDone: () => built().isCurrent() && existsSync(inProject('dist')),
    async run() {
      // Taken before: what changes meanwhile is built the next time.
      const stampOfInput = built();
      await runQuietly(node.path, [inProject('scripts', 'building', 'build.ts')], { cwd: root });
      stampOfInput.write();
    },
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await setUp();
}
