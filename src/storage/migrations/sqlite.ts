import { LatchkeyError } from '../../domain/errors.ts';
import type { SqliteConnection } from '../sqlite-connection.ts';
import { sqliteWords } from './dialect-words.ts';
import type { SchemaHistory } from './schema-history.ts';

/**
 * Brings the schema to the newest version, in one transaction: of several processes that start at once the first
 * does it. The version is kept in the file's header.
 * Errors: `storage_too_new`, `storage_unavailable` for a file that is another program's.
 */
export async function migrateSqlite(connection: SqliteConnection, schema: SchemaHistory): Promise<void> {
  const { database } = connection;
  if (await connection.patiently(() => isCurrent(connection, schema))) {
    return;
  }
  await connection.patiently(() => database.exec('begin immediate'));
  try {
    connection.guarded(() => step(connection, schema));
    await connection.patiently(() => database.exec('commit'));
  } finally {
    if (database.isTransaction) {
      database.exec('rollback');
    }
  }
}

/** The steps that its file has seen, 0 for a new one. */
export function schemaVersion(connection: SqliteConnection): number {
  return header(connection, 'user_version');
}

function isCurrent(connection: SqliteConnection, { applicationId, steps }: SchemaHistory): boolean {
  return schemaVersion(connection) === steps.length && header(connection, 'application_id') === applicationId;
}

function step(connection: SqliteConnection, { applicationId, steps }: SchemaHistory): void {
  const { database } = connection;
  const isNew = connection.all('select 1 from sqlite_schema limit 1', []).length === 0;
  if (!isNew && header(connection, 'application_id') !== applicationId) {
    throw new LatchkeyError('storage_unavailable', 'This file is a database of another kind.');
  }
  const from = schemaVersion(connection);
  if (from > steps.length) {
    throw new LatchkeyError('storage_too_new', `The database has version ${from}; this program knows ${steps.length}.`);
  }
  for (const { statements } of steps.slice(from)) {
    for (const statement of statements(sqliteWords)) {
      database.exec(statement);
    }
  }
  database.exec(`pragma application_id = ${applicationId}; pragma user_version = ${steps.length}`);
}

function header(connection: SqliteConnection, field: 'user_version' | 'application_id'): number {
  const [row] = connection.all(`pragma ${field}`, []) as Record<string, number>[];
  return row![field]!;
}
