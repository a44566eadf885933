import { expect, test } from 'vitest';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { registrySchema } from '../../src/storage/migrations/index.ts';
import type { Migration, SchemaHistory } from '../../src/storage/migrations/schema-history.ts';
import { openStore } from '../../src/storage/open-store.ts';
import type { RawDatabase } from './raw-database.ts';
import { addDevice } from './samples.ts';
import { testSealer } from './sealer.ts';

export interface MigrationHarness {
  create(): Promise<RawDatabase>;
  migrate(database: RawDatabase, schema: SchemaHistory): Promise<void>;
  /** All tables, columns, indexes, constraints and triggers, as comparable text. */
  describe(database: RawDatabase): Promise<string[]>;
  /** Says of a whole database that it has this version. */
  setVersion(database: RawDatabase, version: number): Promise<void>;
}

/** A step that a later release could bring. */
const nextStep: Migration = {
  version: registrySchema.steps.length + 1,
  name: 'next',
  statements: ({ text }) => [`alter table devices add column colour ${text}`, 'create index devices_colour on devices (colour)'],
};

function upTo(version: number): SchemaHistory {
  return { ...registrySchema, steps: [...registrySchema.steps, nextStep].slice(0, version) };
}

export function migrationContract({ create, migrate, describe, setVersion }: MigrationHarness): void {
  async function withDatabase<T>(work: (database: RawDatabase) => Promise<T>): Promise<T> {
    const database = await create();
    try {
      return await work(database);
    } finally {
      await database.remove();
    }
  }

  function fresh(version: number): Promise<string[]> {
    return withDatabase(async (database) => {
      await migrate(database, upTo(version));
      return describe(database);
    });
  }

  test('versions count up from 1 without gaps', () => {
    expect(registrySchema.steps.map((step) => step.version)).toEqual(registrySchema.steps.map((_, index) => index + 1));
  });

  test.each([...registrySchema.steps, nextStep].map((step) => step.version - 1))(
    'from version %i the schema becomes that of a fresh database',
    async (from) => {
      const newest = nextStep.version;
      await withDatabase(async (database) => {
        if (from > 0) {
          await migrate(database, upTo(from));
          expect(await describe(database)).toEqual(await fresh(from));
        }
        for (let version = from + 1; version <= newest; version++) {
          await migrate(database, upTo(version));
        }
        expect(await describe(database)).toEqual(await fresh(newest));
        await migrate(database, upTo(newest));
      });
    },
  );

  test('what is in it stays', () => withDatabase(async (database) => {
    const store = await openStore({ url: database.url, sealer: testSealer() });
    const uuid = await addDevice(store);
    await store.close();
    await migrate(database, upTo(nextStep.version));
    expect(await database.execute('select uuid, colour from devices')).toEqual([{ uuid, colour: null }]);
  }));

  test('a step that fails leaves the version before it', () => withDatabase(async (database) => {
    await migrate(database, upTo(registrySchema.steps.length));
    const before = await describe(database);
    const failing: Migration = { ...nextStep, statements: (words) => [...nextStep.statements(words), 'create nonsense'] };
    await expect(migrate(database, { ...registrySchema, steps: [...registrySchema.steps, failing] })).rejects.toThrow();
    expect(await describe(database)).toEqual(before);
    await migrate(database, upTo(nextStep.version));
  }));

  test('of many that open a new database at once one makes it', () => withDatabase(async (database) => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => openStore({ url: database.url, sealer: testSealer() })));
    for (const store of stores) await addDevice(store);
    expect((await stores[0]!.devices.list({}, { limit: 100 })).items).toHaveLength(8);
    await Promise.all(stores.map((store) => store.close()));
  }));

  test('a database of a newer version is left alone', () => withDatabase(async (database) => {
    await (await openStore({ url: database.url, sealer: testSealer() })).close();
    await setVersion(database, registrySchema.steps.length + 1);
    const error = await openStore({ url: database.url, sealer: testSealer() }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LatchkeyError);
    expect((error as LatchkeyError).code).toBe('storage_too_new');
  }));
}
