import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { program } from '../program.ts';
import { peakMemoryMiB, usageOf } from './process-usage.ts';

/** What a process took from its start to its end. */
export interface WholeRun {
  readonly ms: number;
  readonly cpuMs: number;
  readonly peakMiB: number;
  readonly stdout: string;
}

export interface WholeOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** What is done beside it. */
  readonly beside?: () => Promise<void>;
}

/** The kernel keeps the peak and the time, so that what is read last is right but for what came behind. */
const sampledEveryMs = 20;

/** Runs a program to its end; throws unless it ends with 0. */
export async function runWhole(command: readonly string[], { env = process.env, cwd, beside }: WholeOptions = {}): Promise<WholeRun> {
  const begun = performance.now();
  const child = spawn(command[0]!, command.slice(1), { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout = (stdout + text).slice(-4000)));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4000)));
  let [cpuMs, peakMiB] = [0, 0];
  const sampling = setInterval(() => {
    try {
      peakMiB = peakMemoryMiB(child.pid!) || peakMiB;
      cpuMs = usageOf(child.pid!).cpuMs;
    } catch {
      // It has ended since.
    }
  }, sampledEveryMs);
  try {
    const gone = once(child, 'close') as Promise<[number | null]>;
    const [[status]] = await Promise.all([gone, Promise.race([gone, beside?.()])]);
    if (status !== 0) {
      throw new Error(`${command.join(' ')} ended with ${status}: ${stderr}`);
    }
    return { ms: performance.now() - begun, cpuMs, peakMiB, stdout };
  } finally {
    // Only if what is beside it failed it still is there.
    child.kill('SIGKILL');
    clearInterval(sampling);
    process.off('exit', kill);
  }
}

/** The built program as users run it. */
export function runLatchkey(args: readonly string[], options: WholeOptions & { readonly core?: number } = {}): Promise<WholeRun> {
  const pinned = options.core === undefined ? [] : ['taskset', '-c', String(options.core)];
  return runWhole([...pinned, process.execPath, program, ...args], options);
}
