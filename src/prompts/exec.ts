import { LatchkeyError } from '../domain/errors.ts';
import { shown } from '../domain/shown-text.ts';
import type { Notifier, Prompt } from '../roles/agent/ports.ts';
import { runWithJson, wordsOf } from './child.ts';
import { noticeOf } from './notice.ts';

const answerMs = 300_000;
const noticeMs = 30_000;

/** Asks a program: the question is JSON on its standard input, exit code 0 is yes, 1 is no, anything else no answer. */
export function execPrompt(command: string): Prompt {
  const words = wordsOf(command);
  return {
    ask: async ({ title, lines }, signal) => {
      const code = await runWithJson(words, { title: shown(title), lines: lines.map(shown) }, AbortSignal.any([signal, AbortSignal.timeout(answerMs)]));
      return code === 0 ? true : code === 1 ? false : undefined;
    },
    close: async () => {},
  };
}

/** Tells a program: what happened is JSON on its standard input. */
export function execNotifier(command: string): Notifier {
  const words = wordsOf(command);
  return {
    notify: async (event, request, signal) => {
      const code = await runWithJson(words, noticeOf(event, request), AbortSignal.any([signal, AbortSignal.timeout(noticeMs)]));
      if (code !== 0) {
        throw new LatchkeyError('remote_unreachable', `The notifying program ended with ${code ?? 'no exit code'}.`);
      }
    },
  };
}
