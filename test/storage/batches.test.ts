import { afterAll, beforeAll, describe } from 'vitest';
import { startPostgres, type PostgresServer } from '../postgres.ts';
import { requires } from '../requirements.ts';
import { batchesContract } from './batches.contract.ts';
import { postgresDatabase, sqliteDatabase } from './raw-database.ts';

describe('batches in SQLite', () => batchesContract(sqliteDatabase));

requires('postgresql')('batches in PostgreSQL', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  batchesContract(() => postgresDatabase(server));
});
