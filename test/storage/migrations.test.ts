import { afterAll, beforeAll, describe } from 'vitest';
import pg from 'pg';
import { migratePostgres } from '../../src/storage/migrations/postgres.ts';
import { openSqliteFile } from '../../src/storage/sqlite-file.ts';
import { startPostgres, type PostgresServer } from '../postgres.ts';
import { requires } from '../requirements.ts';
import { migrationContract } from './migrations.contract.ts';
import { postgresDatabase, sqliteDatabase, type RawDatabase } from './raw-database.ts';

function lines(rows: Record<string, unknown>[]): string[] {
  return rows.map((row) => JSON.stringify(row));
}

describe('migrations of SQLite', () => migrationContract({
  create: sqliteDatabase,
  async migrate(database, schema) {
    (await openSqliteFile(database.url.slice('sqlite:'.length), schema, 1000)).database.close();
  },
  async describe(database) {
    return [
      ...lines(await database.execute('select type, name, tbl_name, sql from sqlite_schema order by type, name')),
      ...lines(await database.execute('pragma user_version')),
      ...lines(await database.execute('pragma application_id')),
    ];
  },
  async setVersion(database, version) {
    await database.execute(`pragma user_version = ${version}`);
  },
}));

requires('postgresql')('migrations of PostgreSQL', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres();
  });

  afterAll(() => server.stop());

  const columns = `select table_name, column_name, ordinal_position, data_type, collation_name, is_nullable, column_default,
    is_identity from information_schema.columns where table_schema = 'public' order by 1, 2`;
  const indexes = `select tablename, indexname, indexdef from pg_indexes where schemaname = 'public' order by 1, 2`;
  const constraints = `select conrelid::regclass::text as "table", conname, pg_get_constraintdef(oid) as definition
    from pg_constraint where connamespace = 'public'::regnamespace order by 1, 2`;
  const triggers = `select tgrelid::regclass::text as "table", tgname, pg_get_triggerdef(oid) as definition
    from pg_trigger where not tgisinternal order by 1, 2`;

  migrationContract({
    create: () => postgresDatabase(server),
    async migrate(database, schema) {
      const pool = new pg.Pool({ connectionString: database.url });
      // Dropping the database may be faster than the farewell.
      pool.on('error', () => {});
      try {
        await migratePostgres(pool, schema);
      } finally {
        await pool.end();
      }
    },
    async describe(database: RawDatabase) {
      const parts = [];
      for (const query of [columns, indexes, constraints, triggers, 'select version from latchkey_schema']) {
        parts.push(...lines(await database.execute(query)));
      }
      return parts;
    },
    async setVersion(database, version) {
      await database.execute(`update latchkey_schema set version = ${version}`);
    },
  });
});
