import { spawnSync } from 'node:child_process';

/** Whether a program of ours ended well; it has our stdin, stdout and stderr. */
export function runNode(args: readonly string[], env = {}): boolean {
  return spawnSync(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...env } }).status === 0;
}
