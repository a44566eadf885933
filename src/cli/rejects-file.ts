import { createWriteStream, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { LatchkeyError, type ErrorCode } from '../domain/errors.ts';
import { write } from './output.ts';

/** A row that was not taken: where it is, why, and what of it is no secret. */
export interface Reject {
  readonly line: number;
  readonly code: ErrorCode;
  readonly reason: string;
  readonly row?: Readonly<Record<string, string | undefined>>;
}

export function isReject(item: object): item is Reject {
  return 'reason' in item;
}

/**
 * The rows that were not taken, one JSON object a line, and how many there were, also if no file is named.
 * Errors: `invalid_input` if the file cannot be made, `storage_full`.
 */
export class RejectsFile implements AsyncDisposable {
  count = 0;
  readonly #path: string | undefined;
  #stream: WriteStream | undefined;

  constructor(path: string | undefined) {
    this.#path = path;
  }

  /** Makes the file, empty, also if nothing is rejected. */
  async open(): Promise<void> {
    if (this.#path === undefined) {
      return;
    }
    this.#stream = createWriteStream(this.#path, { mode: 0o600 });
    try {
      await once(this.#stream, 'open');
    } catch (error) {
      throw new LatchkeyError('invalid_input', `--rejects: ${this.#path} cannot be written (${(error as NodeJS.ErrnoException).code}).`, { cause: error });
    }
  }

  async add(...rejects: readonly Reject[]): Promise<void> {
    this.count += rejects.length;
    if (this.#stream !== undefined && rejects.length > 0) {
      await write(this.#stream, rejects.map((reject) => `${JSON.stringify(reject)}\n`).join(''));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stream !== undefined) {
      this.#stream.end();
      await finished(this.#stream);
    }
  }
}
