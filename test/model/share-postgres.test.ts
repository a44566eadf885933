import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type PostgresServer } from '../postgres.ts';
import { requires } from '../requirements.ts';
import type { Disks } from './disk.ts';
import { postgresDisks } from './postgres-disk.ts';
import { playShares, summaryOfShares } from './sharing/play-share.ts';

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

  test('whoever lies or goes silent, and whatever is lost, late or crashes, access to shared networks is sold as the plain rules have it', async () => {
    const played = await playShares(disks, 800);
    console.log(summaryOfShares(disks.name, played));
    expect(played.coverage.missing(['pay: done', 'acknowledge: done', 'a call: crash', 'together: done', 'keep house: done', 'passwords looked for'])).toEqual([]);
  }, 600_000);
});
