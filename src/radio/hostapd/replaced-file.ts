import { constants } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { LatchkeyError } from '../../domain/errors.ts';

/** What the file is, as the file system tells it: something else if anybody wrote it. Undefined: it is not there. */
export async function stateOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${dev} ${ino} ${size} ${mtimeNs}`;
  } catch {
    return undefined;
  }
}

/**
 * Puts a file for its owner alone in the place of what is there, once what was written has been read back and `isRight`
 * says so. Resolves to its state. Errors: `storage_full`, `storage_read_only`, `internal` (it is not right).
 */
export async function replaceFile(path: string, content: Buffer, isRight: (written: Buffer) => boolean): Promise<string | undefined> {
  const fresh = `${path}.new`;
  try {
    const file = await open(fresh, constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o600);
    try {
      await file.writeFile(content);
      await file.datasync();
      const written = Buffer.alloc(content.length + 1);
      const { bytesRead } = await file.read(written, 0, written.length, 0);
      if (!isRight(written.subarray(0, bytesRead))) {
        throw new LatchkeyError('internal', 'What was to be written for hostapd is not what it reads; the file before is still there.');
      }
    } finally {
      await file.close();
    }
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => undefined);
    throw meaning(path, error);
  }
  return stateOf(path);
}

function meaning(path: string, error: unknown): unknown {
  if (error instanceof LatchkeyError) {
    return error;
  }
  const { code } = error as NodeJS.ErrnoException;
  const options = { hint: `Check the folder of ${path} and what room it has.`, cause: error };
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? new LatchkeyError('storage_full', `${path} could not be written: the disk is full.`, options)
    : new LatchkeyError('storage_read_only', `${path} could not be written (${code}).`, options);
}
