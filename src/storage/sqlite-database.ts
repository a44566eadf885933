import { Kysely, type Transaction } from 'kysely';
import type { Database, OpenDatabase, PreparedQuery } from './database.ts';
import { registrySchema } from './migrations/index.ts';
import { revisionsOf } from './repositories/access-points.ts';
import { RevisionWaiters } from './revision-waiters.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { sqliteDialect, Turns } from './sqlite-dialect.ts';
import { connect, inMemory, openSqliteFile } from './sqlite-file.ts';
import type { Tables } from './tables.ts';

/** How often other processes' changes are looked for while somebody waits for one. */
const pollMs = 75;
const readerMapBytes = 2 ** 30;

type Compile = (query: PreparedQuery<unknown>) => string;

export async function openSqlite(path: string, lockTimeoutMs: number): Promise<SqliteDatabase> {
  const writer = await openSqliteFile(path, registrySchema, lockTimeoutMs);
  if (path === inMemory) {
    return new SqliteDatabase(writer, undefined, lockTimeoutMs);
  }
  try {
    const reader = connect(path, lockTimeoutMs);
    await reader.patiently(() => reader.database.exec(`pragma query_only = on; pragma mmap_size = ${readerMapBytes}`));
    return new SqliteDatabase(writer, reader, lockTimeoutMs);
  } catch (error) {
    writer.database.close();
    throw error;
  }
}

/**
 * One writing connection, whose transactions take turns in this process and compete for SQLite's lock with
 * others, and one reading connection, which sees what is committed and waits for nobody (WAL). A database in
 * memory has one connection for both.
 */
export class SqliteDatabase implements OpenDatabase {
  readonly read: Kysely<Tables>;
  readonly write: Kysely<Tables>;
  readonly #writer: SqliteConnection;
  readonly #reader: SqliteConnection | undefined;
  readonly #turns: Turns;
  readonly #waiters = new RevisionWaiters((apIds) => revisionsOf(this, apIds));
  readonly #sql = new Map<PreparedQuery<unknown>, string>();
  #poll: NodeJS.Timeout | undefined;
  #dataVersion: unknown;
  #closed = false;

  constructor(writer: SqliteConnection, reader: SqliteConnection | undefined, lockTimeoutMs: number) {
    this.#writer = writer;
    this.#reader = reader;
    this.#turns = new Turns(lockTimeoutMs);
    this.write = new Kysely({ dialect: sqliteDialect(writer, this.#turns) });
    this.read = reader === undefined ? this.write : new Kysely({ dialect: sqliteDialect(reader) });
  }

  async run<Row>(query: PreparedQuery<Row>, parameters: readonly unknown[]): Promise<Row[]> {
    const sql = this.#compiled(query);
    if (this.#reader !== undefined) {
      const reader = this.#reader;
      return (await reader.patiently(() => reader.all(sql, parameters))) as Row[];
    }
    return this.transaction((tx) => tx.run(query, parameters));
  }

  insertNew: Database['insertNew'] = (table, rows, key) => this.transaction((tx) => tx.insertNew(table, rows, key));

  insertAll: Database['insertAll'] = (table, rows) => this.transaction((tx) => tx.insertAll(table, rows));

  async lock(): Promise<void> {
    throw new Error('a lock is held by a transaction');
  }

  async revised(apId: string): Promise<void> {
    await this.#waiters.check([apId]);
  }

  async transaction<T>(work: (database: Database) => Promise<T>): Promise<T> {
    const revised = new Set<string>();
    const result = await this.write.transaction().execute((trx) =>
      work(new SqliteTransaction(trx, this.#writer, this.#compiled, revised)));
    void this.#waiters.check([...revised]);
    return result;
  }

  #compiled: Compile = (query) => {
    let sql = this.#sql.get(query);
    if (sql === undefined) {
      sql = query(this.read).compile().sql;
      this.#sql.set(query, sql);
    }
    return sql;
  };

  async waitForRevision(apId: string, revision: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const waited = this.#waiters.wait(apId, revision, timeoutMs, signal);
    this.#watch();
    await waited;
    if (this.#waiters.empty) {
      clearInterval(this.#poll);
      this.#poll = undefined;
    }
  }

  /** SQLite tells nobody what another process committed, only that something was. */
  #watch(): void {
    const reader = this.#reader;
    if (reader === undefined || this.#poll !== undefined) {
      return;
    }
    this.#poll = setInterval(() => {
      const version = (reader.all('pragma data_version', [])[0] as { data_version: number }).data_version;
      if (version !== this.#dataVersion) {
        this.#dataVersion = version;
        void this.#waiters.check();
      }
    }, pollMs);
  }

  async ping(): Promise<void> {
    const connection = this.#reader ?? this.#writer;
    await connection.patiently(() => connection.all('select count(*) from sqlite_schema', []));
  }

  async close(): Promise<void> {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#waiters.close();
    clearInterval(this.#poll);
    await this.#turns.take();
    this.#reader?.database.close();
    this.#writer.database.close();
    this.#turns.end();
  }
}

class SqliteTransaction implements Database {
  readonly read: Kysely<Tables>;
  readonly write: Kysely<Tables>;
  readonly #connection: SqliteConnection;
  readonly #compiled: Compile;
  readonly #revised: Set<string>;

  constructor(trx: Transaction<Tables>, connection: SqliteConnection, compiled: Compile, revised: Set<string>) {
    this.read = trx;
    this.write = trx;
    this.#connection = connection;
    this.#compiled = compiled;
    this.#revised = revised;
  }

  async run<Row>(query: PreparedQuery<Row>, parameters: readonly unknown[]): Promise<Row[]> {
    const sql = this.#compiled(query);
    return this.#connection.guarded(() => this.#connection.all(sql, parameters)) as Row[];
  }

  insertNew: Database['insertNew'] = async (table, rows, key) =>
    this.#insert(rows, (row) => this.write.insertInto(table).values(row as never)
      .onConflict((conflict) => conflict.columns([...key] as never[]).doNothing()).compile().sql);

  insertAll: Database['insertAll'] = async (table, rows) => {
    await this.#insert(rows, (row) => this.write.insertInto(table).values(row as never).compile().sql);
  };

  /** One compiled statement for all rows: building one for each would take longer than running it. */
  async #insert<Row extends Readonly<Record<string, unknown>>>(
    rows: readonly Row[],
    compile: (row: Row) => string,
  ): Promise<readonly Row[]> {
    const [first] = rows;
    if (first === undefined) {
      return [];
    }
    const sql = compile(first);
    const columns = Object.keys(first);
    return this.#connection.guarded(() =>
      rows.filter((row) => this.#connection.change(sql, columns.map((column) => row[column])) > 0));
  }

  async lock(): Promise<void> {
    // A writing transaction is alone.
  }

  async revised(apId: string): Promise<void> {
    this.#revised.add(apId);
  }

  transaction<T>(work: (database: Database) => Promise<T>): Promise<T> {
    return work(this);
  }
}
