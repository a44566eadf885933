import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMemoryStore, openStore } from '../../src/storage/open-store.ts';
import { testSealer } from '../storage/sealer.ts';
import { offerStoreContract } from './store-offers.contract.ts';
import { sharedStoreContract, storeContract, type StoreHarness } from './store.contract.ts';

async function inFile(): Promise<StoreHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-store-'));
  return {
    open: () => openStore({ url: `sqlite:${join(folder, 'registry.db')}`, sealer: testSealer() }),
    shared: true,
    remove: () => rm(folder, { recursive: true }),
  };
}

async function inMemory(): Promise<StoreHarness> {
  return { open: () => openMemoryStore(testSealer()), shared: false, remove: async () => {} };
}

storeContract('a store on a SQLite file', inFile);
storeContract('a store on SQLite in memory', inMemory);
offerStoreContract('a store on a SQLite file', inFile);
offerStoreContract('a store on SQLite in memory', inMemory);
sharedStoreContract('two stores on one SQLite file', inFile);
