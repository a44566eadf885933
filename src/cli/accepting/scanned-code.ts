import { LatchkeyError } from '../../domain/errors.ts';
import { isPng, readPng } from '../../formats/png.ts';
import { longestCodeText } from '../../protocol/credit-code.ts';
import { InputError } from '../input-error.ts';
import { readInput } from '../input-file.ts';

export interface ScanFlags {
  readonly image?: string | undefined;
  readonly file?: string | undefined;
}

/** A scanner that types ends its line; of what is longer than any code so much is read that it is seen to be. */
const enough = longestCodeText + 2;
const mostImageBytes = 32 * 2 ** 20;

/**
 * What a picture, a file or a scanner on standard input says, without the end of its line: a space at its end is part of it.
 * Errors: `file_not_found`, `invalid_input`, `missing_input` if there is nothing.
 */
export async function scannedCode({ image, file = '-' }: ScanFlags, signal: AbortSignal): Promise<string> {
  if (image !== undefined) {
    const { readQr } = await import('../../formats/qr-reader.ts');
    return pictured(image, await imageBytes(image, signal), readQr);
  }
  const text = await firstLine(file === '-' ? typed(signal) : readInput(file, '--file', { signal }));
  if (text === '') {
    throw new LatchkeyError('missing_input', file === '-' ? 'There is no code: scan one, or name a file or picture of it with --file or --image.' : `--file: there is no code in ${file}.`, { hint: 'Scan it again, whole and alone.' });
  }
  return text;
}

function pictured(path: string, bytes: Uint8Array, readQr: (picture: ReturnType<typeof readPng>) => string): string {
  if (!isPng(bytes)) {
    throw new LatchkeyError('invalid_input', `--image: ${path} is no PNG.`, { hint: 'Pictures in other forms, such as the JPEG of a phone’s camera, are not read: save it as a PNG, or scan the code.' });
  }
  try {
    return readQr(readPng(bytes));
  } catch (error) {
    throw error instanceof LatchkeyError ? new InputError('--image', error) : error;
  }
}

/** Also what is typed at a terminal, which a scanner does like a keyboard. */
async function* typed(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { stdin } = process;
  const stop = () => stdin.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    // At a terminal something may be asked afterwards.
    yield* stdin.iterator({ destroyOnReturn: stdin.isTTY !== true }) as AsyncIterable<Buffer>;
  } finally {
    signal.removeEventListener('abort', stop);
    stdin.pause();
  }
}

/** Empty ones before it are passed over. Whoever sends it need not end there: the rest is left alone. */
async function firstLine(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  let read = 0;
  for await (const piece of pieces) {
    read += piece.length;
    text = `${text}${Buffer.from(piece).toString('latin1')}`.replace(/^[\r\n]+/, '');
    if (/[\r\n]/.test(text) || read > enough) {
      break;
    }
  }
  return text.split(/[\r\n]/, 1)[0]!;
}

/** No more than it takes to see that it is too large. */
async function imageBytes(path: string, signal: AbortSignal): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let read = 0;
  for await (const piece of readInput(path, '--image', { signal })) {
    pieces.push(piece);
    read += piece.length;
    if (read > mostImageBytes) {
      throw new LatchkeyError('invalid_input', `--image: ${path} is larger than ${mostImageBytes / 2 ** 20} MB.`);
    }
  }
  return Buffer.concat(pieces);
}
