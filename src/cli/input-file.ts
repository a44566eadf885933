import { createReadStream, statSync } from 'node:fs';
import { LatchkeyError } from '../domain/errors.ts';

interface ReadingInput {
  readonly signal?: AbortSignal | undefined;
  readonly taken?: ((share: number) => void) | undefined;
}

/**
 * A file, or `-` for standard input, as a stream that is read no faster than it is used. `taken` is told how much of it
 * was, from 0 to 1, if it says how long it is. Errors: `file_not_found`, `invalid_input` if it cannot be read;
 * `missing_input` if standard input is a terminal.
 */
export async function* readInput(path: string, flag: string, { signal, taken }: ReadingInput = {}): AsyncGenerator<Uint8Array> {
  if (path === '-' && process.stdin.isTTY === true) {
    throw new LatchkeyError('missing_input', `${flag} -: standard input is a terminal; pipe a file into it, or name one.`);
  }
  const stream = path === '-' ? process.stdin : createReadStream(path);
  const stop = () => stream.destroy();
  signal?.addEventListener('abort', stop, { once: true });
  const size = path === '-' ? 0 : (fileSize(path) ?? 0);
  let read = 0;
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      // Who takes a piece may hand it on, and leave nothing of it here.
      read += piece.length;
      yield piece;
      if (size > 0) taken?.(read / size);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new LatchkeyError('file_not_found', `${flag}: there is no file ${path}.`, { cause: error });
    }
    throw new LatchkeyError('invalid_input', `${flag}: ${path} cannot be read (${code ?? String(error)}).`, { cause: error });
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** In bytes; undefined if it cannot be told: whoever opens the file says why. */
export function fileSize(path: string): number | undefined {
  try {
    return statSync(path).size;
  } catch {
    return undefined;
  }
}

/** Whether there is a pipe, a folder or the like; not if that cannot be told. */
export function isOtherThanFile(path: string): boolean {
  try {
    return !statSync(path).isFile();
  } catch {
    return false;
  }
}
