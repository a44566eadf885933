import { Kysely } from 'kysely';
import type { EventWatch } from '../roles/events/store.ts';
import { quietMoment } from '../roles/quiet-moment.ts';
import type { Database, OpenDatabase, RevisedTable } from './database.ts';
import { registrySchema } from './migrations/index.ts';
import { parametersOf, PreparedQueries, type BatchStep, type PreparedQuery } from './prepared-query.ts';
import { revisionsOf } from './repositories/access-points.ts';
import { lastEventsOf } from './repositories/events.ts';
import { RevisionWaiters } from './revision-waiters.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { connect, inMemory, openSqliteFile } from './sqlite-file.ts';
import { SqliteGroupCommit } from './sqlite-group-commit.ts';
import { SqliteReader } from './sqlite-reader.ts';
import { Turns } from './sqlite-turns.ts';
import type { Tables } from './tables.ts';

/** How often other processes' changes are looked for while somebody waits for one. */
const pollMs = 200;
/** As much as SQLite maps at all (sqlite.org/compile.html, MAX_MMAP_SIZE). */
const readerMapBytes = 0x7fff0000;
/** Room for the pages of a long transaction, such as a group of audit entries: without it they are written twice. */
const writerCacheKiB = 16_384;

export async function openSqlite(path: string, lockTimeoutMs: number): Promise<SqliteDatabase> {
  const writer = await openSqliteFile(path, registrySchema, lockTimeoutMs);
  if (path === inMemory) {
    return new SqliteDatabase(writer, undefined, lockTimeoutMs);
  }
  try {
    // What savepoints keep stays in memory, too.
    await writer.patiently(() => writer.database.exec(`pragma cache_size = -${writerCacheKiB}; pragma temp_store = memory`));
    const reader = new SqliteReader(connect(path), lockTimeoutMs);
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
  readonly #reader: SqliteReader | undefined;
  readonly #turns: Turns;
  readonly #commits: SqliteGroupCommit;
  /** For those whose turn it is: the transactions. */
  readonly #within: Kysely<Tables>;
  readonly #waiters: Readonly<Record<RevisedTable, RevisionWaiters>> = {
    access_points: new RevisionWaiters((apIds) => revisionsOf(this, apIds), () => this.#unwatch()),
    event_streams: new RevisionWaiters((terminalIds) => lastEventsOf(this, terminalIds), () => this.#unwatch()),
  };
  readonly #queries: PreparedQueries;
  readonly #inserts = new Map<string, string>();
  #poll: NodeJS.Timeout | undefined;
  /** sqlite.org/pragma.html, data_version. */
  #seenVersion: number | undefined;
  #closed = false;

  constructor(writer: SqliteConnection, reader: SqliteReader | undefined, lockTimeoutMs: number) {
    this.#writer = writer;
    this.#reader = reader;
    this.#turns = new Turns(lockTimeoutMs);
    this.#commits = new SqliteGroupCommit(writer, this.#turns, {
      timeoutMs: lockTimeoutMs,
      // Where there is no disk to wait for, there is nothing to share.
      gather: () => (reader === undefined ? Promise.resolve() : quietMoment()),
    });
    this.#within = new Kysely({ dialect: sqliteDialect(writer) });
    this.write = new Kysely({ dialect: sqliteDialect(writer, this.#turns) });
    this.read = reader === undefined ? this.write : new Kysely({ dialect: sqliteDialect(reader) });
    this.#queries = new PreparedQueries(this.read);
  }

  /** Synchronous underneath: what it costs beside SQLite itself is a promise. */
  find<Values extends object, Row>(query: PreparedQuery<Values, Row>, values: Values): Promise<Row[]> {
    const reader = this.#reader;
    if (reader === undefined) {
      return this.transaction((tx) => tx.find(query, values));
    }
    const ready = this.#queries.get(query);
    return reader.patiently(() => reader.all(ready.compiled.sql, parametersOf(ready, values)) as Row[]);
  }

  findEach<Values extends object, Row extends readonly unknown[]>(query: PreparedQuery<Values, Row>, values: readonly Values[]): Promise<Row[][]> {
    const reader = this.#reader;
    if (reader === undefined) {
      return this.transaction((tx) => tx.findEach(query, values));
    }
    const ready = this.#queries.get(query);
    return reader.patiently(() => values.map((each) => reader.tuples(ready.compiled.sql, parametersOf(ready, each)) as readonly unknown[] as Row[]));
  }

  change<Values extends object, Row>(query: PreparedQuery<Values, Row>, values: Values): Promise<Row[]> {
    return this.transaction((tx) => tx.change(query, values));
  }

  batch(steps: readonly BatchStep[]): Promise<unknown[][]> {
    return this.transaction((tx) => tx.batch(steps));
  }

  insertNew: Database['insertNew'] = (table, items, toRow, key) => this.transaction((tx) => tx.insertNew(table, items, toRow, key));

  insertAll: Database['insertAll'] = (table, rows) => this.transaction((tx) => tx.insertAll(table, rows));

  async lock(): Promise<void> {
    throw new Error('a lock is held by a transaction');
  }

  async lockRows(): Promise<void> {
    return this.lock();
  }

  async revised(table: RevisedTable, id: string, revision: number): Promise<void> {
    this.#waiters[table].told(id, revision);
  }

  async transaction<T>(work: (database: Database) => Promise<T>): Promise<T> {
    const tx = new SqliteTransaction(this.#within, this.#writer, this.#queries, this.#inserts);
    const result = await this.#commits.run(() => work(tx).finally(() => tx.end()));
    for (const { table, id, revision } of tx.revisions) {
      this.#waiters[table].told(id, revision);
    }
    return result;
  }

  async waitForRevision(apId: string, revision: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const waited = this.#waiters.access_points.wait(apId, revision, timeoutMs, signal);
    this.#watch();
    await waited;
  }

  watchEvents(terminalId: string): EventWatch {
    const watch = this.#waiters.event_streams.watch(terminalId);
    this.#watch();
    return watch;
  }

  get #unwatched(): boolean {
    return Object.values(this.#waiters).every((waiters) => waiters.empty);
  }

  #unwatch(): void {
    if (this.#unwatched) {
      clearInterval(this.#poll);
      this.#poll = undefined;
    }
  }

  /** SQLite tells nobody what another process committed, only that something was: to the writer, of others alone. */
  #watch(): void {
    if (this.#reader === undefined || this.#poll !== undefined || this.#unwatched) {
      return;
    }
    this.#poll = setInterval(() => {
      try {
        const [{ data_version: version }] = this.#writer.guarded(() => this.#writer.all('pragma data_version', [])) as [{ data_version: number }];
        if (version !== this.#seenVersion) {
          this.#seenVersion = version;
          for (const waiters of Object.values(this.#waiters)) {
            void waiters.check();
          }
        }
      } catch (error) {
        for (const waiters of Object.values(this.#waiters)) {
          waiters.fail(error);
        }
      }
    }, pollMs);
  }

  epoch(): number | undefined {
    return this.#reader?.guarded(() => this.#reader?.epoch());
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
    for (const waiters of Object.values(this.#waiters)) {
      waiters.close();
    }
    clearInterval(this.#poll);
    await this.#commits.settled();
    await this.#turns.take();
    this.#reader?.close();
    this.#writer.database.close();
    this.#turns.end();
  }
}

/** From so many rows at once on they are taken for a part of more (`expectMore`). */
const manyRows = 10_000;

class SqliteTransaction implements Database {
  /** What went up. */
  readonly revisions: { readonly table: RevisedTable; readonly id: string; readonly revision: number }[] = [];
  readonly #within: Kysely<Tables>;
  #over = false;
  readonly #connection: SqliteConnection;
  readonly #queries: PreparedQueries;
  readonly #inserts: Map<string, string>;

  constructor(
    within: Kysely<Tables>,
    connection: SqliteConnection,
    queries: PreparedQueries,
    inserts: Map<string, string>,
  ) {
    this.#within = within;
    this.#connection = connection;
    this.#queries = queries;
    this.#inserts = inserts;
  }

  get read(): Kysely<Tables> {
    this.#assertOpen();
    return this.#within;
  }

  get write(): Kysely<Tables> {
    return this.read;
  }

  /** Nothing can be done in it from now on. */
  end(): void {
    this.#over = true;
  }

  #assertOpen(): void {
    if (this.#over) {
      throw new Error('this transaction is over');
    }
  }

  async find<Values extends object, Row>(query: PreparedQuery<Values, Row>, values: Values): Promise<Row[]> {
    this.#assertOpen();
    const ready = this.#queries.get(query);
    return this.#connection.guarded(() =>
      this.#connection.all(ready.compiled.sql, parametersOf(ready, values)) as Row[]);
  }

  async findEach<Values extends object, Row extends readonly unknown[]>(query: PreparedQuery<Values, Row>, values: readonly Values[]): Promise<Row[][]> {
    this.#assertOpen();
    const ready = this.#queries.get(query);
    return this.#connection.guarded(() =>
      values.map((each) => this.#connection.tuples(ready.compiled.sql, parametersOf(ready, each)) as readonly unknown[] as Row[]));
  }

  change<Values extends object, Row>(query: PreparedQuery<Values, Row>, values: Values): Promise<Row[]> {
    return this.find(query, values);
  }

  async batch(steps: readonly BatchStep[]): Promise<unknown[][]> {
    const rows: unknown[][] = [];
    for (const { query, values } of steps) {
      rows.push(await this.find(query, values as never));
    }
    return rows;
  }

  insertNew: Database['insertNew'] = async (table, items, toRow, key) => this.#insert(table, items, toRow, key);

  insertAll: Database['insertAll'] = async (table, rows) => {
    this.#insert(table, rows, (row) => row, undefined);
  };

  /** One statement for all rows, built once: that takes longer than running it. */
  #insert<Item>(
    table: keyof Tables,
    items: readonly Item[],
    toRow: (item: Item) => Readonly<Record<string, unknown>>,
    key: readonly string[] | undefined,
  ): readonly Item[] {
    this.#assertOpen();
    if (items.length === 0) {
      return [];
    }
    const first = toRow(items[0]!);
    const columns = Object.keys(first);
    const name = `${table}(${columns.join()})${key?.join() ?? ''}`;
    let sql = this.#inserts.get(name);
    if (sql === undefined) {
      const insert = this.write.insertInto(table).values(first as never);
      const unlessTaken = insert.onConflict((conflict) => conflict.columns((key ?? []) as never[]).doNothing());
      sql = (key === undefined ? insert : unlessTaken).compile().sql;
      this.#inserts.set(name, sql);
    }
    const statement = sql;
    return this.#connection.guarded(() => {
      if (items.length >= manyRows) expectMore(this.#connection);
      return this.#connection.changeEach(statement, items, (item) => {
        const row = item === items[0] ? first : toRow(item);
        return columns.map((column) => row[column]);
      });
    });
  }

  async lock(): Promise<void> {
    // A writing transaction is alone.
  }

  async lockRows(): Promise<void> {
    // It is alone.
  }

  async revised(table: RevisedTable, id: string, revision: number): Promise<void> {
    this.revisions.push({ table, id, revision });
  }

  transaction<T>(work: (database: Database) => Promise<T>): Promise<T> {
    return work(this);
  }
}

/** Pages: 64 MiB. */
const shortestLog = 16_384;

/**
 * The same pages are soon written again: they go from the log into the file only when it is long, and as long as the
 * file. And each, in the order of keys, is needed for a moment: a cache (of KiB) gains nothing.
 */
function expectMore(connection: SqliteConnection): void {
  const [{ page_count: pages }] = connection.all('pragma page_count', []) as [{ page_count: number }];
  connection.database.exec(`pragma wal_autocheckpoint = ${Math.max(shortestLog, pages)}; pragma cache_size = -2000`);
}
