import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { QueryResult } from 'kysely';
import { registrySchema } from '../../src/storage/migrations/index.ts';
import { RelationalStore } from '../../src/storage/relational-store.ts';
import { SqliteConnection } from '../../src/storage/sqlite-connection.ts';
import { SqliteDatabase } from '../../src/storage/sqlite-database.ts';
import { connect, openSqliteFile } from '../../src/storage/sqlite-file.ts';
import { SqliteReader } from '../../src/storage/sqlite-reader.ts';
import { testSealer } from '../storage/sealer.ts';
import type { ServerFate } from './crash-points.ts';
import { observedTables, type Disk, type Disks, type Row, type Rows, type ServerProcess } from './disk.ts';
import { statementName } from './statement-name.ts';

const lockTimeoutMs = 5_000;
const memory = '/dev/shm';

type Constructor = new (database: DatabaseSync, lockTimeoutMs: number) => SqliteConnection;

/** A connection whose every statement may be the last. */
function mortal<Base extends Constructor>(Connection: Base, fate: ServerFate) {
  const mortally = <T>(sql: string, operation: () => T): T => {
    const name = statementName(sql);
    const nth = fate.before(name);
    const result = operation();
    fate.after(name, nth);
    return result;
  };
  return class extends (Connection as Constructor) {
    override all(sql: string, parameters: readonly unknown[]): unknown[] {
      return mortally(sql, () => super.all(sql, parameters));
    }

    override change(sql: string, parameters: readonly unknown[]): number {
      return mortally(sql, () => super.change(sql, parameters));
    }

    override changeEach<Item>(sql: string, items: readonly Item[], parametersOf: (item: Item) => readonly unknown[]): readonly Item[] {
      return mortally(sql, () => super.changeEach(sql, items, parametersOf));
    }

    override execute(sql: string, parameters: readonly unknown[]): QueryResult<unknown> {
      return mortally(sql, () => super.execute(sql, parameters));
    }
  } as unknown as Base;
}

/** A file, with its log: at a crash the next server gets both as they lie there at that moment. */
class SqliteDisk implements Disk {
  readonly #folder: string;
  #path: string;
  #copies = 0;
  #eye: { readonly database: DatabaseSync; readonly version: StatementSync; readonly statements: Readonly<Record<(typeof observedTables)[number], StatementSync>> } | undefined;
  #seen: { readonly version: unknown; readonly rows: Rows } | undefined;

  constructor(folder: string, template: string) {
    this.#folder = folder;
    this.#path = join(folder, '0.db');
    copyFileSync(template, this.#path);
  }

  async boot(fate: ServerFate): Promise<ServerProcess> {
    const path = this.#path;
    const { database } = await openSqliteFile(path, registrySchema, lockTimeoutMs);
    const MortalReader = mortal(SqliteReader, fate);
    const reader = new MortalReader(connect(path), lockTimeoutMs) as SqliteReader;
    const store = new RelationalStore(new SqliteDatabase(new (mortal(SqliteConnection, fate))(database, lockTimeoutMs), reader, lockTimeoutMs), testSealer());
    fate.onCrash(() => this.#leave(path));
    return { store, halt: () => store.close() };
  }

  #leave(path: string): void {
    this.#copies += 1;
    this.#path = join(this.#folder, `${this.#copies}.db`);
    copyFileSync(path, this.#path);
    if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${this.#path}-wal`);
    this.#closeEye();
  }

  async observe(): Promise<Rows> {
    if (this.#eye === undefined) {
      const database = new DatabaseSync(this.#path, { timeout: lockTimeoutMs });
      const select = (table: string) => database.prepare(`select * from ${table}`);
      this.#eye = { database, version: database.prepare('pragma data_version'), statements: Object.fromEntries(observedTables.map((table) => [table, select(table)])) as never };
    }
    const { version: versionNow, statements } = this.#eye;
    // It goes up with whatever others commit (sqlite.org/pragma.html).
    const version = versionNow.get()!['data_version'];
    if (this.#seen?.version !== version) {
      const rows = Object.fromEntries(observedTables.map((table) => [table, statements[table].all() as Row[]])) as unknown as Rows;
      this.#seen = { version, rows };
    }
    return this.#seen!.rows;
  }

  async contents(): Promise<Buffer> {
    return Buffer.concat(readdirSync(this.#folder).map((name) => readFileSync(join(this.#folder, name))));
  }

  #closeEye(): void {
    this.#eye?.database.close();
    this.#eye = undefined;
    this.#seen = undefined;
  }

  async remove(): Promise<void> {
    this.#closeEye();
    rmSync(this.#folder, { recursive: true });
  }
}

export async function sqliteDisks(): Promise<Disks> {
  const root = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'latchkey-model-'));
  const template = join(root, 'template.db');
  const { database } = await openSqliteFile(template, registrySchema, lockTimeoutMs);
  database.close();
  return {
    name: 'SQLite',
    create: async () => new SqliteDisk(mkdtempSync(join(root, 'run-')), template),
    remove: async () => rmSync(root, { recursive: true }),
  };
}
