import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, open, rm } from 'node:fs/promises';
import { LatchkeyError } from '../domain/errors.ts';
import { cannotWrite } from './new-file.ts';
import { write } from './output.ts';

/**
 * Writes a report piece by piece to a new file, readable to its user alone; it has its name only once it is whole.
 * `-` is standard output. Errors: `file_exists`, `file_not_found` (its folder), `storage_full`, `storage_read_only`.
 */
export async function writeReport(path: string, pieces: AsyncIterable<string>): Promise<void> {
  if (path === '-') {
    for await (const piece of pieces) {
      await write(process.stdout, piece);
    }
    return;
  }
  // Before a long time is spent on it.
  if (existsSync(path)) {
    throw fileExists(path);
  }
  const unfinished = `${path}.${randomBytes(6).toString('hex')}.part`;
  try {
    {
      await using file = await open(unfinished, 'wx', 0o600);
      for await (const piece of pieces) {
        await file.writeFile(piece);
      }
      await file.sync();
    }
    await link(unfinished, path);
  } catch (error) {
    throw writeError(path, error);
  } finally {
    await rm(unfinished, { force: true }).catch(() => {});
  }
}

function writeError(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) {
    return error;
  }
  return error.code === 'EEXIST' ? fileExists(path, error) : cannotWrite(path, error);
}

function fileExists(path: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('file_exists', `${path} exists already.`, { cause });
}
