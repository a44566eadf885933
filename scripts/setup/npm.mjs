import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { runQuietly } from './run.mjs';

/** Installs what the lock file in this folder names, with the machine's npm run by the given Node. */
export async function installLocked(folder, node) {
  await runQuietly(node, [npmScript(), 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
}

/** npm's own JavaScript: the one that is running us, or else the one that the shell would find. */
function npmScript() {
  const running = process.env.npm_execpath;
  const found = [running, ...onPath()].find((path) => path !== undefined && /npm-cli\.js$/.test(path) && existsSync(path));
  if (found === undefined) {
    throw new Error('npm is needed to set this project up, and is not on the PATH.');
  }
  return found;
}

/** On Unix `npm` is a link to the script; on Windows `npm.cmd` lies beside the folder that holds it. */
function onPath() {
  return (process.env.PATH ?? '').split(delimiter).flatMap((folder) => {
    const link = join(folder, 'npm');
    const bundled = join(folder, 'node_modules', 'npm', 'bin', 'npm-cli.js');
    const beside = join(dirname(folder), 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js');
    return [...(existsSync(link) ? [realpathSync(link)] : []), bundled, beside];
  });
}
