import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** What is measured runs here and nothing else of ours does. */
export const serverCore = 0;
/** Whoever asks it runs here. */
export const loadCore = 1;

/** Why nothing can be pinned on this machine; undefined if it can. */
export function whyNotPinned(): string | undefined {
  if (process.platform !== 'linux') {
    return 'pinning and CPU accounting need Linux';
  }
  if (availableParallelism() < 2) {
    return 'server and load need a core each';
  }
  return spawnSync('taskset', ['--version']).status === 0 ? undefined : 'taskset (util-linux) is not here';
}
