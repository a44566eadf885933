import { program } from '../program.ts';
import { PinnedProcess } from './pinned-process.ts';

/** The built program as users run it, pinned to a core, with `--json`. */
export function startLatchkey(core: number, args: readonly string[], env: NodeJS.ProcessEnv): PinnedProcess {
  return new PinnedProcess(core, [process.execPath, program, ...args, '--json'], env);
}
