import { setTimeout as delay } from 'node:timers/promises';
import { Kysely, sql, type Transaction } from 'kysely';
import type { Pool, PoolConfig } from 'pg';
import type { EventWatch } from '../roles/events/store.ts';
import type { Database, OpenDatabase } from './database.ts';
import { registrySchema } from './migrations/index.ts';
import { migratePostgres } from './migrations/postgres.ts';
import { postgresDialect, translating } from './postgres-dialect.ts';
import { isContention, isUniqueViolation, postgresError } from './postgres-errors.ts';
import { PostgresInserts } from './postgres-inserts.ts';
import { PostgresListener, type Heard } from './postgres-listener.ts';
import { advisoryLocks, type LockName } from './postgres-locks.ts';
import { parametersOf, PreparedQueries, type BatchStep, type PreparedQuery } from './prepared-query.ts';
import { revisionsOf } from './repositories/access-points.ts';
import { lastEventsOf } from './repositories/events.ts';
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
/** By one when a terminal's events do, with the number of the last, a space and the terminal's id. */
const eventChannel = 'latchkey_event';

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
    // What is sent while an answer is awaited goes at once; whoever waits before sending notices nothing.
    pipeline: true,
  };
  const pool = new pg.Pool(config);
  // A connection that breaks while nobody uses it is replaced; who has it, in a transaction between two queries
  // say, is told at the next query. The events themselves would end the process if nobody listened.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const listen = (heard: Heard, missed: () => void) => new PostgresListener(pg.Client, config, heard, missed);
  try {
    await translating(migratePostgres(pool, registrySchema));
    return new PostgresDatabase(pool, listen, lockTimeoutMs);
  } catch (error) {
    await pool.end();
    throw error;
  }
}

type Listen = (heard: Heard, missed: () => void) => PostgresListener;

/**
 * A pool of connections. Transactions read what is committed (`read committed`): what decides is a row lock, a
 * compare-and-set or a unique key, and whichever of two gets into the other's way is run again.
 */
export class PostgresDatabase implements OpenDatabase {
  readonly read: Kysely<Tables>;
  readonly write: Kysely<Tables>;
  readonly #pool: Pool;
  readonly #waiters = new RevisionWaiters((apIds) => revisionsOf(this, apIds));
  readonly #eventWaiters = new RevisionWaiters((terminalIds) => lastEventsOf(this, terminalIds));
  readonly #listener: PostgresListener;
  readonly #lockTimeoutMs: number;
  readonly #queries: PreparedQueries;
  readonly #inserts = new PostgresInserts();
  #closed = false;

  constructor(pool: Pool, listen: Listen, lockTimeoutMs: number) {
    this.#pool = pool;
    this.#lockTimeoutMs = lockTimeoutMs;
    this.#listener = listen(
      {
        [revisionChannel]: (apId) => void this.#waiters.check([apId]),
        [eventChannel]: (payload) => {
          const [last = '', terminalId = ''] = payload.split(' ');
          this.#eventWaiters.told(terminalId, Number(last));
        },
      },
      () => {
        void this.#waiters.check();
        void this.#eventWaiters.check();
      },
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

  async findEach<Values extends object, Row extends readonly unknown[]>(query: PreparedQuery<Values, Row>, values: readonly Values[]): Promise<Row[][]> {
    const ready = this.#queries.get(query);
    const client = await translating(this.#pool.connect());
    const sent = await Promise.allSettled(values.map((each) =>
      client.query({ name: `latchkey_${ready.number}`, text: ready.compiled.sql, values: parametersOf(ready, each), rowMode: 'array' })));
    const failed = sent.find((outcome) => outcome.status === 'rejected');
    client.release(isBroken(failed?.reason));
    if (failed !== undefined) {
      throw postgresError(failed.reason);
    }
    return sent.map((outcome) => (outcome as PromiseFulfilledResult<{ rows: unknown[] }>).value.rows as Row[]);
  }

  change<Values extends object, Row>(query: PreparedQuery<Values, Row>, values: Values): Promise<Row[]> {
    return this.#again(() => this.find(query, values));
  }

  batch(steps: readonly BatchStep[]): Promise<unknown[][]> {
    return this.#again(() => translating(this.#batch(steps)));
  }

  /** One round trip. Whatever fails, the commit that was sent behind it rolls back. */
  async #batch(steps: readonly BatchStep[]): Promise<unknown[][]> {
    const client = await this.#pool.connect();
    const sent = await Promise.allSettled([
      client.query('begin'),
      ...steps.map(({ query, values }) => {
        const ready = this.#queries.get(query);
        return client.query({ name: `latchkey_${ready.number}`, text: ready.compiled.sql, values: parametersOf(ready, values) });
      }),
      client.query('commit'),
    ]);
    const failed = sent.find((outcome) => outcome.status === 'rejected');
    client.release(isBroken(failed?.reason));
    if (failed !== undefined) {
      throw failed.reason;
    }
    return sent.slice(1, -1).map((outcome) => (outcome as PromiseFulfilledResult<{ rows: unknown[] }>).value.rows);
  }

  insertNew: Database['insertNew'] = (table, items, toRow, key) =>
    PostgresInserts.severalFor(items.length)
      ? this.transaction((tx) => tx.insertNew(table, items, toRow, key))
      : this.#again(() => this.#inserts.insertNew(this.write, table, items, toRow, key));

  insertAll: Database['insertAll'] = (table, rows) =>
    PostgresInserts.severalFor(rows.length)
      ? this.transaction((tx) => tx.insertAll(table, rows))
      : this.#again(() => this.#inserts.insertAll(this.write, table, rows));

  async lock(): Promise<void> {
    throw new Error('a lock is held by a transaction');
  }

  async lockRows(): Promise<void> {
    return this.lock();
  }

  async revised(): Promise<void> {
    // A trigger notifies.
  }

  async transaction<T>(work: (database: Database) => Promise<T>): Promise<T> {
    return this.#again(() =>
      this.write.transaction().setIsolationLevel('read committed').execute((trx) =>
        work(new PostgresTransaction(trx, this.#queries, this.#inserts))));
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

  watchEvents(terminalId: string): EventWatch {
    this.#listener.start();
    return this.#eventWaiters.watch(terminalId);
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
    this.#eventWaiters.close();
    await this.#listener.close();
    await this.#pool.end();
  }
}

/** Whether it was not PostgreSQL that said no, but the connection that ended. */
function isBroken(error: unknown): boolean {
  return error instanceof Error && !('severity' in error);
}

class PostgresTransaction implements Database {
  readonly read: Kysely<Tables>;
  readonly write: Kysely<Tables>;
  readonly #queries: PreparedQueries;
  readonly #inserts: PostgresInserts;

  constructor(trx: Transaction<Tables>, queries: PreparedQueries, inserts: PostgresInserts) {
    this.read = trx;
    this.write = trx;
    this.#queries = queries;
    this.#inserts = inserts;
  }

  async find<Values extends object, Row>(query: PreparedQuery<Values, Row>, values: Values): Promise<Row[]> {
    const ready = this.#queries.get(query);
    const { rows } = await this.read.executeQuery({ ...ready.compiled, parameters: parametersOf(ready, values) });
    return rows as Row[];
  }

  async findEach<Values extends object, Row extends readonly unknown[]>(query: PreparedQuery<Values, Row>, values: readonly Values[]): Promise<Row[][]> {
    const found: Row[][] = [];
    for (const each of values) {
      const rows = await this.find<Values, object>(query as PreparedQuery<Values, object>, each);
      found.push(rows.map((row) => Object.values(row) as unknown as Row));
    }
    return found;
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

  insertNew: Database['insertNew'] = (table, items, toRow, key) => this.#inserts.insertNew(this.write, table, items, toRow, key);

  insertAll: Database['insertAll'] = (table, rows) => this.#inserts.insertAll(this.write, table, rows);

  async lock(name: LockName): Promise<void> {
    await sql`select pg_advisory_xact_lock(${advisoryLocks[name]})`.execute(this.write);
  }

  async lockRows(table: 'accounts', ids: readonly string[]): Promise<void> {
    await sql`select 1 from ${sql.table(table)} where id in (${sql.join([...ids])}) order by id for no key update`.execute(this.write);
  }

  async revised(): Promise<void> {
    // A trigger notifies.
  }

  transaction<T>(work: (database: Database) => Promise<T>): Promise<T> {
    return work(this);
  }
}
