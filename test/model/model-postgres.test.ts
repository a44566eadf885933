import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type PostgresServer } from '../postgres.ts';
import { requires } from '../requirements.ts';
import type { Disks } from './disk.ts';
import { summary } from './explore.ts';
import { play } from './play.ts';
import { postgresDisks } from './postgres-disk.ts';

requires('postgresql')('PostgreSQL', () => {
  let server: PostgresServer;
  let disks: Disks;
  beforeAll(async () => {
    server = await startPostgres();
    disks = await postgresDisks(server);
  });
  afterAll(async () => {
    await disks.remove();
    await server.stop();
  });

  test('whatever is lost, doubled, delayed or crashes, payments and sales are as the plain ledger and the plain shop have them', async () => {
    const played = await play(disks, 3_000);
    console.log(summary(disks.name, played));
    expect(played.coverages.server.missing).toEqual([]);
    expect(played.coverages.terminal.missing).toEqual([]);
    expect(played.coverages.register.missing).toEqual([]);
  }, 600_000);
});
