import { LatchkeyError } from '../../domain/errors.ts';
import type { SqliteConnection } from '../sqlite-connection.ts';

const tables = ['applications', 'services', 'decisions', 'uses', 'sums'];

/** Errors: `storage_corrupt` if one of the tables is not there. The connection is closed then. */
export function requireTables(connection: SqliteConnection): void {
  const there = new Set((connection.guarded(() => connection.all(`select name from sqlite_schema where type = 'table'`, [])) as { name: string }[]).map(({ name }) => name));
  const missing = tables.filter((name) => !there.has(name));
  if (missing.length > 0) {
    connection.database.close();
    throw new LatchkeyError('storage_corrupt', `The database is damaged (no ${missing.join(', ')}).`);
  }
}

/** An error that says damage says of which file, and what to do about it. */
export function cardFileError(error: unknown, path: string): unknown {
  return error instanceof LatchkeyError && error.code === 'storage_corrupt'
    ? new LatchkeyError('storage_corrupt', `What the security check keeps is damaged: ${path}. ${error.message}`, {
        cause: error,
        hint: 'Put a copy of this file back. Or move it and what begins with its name away: nothing guards this machine then until its applications are added again, and what was counted is lost.',
      })
    : error;
}
