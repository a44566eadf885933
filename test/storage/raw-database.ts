import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import pg from 'pg';
import type { PostgresServer } from '../postgres.ts';

/** An empty database, and a way into it past the store. */
export interface RawDatabase {
  /** As `openStore` takes it. */
  readonly url: string;
  readonly dialect: 'sqlite' | 'postgres';
  /** Runs statements in their order and resolves to the rows of the last. */
  execute(...statements: readonly string[]): Promise<Record<string, unknown>[]>;
  remove(): Promise<void>;
}

export async function sqliteDatabase(): Promise<RawDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'lk-raw-'));
  const path = join(folder, 'registry.db');
  return {
    url: `sqlite:${path}`,
    dialect: 'sqlite',
    async execute(...statements) {
      const database = new DatabaseSync(path, { timeout: 5000 });
      try {
        return statements.map((statement) => database.prepare(statement).all()).at(-1) ?? [];
      } finally {
        database.close();
        // From when on a store in this process sees it.
        await nextTurn();
      }
    },
    remove: () => rm(folder, { recursive: true }),
  };
}

export async function postgresDatabase(server: PostgresServer): Promise<RawDatabase> {
  const { url, drop } = await server.createDatabase();
  return {
    url,
    dialect: 'postgres',
    async execute(...statements) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        let rows: Record<string, unknown>[] = [];
        for (const statement of statements) {
          ({ rows } = await client.query<Record<string, unknown>>(statement));
        }
        return rows;
      } finally {
        await client.end();
      }
    },
    remove: drop,
  };
}
