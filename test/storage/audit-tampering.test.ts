import { afterAll, beforeAll, describe } from 'vitest';
import { startPostgres, type PostgresServer } from '../postgres.ts';
import { requires } from '../requirements.ts';
import { auditTampering } from './audit-tampering.contract.ts';
import { postgresDatabase, sqliteDatabase } from './raw-database.ts';

describe('an audit log on SQLite that was tampered with', () => auditTampering(sqliteDatabase));

requires('postgresql')('an audit log on PostgreSQL that was tampered with', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres();
  });

  afterAll(() => server.stop());

  auditTampering(() => postgresDatabase(server));
});
