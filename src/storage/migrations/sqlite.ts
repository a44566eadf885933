import { LatchkeyError } from '../../domain/errors.ts';
import type { SqliteConnection } from '../sqlite-dialect.ts';
import { sqliteWords } from './dialect-words.ts';
import { migrations, type Migration } from './index.ts';

/** `LKEY`, in the header of the file (sqlite.org/fileformat2.html, application id). */
const applicationId = 0x4c4b4559;

/**
 * Brings the schema to the newest version, in one transaction: of several processes that start at once the first
 * does it. The version is kept in the file's header.
 * Errors: `storage_too_new`, `storage_unavailable` for a file that is another program's.
 */
export async function migrateSqlite(
  connection: SqliteConnection,
  steps: readonly Migration[] = migrations,
): Promise<void> {
  if ((await connection.patiently(() => version(connection))) === steps.length) {
    return;
  }
  await connection.patiently(() => connection.database.exec('begin immediate'));
  try {
    connection.guarded(() => step(connection, steps));
    await connection.patiently(() => connection.database.exec('commit'));
  } finally {
    if (connection.database.isTransaction) {
      connection.database.exec('rollback');
    }
  }
}

function step(connection: SqliteConnection, steps: readonly Migration[]): void {
  const { database } = connection;
  const from = version(connection);
  const newest = steps.length;
  if (from > newest) {
    throw new LatchkeyError('storage_too_new', `The database has version ${from}; this program knows ${newest}.`);
  }
  if (from === 0 && isForeign(connection)) {
    throw new LatchkeyError('storage_unavailable', 'This file is a database of another program.');
  }
  for (const { statements } of steps.slice(from)) {
    for (const statement of statements(sqliteWords)) {
      database.exec(statement);
    }
  }
  database.exec(`pragma application_id = ${applicationId}; pragma user_version = ${newest}`);
}

function version(connection: SqliteConnection): number {
  return (connection.all('pragma user_version', [])[0] as { user_version: number }).user_version;
}

function isForeign(connection: SqliteConnection): boolean {
  return (connection.all('select count(*) as count from sqlite_schema', [])[0] as { count: number }).count > 0;
}
