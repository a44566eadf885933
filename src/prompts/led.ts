import { accessSync, constants } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LatchkeyError } from '../domain/errors.ts';
import { aborted } from '../roles/aborted.ts';
import type { Prompt } from '../roles/agent/ports.ts';

/** Where Linux shows its LEDs (Documentation/leds/leds-class.rst). */
const ledsFolder = '/sys/class/leds';
const blink = { delay_on: '200', delay_off: '200' };

/**
 * Blinks an LED while a question is open, and then leaves it as it was. An LED cannot answer: the answer comes from
 * elsewhere, by a button or a command. `folder`: where the LEDs are. Errors: `invalid_input` (no name of an LED, or one
 * that this user may not switch), `file_not_found`.
 */
export function ledPrompt(name: string, folder = ledsFolder): Prompt {
  if (!/^[A-Za-z0-9_:.-]+$/.test(name) || /^\.+$/.test(name)) {
    throw new LatchkeyError('invalid_input', `"${name}" is not the name of an LED such as those in ${folder}.`);
  }
  const file = (attribute: string) => join(folder, name, attribute);
  mustBeThere(file('trigger'));
  const closing = new AbortController();
  let blinking: Promise<void> = Promise.resolve();

  return {
    ask: async (_question, signal) => {
      blinking = blinkUntil(AbortSignal.any([signal, closing.signal]), file);
      try {
        await blinking;
      } catch (error) {
        throw new LatchkeyError('invalid_input', `The LED ${name} does not blink${codeOf(error)}.`, { cause: error });
      }
      return undefined;
    },
    close: async () => {
      closing.abort();
      // Whoever asked is told of its failure.
      await blinking.catch(() => {});
    },
  };
}

async function blinkUntil(signal: AbortSignal, file: (attribute: string) => string): Promise<void> {
  const before = await readState(file);
  try {
    // The timer trigger makes its two delays appear once it is chosen.
    await writeFile(file('trigger'), 'timer');
    await writeFile(file('delay_on'), blink.delay_on);
    await writeFile(file('delay_off'), blink.delay_off);
    await aborted(signal);
  } finally {
    await restore(file, before);
  }
}

function mustBeThere(trigger: string): void {
  try {
    accessSync(trigger, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? new LatchkeyError('file_not_found', `There is no LED at ${trigger}.`, { cause: error })
      : new LatchkeyError('invalid_input', `${trigger} cannot be written${codeOf(error)}.`, { cause: error });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
}

interface LedState {
  readonly trigger: string;
  readonly brightness: string;
}

async function readState(file: (attribute: string) => string): Promise<LedState> {
  const triggers = await readFile(file('trigger'), 'utf8');
  const brightness = (await readFile(file('brightness'), 'utf8')).trim();
  return { trigger: /\[([^\]]+)\]/.exec(triggers)?.[1] ?? 'none', brightness };
}

async function restore(file: (attribute: string) => string, { trigger, brightness }: LedState): Promise<void> {
  await writeFile(file('trigger'), trigger);
  if (trigger === 'none') {
    await writeFile(file('brightness'), brightness);
  }
}
