import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { LatchkeyError } from '../../domain/errors.ts';
import type { DeviceFile } from './device-image.ts';

const ownerOnly = 0o600;

/** A folder of files that hold secrets, only for their owner. */
export class DeviceFolder {
  readonly path: string;
  readonly #overwrite: boolean;
  #buffer = Buffer.alloc(0);

  /** Made if it is not there. Errors: `invalid_input` if it cannot be made. */
  constructor(path: string, options: { readonly overwrite: boolean }) {
    this.path = path;
    this.#overwrite = options.overwrite;
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new LatchkeyError('invalid_input', `The folder ${path} cannot be made (${codeOf(error)}).`, { cause: error });
    }
  }

  /** Undefined if it is not there, or has more than `most` bytes. Errors: `invalid_input` if it cannot be read. */
  read(name: string, most: number): Uint8Array | undefined {
    const path = join(this.path, name);
    let file: number;
    try {
      file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw new LatchkeyError('invalid_input', `${path} cannot be read (${codeOf(error)}).`, { cause: error });
    }
    try {
      if (!fstatSync(file).isFile()) throw new LatchkeyError('invalid_input', `${path} is not a file.`);
      // One buffer for all: of a million small ones the collector of garbage is late to hear.
      if (this.#buffer.length < most + 1) this.#buffer = Buffer.alloc(most + 1);
      let length = 0;
      for (let got = -1; got !== 0 && length <= most; length += got) got = readSync(file, this.#buffer, length, most + 1 - length, length);
      return length > most ? undefined : this.#buffer.subarray(0, length);
    } finally {
      closeSync(file);
    }
  }

  /**
   * True if it was written, whole; false if it was there with just this content. What an interrupted run has begun is
   * written anew. Errors: `file_exists` if it is there with other content, `storage_full`, `invalid_input`.
   */
  write({ name, bytes }: DeviceFile): boolean {
    const path = join(this.path, name);
    try {
      if (this.#create(path, bytes)) {
        return true;
      }
      const there = this.read(name, bytes.length);
      if (there !== undefined && Buffer.compare(there, bytes) === 0) {
        return false;
      }
      if (!this.#overwrite && !(there !== undefined && isBegun(there, bytes))) {
        throw new LatchkeyError('file_exists', `${path} is there with other content.`, { hint: 'Pass --overwrite to replace it, or choose another folder.' });
      }
      const unfinished = join(this.path, `.${name}.new`);
      rmSync(unfinished, { force: true });
      this.#create(unfinished, bytes);
      renameSync(unfinished, path);
      return true;
    } catch (error) {
      const code = codeOf(error);
      if (error instanceof LatchkeyError || code === undefined) throw error;
      throw code === 'ENOSPC' || code === 'EDQUOT'
        ? new LatchkeyError('storage_full', `${path} cannot be written: the disk is full.`, { cause: error })
        : new LatchkeyError('invalid_input', `${path} cannot be written (${code}).`, { cause: error });
    }
  }

  /** False if there is something of that name. In this thread: the thread pool takes longer than a small file. */
  #create(path: string, bytes: Uint8Array): boolean {
    let file: number;
    try {
      file = openSync(path, 'wx', ownerOnly);
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    }
    try {
      for (let written = 0; written < bytes.length; written += writeSync(file, bytes, written));
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      closeSync(file);
    }
    return true;
  }
}

/** Whether somebody was interrupted while writing it. */
function isBegun(there: Uint8Array, bytes: Uint8Array): boolean {
  return there.length < bytes.length && Buffer.compare(there, bytes.subarray(0, there.length)) === 0;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
