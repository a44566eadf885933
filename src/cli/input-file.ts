import { createReadStream } from 'node:fs';
import { LatchkeyError } from '../domain/errors.ts';

/**
 * A file, or `-` for standard input, as a stream that is read no faster than it is used. Errors: `file_not_found`,
 * `invalid_input` if it cannot be read; `missing_input` if standard input is a terminal.
 */
export async function* readInput(path: string, flag: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  if (path === '-' && process.stdin.isTTY === true) {
    throw new LatchkeyError('missing_input', `${flag} -: standard input is a terminal; pipe a file into it, or name one.`);
  }
  const stream = path === '-' ? process.stdin : createReadStream(path);
  const stop = () => stream.destroy();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    yield* stream as AsyncIterable<Buffer>;
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
