import { LatchkeyError } from '../domain/errors.ts';
import { runProgram } from '../programs/run-program.ts';

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
    throw new LatchkeyError('invalid_input', 'There is no command.');
  }
  return words;
}

/** Runs a program with JSON on its standard input, as `runProgram` does; what it writes goes to our stderr. */
export async function runWithJson(words: readonly string[], input: object, signal: AbortSignal): Promise<number | undefined> {
  return runProgram(words, { input: `${JSON.stringify(input)}\n`, signal });
}
