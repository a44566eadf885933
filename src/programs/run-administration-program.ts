import { delimiter } from 'node:path';
import { LatchkeyError } from '../domain/errors.ts';
import { runProgram, type ProgramOptions } from './run-program.ts';

/** As `runProgram`, for what administrators run: it is found also where the user's PATH lacks the folders of such programs. */
export async function runAdministrationProgram(words: readonly [program: string, ...args: string[]], options: ProgramOptions): Promise<number | undefined> {
  try {
    return await runProgram(words, { ...options, env: { PATH: administrationFolders(), ...options.env } });
  } catch (error) {
    throw error instanceof LatchkeyError && error.code === 'file_not_found'
      ? new LatchkeyError('file_not_found', `There is no program ${words[0]} here.`, { hint: 'Install it, as your system installs programs.', cause: error })
      : error;
  }
}

/** A PATH with the folders of such programs at its end. */
export function administrationFolders(): string {
  return [process.env['PATH'] ?? '', '/usr/sbin', '/sbin'].join(delimiter);
}
