import { Buffer, isUtf8 } from 'node:buffer';
import { LatchkeyError } from '../domain/errors.ts';
import { quoted } from '../domain/shown-text.ts';
import { runProgram } from '../programs/run-program.ts';
import type { Rename, Renaming } from '../roles/networks/renaming.ts';
import { wordsOf } from './child.ts';

/** A program that is told to end may have a configuration half written. */
const killAfterMs = 10_000;

/**
 * Has a program do it: it gets `pre`, `set` or `restore` as its last argument, and what it has to know in its environment.
 * It runs away from our terminal, so that Ctrl-C ends nothing halfway but what is to be undone anyway. Errors:
 * `invalid_input`, `file_not_found`.
 */
export function renamingHook(command: string): Renaming {
  const words = wordsOf(command);
  const run = async (step: 'pre' | 'set' | 'restore', rename: Rename, signal: AbortSignal) => {
    const [program = '', ...args] = [...words, step];
    const code = await runProgram([program, ...args], { signal, env: environmentOf(rename), alone: true, killAfterMs });
    if (code !== 0) {
      signal.throwIfAborted();
      throw new LatchkeyError('renaming_failed', `${quoted(command)} ${step} ended with ${code === undefined ? 'no exit code' : `exit code ${code}`}.`);
    }
  };
  return {
    description: `${quoted(command)} is run with pre, set and restore: everybody on the network is disconnected when it is renamed, and again when it is set back.`,
    prepare: (rename, signal) => run('pre', rename, signal),
    set: (rename, signal) => run('set', rename, signal),
    restore: (rename, signal) => run('restore', rename, signal),
  };
}

/** A name is there as text only where it can be: a variable holds no NUL, and only UTF-8 from here. */
function environmentOf({ challengeId, first, second, bssids }: Rename): Record<string, string> {
  return {
    LATCHKEY_CHALLENGE_ID: challengeId,
    LATCHKEY_BSSIDS: bssids.join(' '),
    ...nameOf('LATCHKEY_FIRST_SSID', first),
    ...nameOf('LATCHKEY_SECOND_SSID', second),
  };
}

function nameOf(variable: string, ssid: Uint8Array): Record<string, string> {
  const bytes = Buffer.from(ssid);
  return {
    [`${variable}_HEX`]: bytes.toString('hex'),
    ...(isUtf8(bytes) && !bytes.includes(0) ? { [variable]: bytes.toString() } : {}),
  };
}
