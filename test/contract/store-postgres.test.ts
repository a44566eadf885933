import { afterAll, beforeAll } from 'vitest';
import { openStore } from '../../src/storage/open-store.ts';
import { startPostgres, type PostgresServer } from '../postgres.ts';
import { requires } from '../requirements.ts';
import { testSealer } from '../storage/sealer.ts';
import { offerStoreContract } from './store-offers.contract.ts';
import { sharedStoreContract, storeContract, type StoreHarness } from './store.contract.ts';

requires('postgresql')('PostgreSQL', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres();
  });

  afterAll(() => server.stop());

  async function onPostgres(): Promise<StoreHarness> {
    const database = await server.createDatabase();
    return {
      open: () => openStore({ url: database.url, sealer: testSealer() }),
      shared: true,
      remove: database.drop,
    };
  }

  storeContract('a store on PostgreSQL', onPostgres);
  offerStoreContract('a store on PostgreSQL', onPostgres);
  sharedStoreContract('two stores on one PostgreSQL database', onPostgres);
});
