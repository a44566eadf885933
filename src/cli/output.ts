import type { Writable } from 'node:stream';
import { LatchkeyError } from '../domain/errors.ts';

/**
 * Writes text or bytes and resolves once the system has taken it. Errors: `interrupted` if the reader is gone,
 * `storage_full` if standard output is a file and its disk is full.
 */
export async function write(stream: Writable, text: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(lost(error)) : resolve()));
  });
}

function lost(error: Error & { code?: string }): Error {
  switch (error.code) {
    case 'EPIPE':
    case 'ERR_STREAM_DESTROYED':
      return new OutputClosed(error);
    case 'ENOSPC':
      return new LatchkeyError('storage_full', 'The result could not be written: the disk is full.', { cause: error });
    default:
      return error;
  }
}

/** Whoever read our output has enough of it (`… | head`): no fault of ours and nobody to tell. */
export class OutputClosed extends LatchkeyError {
  constructor(cause: Error) {
    super('interrupted', 'Nobody reads the output any more.', { cause });
  }
}
