import type { Kysely } from 'kysely';
import type { EventWatch } from '../roles/events/store.ts';
import type { BatchStep, PreparedQuery } from './prepared-query.ts';
import type { Tables } from './tables.ts';
import type { LockName } from './postgres-locks.ts';

/** Tables with a number for each id that only goes up, and that is waited for. */
export type RevisedTable = 'access_points' | 'event_streams';

/** What the repositories work on: one of the two databases, or one transaction on it. */
export interface Database {
  /** Outside a transaction reads wait for no writer; inside, both are the transaction. */
  readonly read: Kysely<Tables>;
  readonly write: Kysely<Tables>;

  /** Reads by a prepared query. */
  find<Values extends object, Row>(query: PreparedQuery<Values, Row>, values: Values): Promise<Row[]>;

  /**
   * Reads by a prepared query for each of some values, on PostgreSQL without waiting for one before the next is sent; resolves
   * to the rows of each, and these are arrays of their columns: for what is asked or found many thousand times a second.
   */
  findEach<Values extends object, Row extends readonly unknown[]>(query: PreparedQuery<Values, Row>, values: readonly Values[]): Promise<Row[][]>;

  /** Changes by a prepared query; resolves to the rows that it returns. */
  change<Values extends object, Row>(query: PreparedQuery<Values, Row>, values: Values): Promise<Row[]>;

  /**
   * Runs prepared queries one after the other in one transaction, on PostgreSQL without waiting for one before the next is
   * sent; resolves to the rows of each.
   */
  batch(steps: readonly BatchStep[]): Promise<unknown[][]>;

  /**
   * Adds a row for each item, all of the same columns, in one transaction; items whose row's key is taken are passed
   * over. Resolves to those that were added. Rows are made one by one: of many, not all are in memory.
   */
  insertNew<Table extends keyof Tables, Item, Row extends Readonly<Record<string, unknown>>>(
    table: Table,
    items: readonly Item[],
    toRow: (item: Item) => Row,
    key: readonly (keyof Row & string)[],
  ): Promise<readonly Item[]>;

  /** Adds many rows, all of the same columns, in one transaction. */
  insertAll<Table extends keyof Tables>(table: Table, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void>;

  /** Holds a lock of this name until the transaction ends. */
  lock(name: LockName): Promise<void>;

  /** Takes the rows of these ids, which are in order, until the transaction ends; those that are not there are passed over. */
  lockRows(table: 'accounts', ids: readonly string[]): Promise<void>;

  /** The access point's revision, or the number of the terminal's last event, went up to that: wakes those who wait for it, once this is committed. */
  revised(table: RevisedTable, id: string, revision: number): Promise<void>;

  /** All or nothing, durable once resolved; joins the transaction that this already is. */
  transaction<T>(work: (database: Database) => Promise<T>): Promise<T>;
}

/** A whole database, as it is opened and closed. */
export interface OpenDatabase extends Database {
  epoch(): number | undefined;
  waitForRevision(apId: string, revision: number, timeoutMs: number, signal?: AbortSignal): Promise<void>;
  watchEvents(terminalId: string): EventWatch;
  ping(): Promise<void>;
  close(): Promise<void>;
}
