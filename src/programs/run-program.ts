import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { LatchkeyError } from '../domain/errors.ts';

const killAfterMs = 2000;
const strayMs = 500;

export interface ProgramOptions {
  readonly signal: AbortSignal;
  /** What it gets on standard input; it is empty if not given. */
  readonly input?: string | undefined;
  /** Told of what it writes; without, that goes to our stderr. */
  readonly onOutput?: ((text: string) => void) | undefined;
  /** In a process group of its own, away from our terminal: it ends with all that it has started. */
  readonly alone?: boolean | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** How long it may take to end when it is told to. */
  readonly killAfterMs?: number | undefined;
}

/**
 * Runs a program and returns its exit code; undefined if it was ended by the signal or by another one. No shell is
 * between. It inherits the environment but for our own variables, which may hold secrets. Errors: `file_not_found`
 * (it cannot be started).
 */
export async function runProgram([program = '', ...args]: readonly string[], options: ProgramOptions): Promise<number | undefined> {
  const { signal, input, onOutput, alone = false } = options;
  if (signal.aborted) {
    return undefined;
  }
  const output = onOutput === undefined ? 2 : 'pipe';
  const child = spawn(program, args, {
    env: { ...programEnvironment(), ...options.env },
    shell: false,
    detached: alone,
    stdio: [input === undefined ? 'ignore' : 'pipe', output, output],
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  child.stdout?.setEncoding('utf8').on('data', onOutput!);
  child.stderr?.setEncoding('utf8').on('data', onOutput!);
  // A program that does not read its input is none the worse for it.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);

  let killing: NodeJS.Timeout | undefined;
  const stop = () => {
    kill(child, alone, 'SIGTERM');
    killing = setTimeout(() => kill(child, alone, 'SIGKILL'), options.killAfterMs ?? killAfterMs);
  };
  signal.addEventListener('abort', stop, { once: true });
  if (alone) {
    // What it left behind in its group keeps its output open.
    child.once('exit', () => (killing ??= setTimeout(() => kill(child, alone, 'SIGKILL'), strayMs)));
  }
  try {
    const [code] = await ended;
    return signal.aborted ? undefined : (code ?? undefined);
  } catch (error) {
    throw new LatchkeyError('file_not_found', `The program ${program} cannot be started.`, { cause: error });
  } finally {
    signal.removeEventListener('abort', stop);
    clearTimeout(killing);
  }
}

/** What programs inherit: all but our own variables, which may hold secrets. */
export function programEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LATCHKEY_')));
}

function kill(child: ChildProcess, alone: boolean, signal: NodeJS.Signals): void {
  if (!alone || child.pid === undefined || process.platform === 'win32') {
    child.kill(signal);
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Nobody is left in its group.
  }
}
