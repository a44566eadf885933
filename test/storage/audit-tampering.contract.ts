import { expect, test } from 'vitest';
import type { AuditHead, Store } from '../../src/roles/store.ts';
import { openStore } from '../../src/storage/open-store.ts';
import type { RawDatabase } from './raw-database.ts';
import { start } from './samples.ts';
import { testSealer } from './sealer.ts';

const tables = ['audit_entries', 'audit_chain', 'audit_asked'];

/** Statements that take away what forbids changing the log: for those who own the database no obstacle. */
const unlock = {
  sqlite: tables.flatMap((table) => ['update', 'delete'].map((verb) => `drop trigger ${table}_no_${verb}`)),
  postgres: tables.map((table) => `drop trigger ${table}_append_only on ${table}`),
};

/** What somebody who can write the database may try, and that it shows. Each case has a database of its own. */
export function auditTampering(create: () => Promise<RawDatabase>): void {
  /** Five sealed entries with the ids 1 to 5, and the head over them. */
  async function withLog(work: (store: Store, head: AuditHead, database: RawDatabase) => Promise<void>): Promise<void> {
    const database = await create();
    const store = await openStore({ url: database.url, sealer: testSealer() });
    try {
      await store.audit.append(...[1, 2, 3, 4, 5].map((index) =>
        ({ at: start, actor: `ap ${index}`, action: 'device.asked', apId: `ap_${index}`, detail: { index } }) as const));
      await store.audit.seal();
      const { ok, head } = await store.audit.verify();
      expect(ok).toBe(true);
      await work(store, head!, database);
    } finally {
      await store.close();
      await database.remove();
    }
  }

  async function tampered(...statements: string[]) {
    let broken: { id: bigint; detail: string } | undefined;
    await withLog(async (store, _head, database) => {
      await database.execute(...unlock[database.dialect], ...statements);
      const verified = await store.audit.verify();
      expect(verified.ok).toBe(false);
      broken = verified.broken;
    });
    return broken;
  }

  test('ordinary statements change and remove nothing', () => withLog(async (store, head, database) => {
    for (const table of ['audit_entries', 'audit_chain']) {
      await expect(database.execute(`delete from ${table}`)).rejects.toThrow('append-only');
    }
    await expect(database.execute(`update audit_entries set actor = 'nobody'`)).rejects.toThrow('append-only');
    await expect(database.execute('update audit_chain set position = position + 1000')).rejects.toThrow('append-only');
    expect(await store.audit.verify(head)).toEqual({ ok: true, head, unsealed: 0n, broken: undefined });
  }));

  test('an entry that the history of a device lacks', () => withLog(async (store, head, database) => {
    const asked = ['9f1c7a52-6f0b-4f43-9d0e-00000000000a', '9f1c7a52-6f0b-4f43-9d0e-00000000000b'].map((uuid) => ({ uuid, at: start, status: 'known' }));
    await store.audit.append({ at: start, actor: 'ap 6', action: 'device.asked', apId: 'ap_6', asked });
    await store.audit.seal();
    expect(await store.audit.verify(head)).toMatchObject({ ok: true });
    await expect(database.execute('delete from audit_asked')).rejects.toThrow('append-only');
    await database.execute(...unlock[database.dialect], 'delete from audit_asked where device = 11');
    expect(await store.audit.verify()).toMatchObject({ ok: false, broken: { id: 6n } });
  }));

  test.each([
    ['actor', `'ap 4'`], ['action', `'device.refused'`], ['detail', `'{"index":4}'`], ['ap_id', 'null'],
    ['uuid', `'9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d'`],
  ])('an entry whose %s was changed', async (column, value) => {
    expect(await tampered(`update audit_entries set ${column} = ${value} where id = 3`))
      .toEqual({ id: 3n, detail: 'The entry, or the chain at it, was changed.' });
  });

  test('an entry that was removed, alone or with its link', async () => {
    expect(await tampered('delete from audit_entries where id = 2')).toEqual({ id: 2n, detail: 'The entry was removed.' });
    expect(await tampered('delete from audit_entries where id = 2', 'delete from audit_chain where position = 2'))
      .toEqual({ id: 3n, detail: 'Link 2 of the chain, before this entry, is missing.' });
    expect(await tampered(
      'delete from audit_entries where id = 2', 'delete from audit_chain where position = 2',
      'update audit_chain set position = position - 1 where position = 3',
      'update audit_chain set position = position - 1 where position = 4',
      'update audit_chain set position = position - 1 where position = 5',
    )).toEqual({ id: 3n, detail: 'The entry, or the chain at it, was changed.' });
  });

  test('entries in another order', async () => {
    expect(await tampered(
      'update audit_chain set entry_id = 99 where position = 2',
      'update audit_chain set entry_id = 2 where position = 3',
      'update audit_chain set entry_id = 3 where position = 2',
    )).toMatchObject({ id: 3n });
  });

  test('an entry that was put in beside the log', async () => {
    const insert = `insert into audit_entries (at, actor, action, detail)
      select at, 'local', 'device.reset', '{}' from audit_entries where id = 1`;
    expect(await tampered(insert, 'delete from audit_unsealed')).toMatchObject({ id: 6n });
  });

  test('links removed at the end, or the whole chain, while the entries stay', async () => {
    expect(await tampered('delete from audit_chain where position > 3')).toMatchObject({ id: 4n });
    expect(await tampered('delete from audit_chain')).toMatchObject({ id: 1n });
  });

  test('entries removed at the end with their links are missed by who kept the head', () =>
    withLog(async (store, head, database) => {
      await database.execute(
        ...unlock[database.dialect], 'delete from audit_chain where position > 3', 'delete from audit_entries where id > 3');
      expect(await store.audit.verify()).toMatchObject({ ok: true, head: { id: 3n, count: 3n } });
      expect(await store.audit.verify(head)).toMatchObject({
        ok: false, broken: { id: 5n, detail: 'The last 2 entries up to the exported head were removed.' },
      });
    }));

  test('a chain that was written anew is not the one of the exported head, also once it has grown', () =>
    withLog(async (store, head, database) => {
      await database.execute(
        ...unlock[database.dialect], `update audit_entries set actor = 'nobody' where id = 2`,
        'delete from audit_chain', 'insert into audit_unsealed (entry_id) select id from audit_entries');
      await store.audit.append({ at: start, actor: 'local', action: 'server.rekeyed' });
      await store.audit.seal();
      expect(await store.audit.verify()).toMatchObject({ ok: true, head: { count: 6n } });
      expect(await store.audit.verify(head)).toMatchObject({ ok: false, broken: { id: 5n } });
    }));

  test('an exported head stays good while the chain grows', () => withLog(async (store, head) => {
    await store.audit.append({ at: start, actor: 'local', action: 'server.rekeyed' });
    await store.audit.seal();
    expect(await store.audit.verify(head)).toMatchObject({ ok: true, head: { count: 6n } });
  }));
}
