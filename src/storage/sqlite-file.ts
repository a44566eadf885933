import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { LatchkeyError } from '../domain/errors.ts';
import type { SchemaHistory } from './migrations/schema-history.ts';
import { migrateSqlite, schemaVersion } from './migrations/sqlite.ts';
import { SqliteConnection } from './sqlite-connection.ts';
import { fileError, sqliteError } from './sqlite-errors.ts';

/** SQLite's own waiting for a lock stops the event loop: short, the rest is waited for outside of it. */
const busyTimeoutMs = 5;
/** What is left of the write-ahead log after a burst. */
const logBytes = 64 * 2 ** 20;

/** The path of a database that is no file. */
export const inMemory = ':memory:';

export interface SqliteFileOptions {
  /** A file without a schema is damaged, and not new. */
  readonly requireMade?: boolean;
}

/**
 * Opens a database for writing, durable at every commit, and brings its schema to the newest version. Its file
 * and folder are made if they are not there, readable to their user alone.
 */
export async function openSqliteFile(
  path: string,
  schema: SchemaHistory,
  lockTimeoutMs: number,
  { requireMade = false }: SqliteFileOptions = {},
): Promise<SqliteConnection> {
  if (path !== inMemory) {
    makeFile(path);
  }
  const connection = new SqliteConnection(connect(path), lockTimeoutMs);
  try {
    if (requireMade && (await connection.patiently(() => schemaVersion(connection))) === 0) {
      throw new LatchkeyError('storage_corrupt', 'The database is damaged (no schema).');
    }
    await connection.patiently(() => connection.database.exec(
      `pragma journal_mode = wal; pragma synchronous = full; pragma journal_size_limit = ${logBytes}`));
    await migrateSqlite(connection, schema);
    return connection;
  } catch (error) {
    connection.database.close();
    throw error;
  }
}

export function connect(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
  } catch (error) {
    throw sqliteError(error);
  }
}

/** One by one: Node's recursive mkdir takes a read-only file system for a missing folder, and hangs in some. */
function makeFolder(path: string): void {
  if (existsSync(path)) {
    return;
  }
  makeFolder(dirname(path));
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    if (!existsSync(path)) {
      throw error;
    }
  }
}

function makeFile(path: string): void {
  try {
    makeFolder(dirname(path));
    closeSync(openSync(path, 'a', 0o600));
  } catch (error) {
    throw fileError(error, path);
  }
}
