import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type PostgresServer } from '../postgres.ts';
import { requires } from '../requirements.ts';
import { playCodes, summaryOfCodes } from './codes/play-codes.ts';
import type { Disks } from './disk.ts';
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

  test('whoever cheats, and whatever is lost, off or crashes, credit payment codes are charged as the plain rules have it', async () => {
    const played = await playCodes(disks, 1_200);
    console.log(summaryOfCodes(disks.name, played));
    const outcomes = ['settled', 'duplicate', 'over_limit', 'rejected'].map((outcome) => `outcome: ${outcome}`);
    expect(played.coverage.missing(outcomes)).toEqual([]);
  }, 600_000);
});
