import { setTimeout as delay } from 'node:timers/promises';
import { Kysely, sql, type RawBuilder, type Transaction } from 'kysely';
import type { Pool, PoolConfig } from 'pg';
import type { Database, OpenDatabase } from './database.ts';
import { registrySchema } from './migrations/index.ts';
import { migratePostgres } from './migrations/postgres.ts';
import { postgresDialect, translating } from './postgres-dialect.ts';
import { isContention, isUniqueViolation } from './postgres-errors.ts';
import { PostgresListener } from './postgres-listener.ts';
import { advisoryLocks } from './postgres-locks.ts';
import { parametersOf, PreparedQueries, type PreparedQuery } from './prepared-query.ts';
import { revisionsOf } from './repositories/access-points.ts';
import { RevisionWaiters } from './revision-waiters.ts';
import type { Tables } from './tables.ts';

/** Connections of one process; one more listens. */
const connections = 10;
const connectTimeoutMs = 10_000;
/** A process that hangs in a transaction does not hold its rows for ever. */
const idleInTransactionMs = 60_000;
/** After so many tries a taken unique key is no matter of timing. */
const uniqueTries = 3;

/** Notified by a trigger when an access point's revision goes up, with its id. */
const revisionChannel = 'latchkey_revision';

/** Opens a database that exists. */
export async function openPostgres(url: string, lockTimeoutMs: number): Promise<PostgresDatabase> {
  const { default: pg } = await import('pg');
  const config: PoolConfig = {
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: connectTimeoutMs,
    lock_timeout: lockTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
    fallback_application_name: 'latchkey',
    keepAlive: true,
  };
  const pool = new pg.Pool(config);
  // A connection that breaks while nobody uses it is replaced; who has it, in a transaction between two queries
  // say, is told at the next query. The events themselves would end the process if nobody listened.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const listen = (heard: (apId: string) => void, missed: () => void) =>
    new PostgresListener(pg.Client, config, revisionChannel, { heard, missed });
  try {
    await translating(migratePostgres(pool, registrySchema));
    return new PostgresDatabase(pool, listen, lockTimeoutMs);
  } catch (error) {
    await pool.end();
    throw error;
  }
}

type Listen = (heard: (apId: string) => void, missed: () => void) => PostgresListener;

/**
 * A pool of connections. Transactions read what is committed (`read committed`): what decides is a row lock, a
 * compare-and-set or a unique key, and whichever of two gets into the other's way is run again.
 */
export class PostgresDatabase implements OpenDatabase {
  readonly read: Kysely<Tables>;
  readonly write: Kysely<Tables>;
  readonly #pool: Pool;
  readonly #waiters = new RevisionWaiters((apIds) => revisionsOf(this, apIds));
  readonly #listener: PostgresListener;
  readonly #lockTimeoutMs: number;
  readonly #queries: PreparedQueries;
  #closed = false;

  constructor(pool: Pool, listen: Listen, lockTimeoutMs: number) {
    this.#pool = pool;
    this.#lockTimeoutMs = lockTimeoutMs;
    this.#listener = listen(
      (apId) => void this.#waiters.check([apId]),
      () => void this.#waiters.check(),
    );
    this.write = new Kysely({ dialect: postgresDialect(pool) });
    this.read = this.write;
    this.#queries = new PreparedQueries(this.write);
  }

  /** By a statement that the connection keeps prepared. */
  async find<Values extends object, Row>(query: PreparedQuery<Values, Row>, values: Values): Promise<Row[]> {
    const ready = this.#queries.get(query);
    const { rows } = await translating(this.#pool.query({
      name: `latchkey_${ready.number}`,
      text: ready.compiled.sql,
      values: parametersOf(ready, values),
    }));
    return rows as Row[];
  }

  change<Values extends object, Row>(query: PreparedQuery<Values, Row>, values: Values): Promise<Row[]> {
    return this.#again(() => this.find(query, values));
  }

  insertNew: Database['insertNew'] = (table, items, toRow, key) =>
    items.length > rowsInStatement
      ? this.transaction((tx) => tx.insertNew(table, items, toRow, key))
      : this.#again(() => insertNew(this.write, table, items, toRow, key));

  insertAll: Database['insertAll'] = async (table, rows) => {
    await (rows.length > rowsInStatement
      ? this.transaction((tx) => tx.insertAll(table, rows))
      : this.#again(() => insertRows(this.write, table, rows, (row) => row, sql``)));
  };

  async lock(): Promise<void> {
    throw new Error('a lock is held by a transaction');
  }

  async revised(): Promise<void> {
    // A trigger notifies.
  }

  async transaction<T>(work: (database: Database) => Promise<T>): Promise<T> {
    return this.#again(() =>
      this.write.transaction().setIsolationLevel('read committed').execute((trx) =>
        work(new PostgresTransaction(trx, this.#queries))));
  }

  /** Runs it again, after a pause, when it got into the way of another transaction. */
  async #again<T>(operation: () => Promise<T>): Promise<T> {
    const deadline = Date.now() + this.#lockTimeoutMs;
    for (let attempt = 1; ; attempt++) {
      try {
        return await operation();
      } catch (error) {
        const timing = isContention(error) || (isUniqueViolation(error) && attempt < uniqueTries);
        if (!timing || Date.now() >= deadline) {
          throw error;
        }
      }
      await delay(Math.random() * Math.min(5 * 2 ** attempt, 200));
    }
  }

  async waitForRevision(apId: string, revision: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const waited = this.#waiters.wait(apId, revision, timeoutMs, signal);
    this.#listener.start();
    await waited;
  }

  epoch(): undefined {
    // It would be a round trip, as reading is.
  }

  async ping(): Promise<void> {
    await translating(this.#pool.query('select 1'));
  }

  async close(): Promise<void> {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#waiters.close();
    await this.#listener.close();
    await this.#pool.end();
  }
}

class PostgresTransaction implements Database {
  readonly read: Kysely<Tables>;
  readonly write: Kysely<Tables>;
  readonly #queries: PreparedQueries;

  constructor(trx: Transaction<Tables>, queries: PreparedQueries) {
    this.read = trx;
    this.write = trx;
    this.#queries = queries;
  }

  async find<Values extends object, Row>(query: PreparedQuery<Values, Row>, values: Values): Promise<Row[]> {
    const ready = this.#queries.get(query);
    const { rows } = await this.read.executeQuery({ ...ready.compiled, parameters: parametersOf(ready, values) });
    return rows as Row[];
  }

  change<Values extends object, Row>(query: PreparedQuery<Values, Row>, values: Values): Promise<Row[]> {
    return this.find(query, values);
  }

  insertNew: Database['insertNew'] = (table, items, toRow, key) => insertNew(this.write, table, items, toRow, key);

  insertAll: Database['insertAll'] = async (table, rows) => {
    await insertRows(this.write, table, rows, (row) => row, sql``);
  };

  async lock(name: 'audit-chain'): Promise<void> {
    await sql`select pg_advisory_xact_lock(${advisoryLocks[name]})`.execute(this.write);
  }

  async revised(): Promise<void> {
    // A trigger notifies.
  }

  transaction<T>(work: (database: Database) => Promise<T>): Promise<T> {
    return work(this);
  }
}

type AnyRow = Readonly<Record<string, unknown>>;

/** `Database.insertNew`. */
async function insertNew<Item>(
  db: Kysely<Tables>,
  table: string,
  items: readonly Item[],
  toRow: (item: Item) => AnyRow,
  key: readonly string[],
): Promise<readonly Item[]> {
  const columns = sql.join(key.map((column) => sql.ref(column)));
  const added = await insertRows(db, table, items, toRow, sql`on conflict (${columns}) do nothing returning ${columns}`);
  if (added.length === items.length) {
    return items;
  }
  const keyOf = (row: AnyRow) => JSON.stringify(key.map((column) => row[column]));
  const keys = new Set(added.map(keyOf));
  return items.filter((item) => keys.has(keyOf(toRow(item))));
}

/** More at once take more memory, here and there, and no less time. */
const rowsInStatement = 2_000;

/**
 * Adds rows as JSON parameters, which PostgreSQL takes apart by the table's own types: statements of one text for any
 * number of rows, not in a transaction by themselves. `ending`: what comes behind it.
 */
async function insertRows<Item>(
  db: Kysely<Tables>,
  table: string,
  items: readonly Item[],
  toRow: (item: Item) => AnyRow,
  ending: RawBuilder<unknown>,
): Promise<readonly AnyRow[]> {
  if (items.length === 0) {
    return [];
  }
  const names = Object.keys(toRow(items[0]!));
  const columns = sql.join(names.map((column) => sql.ref(column)));
  const all: AnyRow[] = [];
  for (let from = 0; from < items.length; from += rowsInStatement) {
    const json = jsonOf(items.slice(from, from + rowsInStatement), toRow, names);
    const { rows: returned } = await sql<Record<string, unknown>>`
      insert into ${sql.table(table)} (${columns})
      select ${columns} from json_populate_recordset(null::${sql.table(table)}, ${json}::json)
      ${ending}`.execute(db);
    for (const row of returned) all.push(row);
  }
  return all;
}

/** Written out row by row: of many, objects and text together would be in memory twice. What is null is left out. */
function jsonOf<Item>(items: readonly Item[], toRow: (item: Item) => AnyRow, names: readonly string[]): string {
  const members = names.map((name) => `${JSON.stringify(name)}:`);
  let text = '';
  for (const item of items) {
    const row = toRow(item);
    let object = '';
    names.forEach((name, index) => {
      const value = row[name];
      if (value !== null && value !== undefined) object += `${object === '' ? '' : ','}${members[index]}${jsonValue(value)}`;
    });
    text += `${text === '' ? '[' : ','}{${object}}`;
  }
  return `${text}]`;
}

function jsonValue(value: unknown): string {
  if (value instanceof Uint8Array) {
    return `"\\\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}"`;
  }
  if (typeof value === 'string') {
    return JSON.stringify(value.toWellFormed());
  }
  return typeof value === 'bigint' ? `"${value}"` : JSON.stringify(value);
}
