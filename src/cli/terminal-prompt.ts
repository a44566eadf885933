import type { Prompt } from '../roles/agent/ports.ts';
import { screenOf } from './present/screen.ts';
import { presentQuestion } from './present/question.ts';

/** Keys of this long before a question is shown were meant for the one before it, or for nothing. */
export const earlierMs = 300;

/** Asks on the terminal and takes one key for an answer: y, n, or l to decide later. */
export function terminalPrompt(stdin: NodeJS.ReadStream = process.stdin, stderr: NodeJS.WriteStream = process.stderr): Prompt {
  return {
    async ask(question, signal) {
      stdin.setRawMode(true);
      stdin.resume();
      try {
        await keyOf(stdin, '', AbortSignal.any([signal, AbortSignal.timeout(earlierMs)]));
        if (signal.aborted) {
          return undefined;
        }
        stderr.write(`${presentQuestion(question, await screenOf(stderr))}\n`);
        const key = await keyOf(stdin, 'ynl', signal);
        stderr.write(`  ${key === undefined ? 'no longer asked' : words[key]}\n`);
        return key === undefined || key === 'l' ? undefined : key === 'y';
      } finally {
        stdin.setRawMode(false);
        stdin.pause();
      }
    },
    close: async () => {},
  };
}

const words: Readonly<Record<string, string>> = { y: 'yes', n: 'no', l: 'later' };

/** The first key that is one of `keys`; undefined if the signal comes before. */
export async function keyOf(stdin: NodeJS.ReadStream, keys: string, signal: AbortSignal): Promise<string | undefined> {
  if (signal.aborted) {
    return undefined;
  }
  return new Promise((resolve) => {
    const onKey = (data: Buffer) => {
      const key = data.toString('latin1').toLowerCase();
      if (key.includes('\u0003')) {
        // A raw terminal sends Ctrl-C as a key.
        process.kill(process.pid, 'SIGINT');
      } else if (keys.includes(key[0] ?? '-')) {
        end(key[0]);
      }
    };
    const onAbort = () => end(undefined);
    const end = (key: string | undefined) => {
      stdin.off('data', onKey);
      signal.removeEventListener('abort', onAbort);
      resolve(key);
    };
    stdin.on('data', onKey);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
