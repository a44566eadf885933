import { accessSync, closeSync, constants, fdatasyncSync, fstatSync, fsyncSync, ftruncateSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LatchkeyError } from '../domain/errors.ts';

/**
 * A file that grows by whole lines, readable to its owner alone. Errors of all of it: `file_exists`, `file_not_found`,
 * `storage_full`, `storage_read_only`, `storage_unavailable`, `invalid_input` if nothing can be written there.
 */
export class LineFile implements Disposable {
  readonly path: string;
  /** Bytes written so far. */
  size: number;
  readonly #file: number;

  private constructor(path: string, file: number, size: number) {
    this.path = path;
    this.#file = file;
    this.size = size;
  }

  /** Throws if no file can be made there, before anything is. */
  static requireFolder(path: string, flag: string): void {
    guarded(path, flag, () => accessSync(join(dirname(path), '/'), constants.W_OK));
  }

  /** A new one; what is there already is an error, unless it is to be replaced. */
  static create(path: string, flag: string, { replace = false } = {}): LineFile {
    return guarded(path, flag, () => {
      const file = new LineFile(path, openSync(path, replace ? 'w' : 'wx', 0o600), 0);
      syncFolder(path);
      return file;
    });
  }

  /** One of which the first `size` bytes count; what is behind them is cut off. */
  static reopen(path: string, flag: string, size: number): LineFile {
    return guarded(path, flag, () => {
      const file = openSync(path, 'r+');
      if (fstatSync(file).size < size) {
        closeSync(file);
        throw new LatchkeyError('invalid_input', `${flag}: ${path} is shorter than it was: something else has changed it.`);
      }
      ftruncateSync(file, size);
      return new LineFile(path, file, size);
    });
  }

  /** Puts a whole text in the place of what is there, on the disk when it returns; until then that stays. */
  static replace(path: string, flag: string, text: string): void {
    const part = `${path}.part`;
    {
      using file = LineFile.create(part, flag, { replace: true });
      file.append(text);
      file.sync();
    }
    guarded(path, flag, () => {
      renameSync(part, path);
      syncFolder(path);
    });
  }

  append(text: string): void {
    const bytes = Buffer.from(text);
    guarded(this.path, '', () => {
      for (let written = 0; written < bytes.length;) {
        written += writeSync(this.#file, bytes, written, bytes.length - written, this.size + written);
      }
    });
    this.size += bytes.length;
  }

  /** Returns when the disk has all of it. */
  sync(): void {
    guarded(this.path, '', () => fdatasyncSync(this.#file));
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

/** The name of a new file at `path` lasts only once its folder is on the disk. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') {
    return;
  }
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

function guarded<T>(path: string, flag: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw error instanceof LatchkeyError ? error : fileError(error, path, flag === '' ? '' : `${flag}: `);
  }
}

function fileError(error: unknown, path: string, where: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case undefined:
      return error;
    case 'EEXIST':
      return new LatchkeyError('file_exists', `${where}${path} is there already.`, { cause: error });
    case 'ENOENT':
    case 'ENOTDIR':
      return new LatchkeyError('file_not_found', `${where}there is no folder for ${path}.`, { cause: error });
    case 'ENOSPC':
    case 'EDQUOT':
      return new LatchkeyError('storage_full', `${path} cannot be written: the disk is full.`, { cause: error });
    case 'EROFS':
      return new LatchkeyError('storage_read_only', `${path} cannot be written: its file system is read-only.`, { cause: error });
    case 'EIO':
    case 'EMFILE':
    case 'ENFILE':
      return new LatchkeyError('storage_unavailable', `${path} cannot be written (${code}).`, { cause: error });
    default:
      return new LatchkeyError('invalid_input', `${where}${path} cannot be written (${String(code)}).`, { cause: error });
  }
}
