import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMemoryStore, openStore } from '../../src/storage/open-store.ts';
import { testSealer } from '../storage/sealer.ts';
import { rolesContract } from './roles.contract.ts';
import { rolesHere } from './roles-here.ts';
import { rolesThere } from './roles-there.ts';

async function inMemory() {
  return { store: await openMemoryStore(testSealer()), remove: async () => {} };
}

async function inFile() {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-roles-'));
  const store = await openStore({ url: `sqlite:${join(folder, 'registry.db')}`, sealer: testSealer() });
  return { store, remove: () => rm(folder, { recursive: true }) };
}

rolesContract('services in memory', (options) => rolesHere(inMemory, options));
rolesContract('services on a SQLite file', (options) => rolesHere(inFile, options));
rolesContract('clients at a server on a SQLite file', (options) => rolesThere(inFile, options));
