import { LatchkeyError } from '../domain/errors.ts';
import { networkFailure } from '../client/network-errors.ts';
import type { Notifier, Prompt } from '../roles/agent/ports.ts';
import { readAuthorities } from './destination.ts';
import type { SecretSources } from './secret-input.ts';

/**
 * `terminal`, `exec:CMD` or `led:NAME`; LATCHKEY_LED_FOLDER: where its LEDs are if not in /sys/class/leds. Errors:
 * `invalid_input`, `file_not_found`, `missing_input` if there is no terminal.
 */
export async function openPrompt(spec: string, { interactive }: SecretSources): Promise<Prompt> {
  const { parsePrompt } = await import('../prompts/parse.ts');
  const prompt = parsePrompt(spec, process.env['LATCHKEY_LED_FOLDER'] || undefined);
  if (prompt !== 'terminal') {
    return prompt;
  }
  if (interactive !== true) {
    throw new LatchkeyError('missing_input', '--prompt terminal: there is no terminal here.');
  }
  const { terminalPrompt } = await import('./terminal-prompt.ts');
  return terminalPrompt();
}

/** `exec:CMD` or `https://…`, the latter trusted as --ca-file says. Errors: `invalid_input`. */
export async function openNotifier(spec: string, caFile: string | undefined): Promise<Notifier> {
  const { parseNotifier } = await import('../prompts/parse.ts');
  return parseNotifier(spec, { ca: readAuthorities(caFile), meaning: (error, host) => networkFailure(error, host)?.error });
}
