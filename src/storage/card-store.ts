import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, rm } from 'node:fs/promises';
import { LatchkeyError } from '../domain/errors.ts';
import type { CardStore } from '../roles/card/store.ts';
import { CardFile } from './card/card-file.ts';
import { cardFileError, requireTables } from './card/card-file-damage.ts';
import { cardSchema } from './migrations/index.ts';
import { fileError } from './sqlite-errors.ts';
import { inMemory, openSqliteFile, type SqliteFileOptions } from './sqlite-file.ts';

const defaultLockTimeoutMs = 30_000;

/**
 * Opens what the security check keeps, a SQLite file. One that has no tables, or lacks some, is no new one: what guarded
 * this machine has been in it. `lockTimeoutMs`: as of `openAgentStore`. Errors: as `openStore`; `storage_unavailable` if
 * there is none.
 */
export async function openCardStore(path: string, lockTimeoutMs = defaultLockTimeoutMs): Promise<CardStore> {
  if (!existsSync(path)) {
    throw new LatchkeyError('storage_unavailable', `${path} is not there.`);
  }
  return open(path, lockTimeoutMs, { requireMade: true });
}

/** The same; makes the file if it is not there, whole at once, so that no crash leaves an empty one. */
export async function createCardStore(path: string, lockTimeoutMs = defaultLockTimeoutMs): Promise<CardStore> {
  if (!existsSync(path)) {
    const draft = `${path}.${randomUUID()}.new`;
    try {
      (await open(draft, lockTimeoutMs)).close();
      await link(draft, path).catch((error: NodeJS.ErrnoException) => {
        // Another process was first: its file it is.
        if (error.code !== 'EEXIST') throw fileError(error, path);
      });
    } finally {
      await rm(draft, { force: true });
    }
  }
  return openCardStore(path, lockTimeoutMs);
}

/** An empty one that is gone when it is closed. */
export function openScratchCardStore(): Promise<CardStore> {
  return open(inMemory, defaultLockTimeoutMs);
}

async function open(path: string, lockTimeoutMs: number, options?: SqliteFileOptions): Promise<CardStore> {
  try {
    const connection = await openSqliteFile(path, cardSchema, lockTimeoutMs, options);
    requireTables(connection);
    return new CardFile(connection);
  } catch (error) {
    throw cardFileError(error, path);
  }
}
