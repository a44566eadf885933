import { afterAll, beforeAll } from 'vitest';
import { openStore } from '../../src/storage/open-store.ts';
import { startPostgres, type PostgresServer } from '../postgres.ts';
import { requires } from '../requirements.ts';
import { testSealer } from '../storage/sealer.ts';
import { rolesContract } from './roles.contract.ts';
import { rolesHere } from './roles-here.ts';
import { rolesThere } from './roles-there.ts';

requires('postgresql')('PostgreSQL', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  async function onPostgres() {
    const database = await server.createDatabase();
    return { store: await openStore({ url: database.url, sealer: testSealer() }), remove: database.drop };
  }

  rolesContract('services on PostgreSQL', (options) => rolesHere(onPostgres, options));
  rolesContract('clients at a server on PostgreSQL', (options) => rolesThere(onPostgres, options));
});
