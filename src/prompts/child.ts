import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { LatchkeyError } from '../domain/errors.ts';

const killAfterMs = 2000;

/**
 * The words of a command line: separated by spaces, kept together by '…' or "…", nothing else is special. No shell
 * sees it. Errors: `invalid_input`.
 */
export function wordsOf(command: string): string[] {
  const words: string[] = [];
  let rest = command.trimStart();
  while (rest !== '') {
    const match = /^(?:"([^"]*)"|'([^']*)'|([^\s"']+))(?:\s+|$)/.exec(rest);
    if (match === null) {
      throw new LatchkeyError('invalid_input', `The quotes in "${command}" do not fit together.`);
    }
    words.push(match[1] ?? match[2] ?? match[3] ?? '');
    rest = rest.slice(match[0].length);
  }
  if (words.length === 0 || words[0] === '') {
    throw new LatchkeyError('invalid_input', 'There is no command behind "exec:".');
  }
  return words;
}

/**
 * Runs a program with JSON on its standard input and returns its exit code; undefined if it was ended by the signal
 * or by another one. It inherits the environment but for our own variables, which may hold secrets; what it writes
 * goes to our stderr. Errors: `file_not_found` (it cannot be started).
 */
export async function runWithJson(words: readonly string[], input: object, signal: AbortSignal): Promise<number | undefined> {
  const [program = '', ...args] = words;
  if (signal.aborted) {
    return undefined;
  }
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LATCHKEY_')));
  const child = spawn(program, args, { env, shell: false, stdio: ['pipe', 2, 2] });
  const ended = once(child, 'close') as Promise<[number | null]>;
  // A program that does not read its input is none the worse for it.
  child.stdin?.on('error', () => {});
  child.stdin?.end(`${JSON.stringify(input)}\n`);

  let killing: NodeJS.Timeout | undefined;
  const stop = () => {
    child.kill('SIGTERM');
    killing = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  };
  signal.addEventListener('abort', stop, { once: true });
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
