import { isUtf8 } from 'node:buffer';
import { LatchkeyError } from '../../domain/errors.ts';
import { languageOfLocale } from '../../domain/nearby.ts';
import { parseLanguage } from '../../domain/network-message.ts';
import type { MessageText } from '../../domain/network.ts';
import { quoted } from '../../domain/shown-text.ts';
import type { NewMessage } from '../../roles/networks/ports.ts';
import { readInput } from '../input-file.ts';

export interface MessageFlags {
  readonly text?: string | undefined;
  readonly 'text-file'?: string | undefined;
  readonly lang?: string | undefined;
  readonly also?: readonly string[] | undefined;
  readonly link?: string | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

/** More in a file than this is no message. */
const mostBytes = 8192;

/** The language of who runs this, by the environment. */
export function ownLanguage(env: NodeJS.ProcessEnv = process.env): string | undefined {
  return languageOfLocale(env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG']);
}

/** The texts, each with its language and the one link. Errors: `missing_input`, `invalid_input`, those of `readInput`. */
export async function readMessage(flags: MessageFlags, signal: AbortSignal): Promise<NewMessage> {
  const { lang = ownLanguage() ?? 'en', also = [], link } = flags;
  const first = flags['text-file'] === undefined ? flags.text : await readText(flags['text-file'], '--text-file', signal);
  if (first === undefined) {
    throw new LatchkeyError('missing_input', '--text is missing.', { hint: 'Give the message with --text, or in a file with --text-file.' });
  }
  const texts: MessageText[] = [{ language: lang, text: first, link }];
  for (const variant of also) {
    const [, language, path] = /^([^=]+)=(.+)$/.exec(variant) ?? [];
    if (language === undefined || path === undefined) {
      throw new LatchkeyError('invalid_input', `--also: ${quoted(variant)} is not a language and a file, as in de=hello.de.txt.`);
    }
    texts.push({ language: parseLanguage(language), text: await readText(path, '--also', signal), link });
  }
  const twice = texts.find(({ language }, at) => texts.findIndex((other) => other.language.toLowerCase() === language.toLowerCase()) !== at);
  if (twice !== undefined) {
    throw new LatchkeyError('invalid_input', `There are two texts in ${twice.language}.`);
  }
  return { texts, validFrom: flags.from, validTo: flags.to };
}

/** One line feed at its end does not count. */
async function readText(path: string, flag: string, signal: AbortSignal): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of readInput(path, flag, { signal })) {
    pieces.push(piece);
    length += piece.length;
    if (length > mostBytes) {
      throw new LatchkeyError('invalid_input', `${flag}: this is too long for a message.`);
    }
  }
  const bytes = Buffer.concat(pieces);
  if (!isUtf8(bytes)) {
    throw new LatchkeyError('invalid_input', `${flag}: this is not UTF-8.`);
  }
  return bytes.toString().replaceAll('\r\n', '\n').replace(/\n$/, '');
}
