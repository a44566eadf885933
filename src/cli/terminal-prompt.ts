import type { Prompt } from '../roles/agent/ports.ts';
import { screenOf } from './present/screen.ts';
import { presentQuestion } from './present/question.ts';

/** Asks on the terminal and takes one key for an answer: y, n, or l to decide later. */
export function terminalPrompt(stdin: NodeJS.ReadStream = process.stdin, stderr: NodeJS.WriteStream = process.stderr): Prompt {
  return {
    async ask(question, signal) {
      stderr.write(`${presentQuestion(question, await screenOf(stderr))}\n`);
      const answer = await keyOf(stdin, signal);
      stderr.write(`  ${words(answer, signal)}\n`);
      return answer;
    },
    close: async () => {},
  };
}

function words(answer: boolean | undefined, signal: AbortSignal): string {
  if (answer === undefined) {
    return signal.aborted ? 'no longer asked' : 'later';
  }
  return answer ? 'yes' : 'no';
}

async function keyOf(stdin: NodeJS.ReadStream, signal: AbortSignal): Promise<boolean | undefined> {
  if (signal.aborted) {
    return undefined;
  }
  stdin.setRawMode(true);
  stdin.resume();
  try {
    return await new Promise<boolean | undefined>((resolve) => {
      const onKey = (data: Buffer) => {
        const key = data.toString('latin1').toLowerCase();
        if (key.includes('\u0003')) {
          // A raw terminal sends Ctrl-C as a key.
          process.kill(process.pid, 'SIGINT');
          end(undefined);
        } else if ('yn'.includes(key[0] ?? '-')) {
          end(key[0] === 'y');
        } else if (key[0] === 'l') {
          end(undefined);
        }
      };
      const onAbort = () => end(undefined);
      const end = (answer: boolean | undefined) => {
        stdin.off('data', onKey);
        signal.removeEventListener('abort', onAbort);
        resolve(answer);
      };
      stdin.on('data', onKey);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
  }
}
