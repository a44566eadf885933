import { existsSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { LatchkeyError } from '../domain/errors.ts';

/**
 * Puts a file where none is, whole or not at all: under another name first. One of the same content may be there
 * already, from a run that was interrupted. Errors: `file_exists`, `file_not_found` (its folder), `storage_full`,
 * `storage_read_only`.
 */
export async function writeNewFile(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  if (existsSync(path)) {
    if (!Buffer.from(content as Uint8Array).equals(await readFile(path).catch((error) => Promise.reject(cannotWrite(path, error))))) {
      throw new LatchkeyError('file_exists', `${path} is there already, with other content.`);
    }
    return;
  }
  const unfinished = `${path}.part`;
  try {
    await rm(unfinished, { force: true });
    {
      await using file = await open(unfinished, 'wx', mode);
      await file.writeFile(content);
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {});
    throw cannotWrite(path, error);
  }
}

export function cannotWrite(path: string, error: unknown): LatchkeyError {
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new LatchkeyError('file_not_found', `The folder of ${path} is not there.`, { cause: error });
    case 'ENOSPC':
      return new LatchkeyError('storage_full', `${path} could not be written: the disk is full.`, { cause: error });
    default:
      return new LatchkeyError('storage_read_only', `${path} could not be written (${code ?? String(error)}).`, { cause: error });
  }
}
