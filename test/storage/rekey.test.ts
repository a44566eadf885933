import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sealer } from '../../src/roles/sealer.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { rekeyDatabase } from '../../src/storage/rekey.ts';
import { startPostgres, type PostgresServer } from '../postgres.ts';
import { requires } from '../requirements.ts';
import { postgresDatabase, sqliteDatabase } from './raw-database.ts';
import { rekeying } from './rekey.contract.ts';
import { testSealer } from './sealer.ts';

describe('a new key for SQLite', () => {
  rekeying(sqliteDatabase);

  test('what somebody else writes between reading and replacing stays', async () => {
    const database = await sqliteDatabase();
    const store = await openStore({ url: database.url, sealer: testSealer(1) });
    await store.settings.insert('name', 'old');
    const [earlier, newest] = [testSealer(1), testSealer(2, 1)];
    const raw = new DatabaseSync(database.url.slice('sqlite:'.length));
    const overtaken: Sealer = {
      isCurrent: (box) => newest.isCurrent(box),
      open: (box, place) => newest.open(box, place),
      openText: (box, place) => newest.openText(box, place),
      seal(plaintext, place) {
        raw.prepare('update settings set value = ?').run(earlier.seal('newer', place));
        return newest.seal(plaintext, place);
      },
    };
    expect(await rekeyDatabase({ url: database.url, sealer: overtaken }))
      .toEqual({ examined: 1, resealed: 0, overtaken: 1, unreadable: 0 });
    expect(await store.settings.get('name')).toBe('newer');
    raw.close();
    await store.close();
    await database.remove();
  });
});

requires('postgresql')('a new key for PostgreSQL', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres();
  });

  afterAll(() => server.stop());

  rekeying(() => postgresDatabase(server));
});
