import { LatchkeyError } from '../domain/errors.ts';
import type { Notifier, Prompt } from '../roles/agent/ports.ts';
import { execNotifier, execPrompt } from './exec.ts';
import { httpsNotifier, type HttpsOptions } from './https-notifier.ts';
import { ledPrompt } from './led.ts';

/** `exec:CMD` or `led:NAME`; `terminal` is the command line's own. Errors: `invalid_input`, those of `ledPrompt`. */
export function parsePrompt(text: string, ledsFolder: string | undefined): Prompt | 'terminal' {
  if (text === 'terminal') {
    return 'terminal';
  }
  if (text.startsWith('exec:')) {
    return execPrompt(text.slice('exec:'.length));
  }
  if (text.startsWith('led:')) {
    return ledPrompt(text.slice('led:'.length), ledsFolder);
  }
  throw new LatchkeyError('invalid_input', `"${text}" is not terminal, exec:CMD or led:NAME.`);
}

/** `exec:CMD` or `https://…`. Errors: `invalid_input`. */
export function parseNotifier(text: string, https: HttpsOptions): Notifier {
  if (text.startsWith('exec:')) {
    return execNotifier(text.slice('exec:'.length));
  }
  if (text.startsWith('https://')) {
    return httpsNotifier(text, https);
  }
  throw new LatchkeyError('invalid_input', `"${text}" is not exec:CMD or https://….`);
}
