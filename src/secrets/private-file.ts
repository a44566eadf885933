import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LatchkeyError } from '../domain/errors.ts';

const ownerOnly = 0o600;

/**
 * The text of a file that holds a secret; undefined if there is none. Errors: `secret_store_unavailable` if others
 * than its owner may do anything with it, if it is longer than `limit` bytes, no file or cannot be read.
 */
export async function readPrivateFile(path: string, limit: number): Promise<string | undefined> {
  try {
    // Non-blocking, so that opening a pipe nobody writes to does not wait for ever.
    using file = openNow(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const { mode, size } = fstatSync(file.descriptor);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) {
      throw new LatchkeyError('secret_store_unavailable', `${path} is not a file.`, { hint: 'Name a file.' });
    }
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      throw new LatchkeyError('secret_store_unavailable', `${path} has mode ${octal}: others than its owner reach it.`, {
        hint: `Run \`chmod 600 ${path}\`, and make a new key if anybody may have read it.`,
      });
    }
    if (size > limit) {
      throw new LatchkeyError('secret_store_unavailable', `${path} is longer than ${limit} bytes.`, {
        hint: 'Name the right file.',
      });
    }
    return readFileSync(file.descriptor, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return undefined;
    }
    throw asLatchkeyError(error, path);
  }
}

/** In this thread: every start reads a key, and the first use of the thread pool takes longer than all of it. */
function openNow(path: string, flags: number): Disposable & { readonly descriptor: number } {
  const descriptor = openSync(path, flags);
  return { descriptor, [Symbol.dispose]: () => closeSync(descriptor) };
}

/**
 * Puts a new content in the file's place, 0600, whole or not at all and durable when the promise resolves. The
 * caller holds the lock of the folder. Errors: `storage_full`, `secret_store_unavailable`.
 */
export async function writePrivateFile(path: string, content: string): Promise<void> {
  const unfinished = `${path}.new`;
  try {
    await makePrivateFolder(dirname(path));
    // What an interrupted write left, or somebody put there: a link would lead the secret elsewhere.
    await rm(unfinished, { force: true });
    {
      await using file = await open(unfinished, 'wx', ownerOnly);
      await file.chmod(ownerOnly);
      await file.writeFile(content);
      await file.sync();
    }
    await rename(unfinished, path);
    if (process.platform !== 'win32') {
      await using folder = await open(dirname(path), 'r');
      await folder.sync();
    }
  } catch (error) {
    throw asLatchkeyError(error, path);
  }
}

/** Errors: `storage_full`, `secret_store_unavailable`. */
export async function makePrivateFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw asLatchkeyError(error, path);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function asLatchkeyError(error: unknown, path: string): unknown {
  const code = codeOf(error);
  if (error instanceof LatchkeyError || typeof code !== 'string') {
    return error;
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new LatchkeyError('storage_full', `${path} cannot be written: the disk is full.`, { cause: error });
  }
  return new LatchkeyError('secret_store_unavailable', `${path} cannot be used (${code}).`, {
    hint: 'Check the path and the permissions of the file and its folder.',
    cause: error,
  });
}
