import { LatchkeyError } from '../domain/errors.ts';
import { quoted } from '../domain/shown-text.ts';
import { runProgram } from '../programs/run-program.ts';
import { wordsOf } from './child.ts';

export interface RunningLow {
  readonly requestId: string;
  readonly grantId: string;
  /** Such as `80%`. */
  readonly threshold: string;
  /** Such as `100MB`. */
  readonly remaining: string;
}

/** Tells a program that access runs low, in its environment. Errors: `invalid_input`, `file_not_found`, `hook_failed`. */
export function lowHook(command: string): (low: RunningLow, signal: AbortSignal) => Promise<void> {
  const words = wordsOf(command);
  return async ({ requestId, grantId, threshold, remaining }, signal) => {
    const env = { LATCHKEY_REQUEST_ID: requestId, LATCHKEY_GRANT_ID: grantId, LATCHKEY_THRESHOLD: threshold, LATCHKEY_REMAINING: remaining };
    const code = await runProgram(words, { signal, env });
    if (code !== 0 && !signal.aborted) {
      throw new LatchkeyError('hook_failed', `${quoted(command)} ended with ${code === undefined ? 'no exit code' : `exit code ${code}`}.`);
    }
  };
}
