import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { openStore } from '../../src/storage/open-store.ts';
import { startPostgres, type PostgresServer } from '../postgres.ts';
import { requires } from '../requirements.ts';
import { testSealer } from '../storage/sealer.ts';
import { sharingAtTwoServers } from './sharing-at-two-servers.ts';

async function twoOf(url: string) {
  return [await openStore({ url, sealer: testSealer() }), await openStore({ url, sealer: testSealer() })] as const;
}

describe('two servers on one SQLite file', () => {
  sharingAtTwoServers(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-two-'));
    return { stores: await twoOf(`sqlite:${join(folder, 'registry.db')}`), remove: () => rm(folder, { recursive: true }) };
  });
});

requires('postgresql')('two servers on PostgreSQL', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  sharingAtTwoServers(async () => {
    const database = await server.createDatabase();
    return { stores: await twoOf(database.url), remove: database.drop };
  });
});
