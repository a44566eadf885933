import type { Pool, PoolClient } from 'pg';
import { LatchkeyError } from '../../domain/errors.ts';
import { advisoryLocks } from '../postgres-locks.ts';
import { postgresWords } from './dialect-words.ts';
import type { SchemaHistory } from './schema-history.ts';

/**
 * Brings the schema to the newest version, in one transaction under an advisory lock: of several servers that
 * start at once the first does it. The version is kept in the table `latchkey_schema`.
 * Errors: `storage_too_new`.
 */
export async function migratePostgres(pool: Pool, { steps }: SchemaHistory): Promise<void> {
  const client = await pool.connect();
  let failed = true;
  try {
    if ((await version(client)) !== steps.length) {
      await client.query('begin');
      await client.query('select pg_advisory_xact_lock($1)', [advisoryLocks.migration]);
      await step(client, steps);
      await client.query('commit');
    }
    failed = false;
  } finally {
    // A connection left inside a transaction is closed, which rolls back.
    client.release(failed);
  }
}

async function step(client: PoolClient, steps: SchemaHistory['steps']): Promise<void> {
  const from = await version(client);
  const newest = steps.length;
  if (from > newest) {
    throw new LatchkeyError('storage_too_new', `The database has version ${from}; this program knows ${newest}.`);
  }
  if (from === 0) {
    await client.query('create table if not exists latchkey_schema (version integer not null)');
    await client.query('insert into latchkey_schema (version) values (0)');
  }
  for (const { statements } of steps.slice(from)) {
    for (const statement of statements(postgresWords)) {
      await client.query(statement);
    }
  }
  await client.query('update latchkey_schema set version = $1', [newest]);
}

async function version(client: PoolClient): Promise<number> {
  // Not by to_regclass(): its cache does not see a table that another session made since this one last looked.
  const { rows: [table] } = await client.query<{ there: boolean }>(
    `select exists (select from pg_class where relname = 'latchkey_schema' and pg_table_is_visible(oid)) as there`);
  if (table?.there !== true) {
    return 0;
  }
  const { rows: [row] } = await client.query<{ version: number }>('select version from latchkey_schema');
  return row?.version ?? 0;
}
