import type { Compilable, Kysely } from 'kysely';
import type { Tables } from './tables.ts';

/** A query of fixed shape, kept as a constant of its module: built and compiled once, run with fresh parameters. */
export type PreparedQuery<Row> = (db: Kysely<Tables>) => Compilable<Row>;

/** What the repositories work on: one of the two databases, or one transaction on it. */
export interface Database {
  /** Outside a transaction reads wait for no writer; inside, both are the transaction. */
  readonly read: Kysely<Tables>;
  readonly write: Kysely<Tables>;

  /** Reads by a prepared query; each parameter of it is given anew. */
  run<Row>(query: PreparedQuery<Row>, parameters: readonly unknown[]): Promise<Row[]>;

  /**
   * Adds many rows, all of the same columns, in one transaction; rows whose key is taken are passed over.
   * Resolves to the rows that were added.
   */
  insertNew<Table extends keyof Tables, Row extends Readonly<Record<string, unknown>>>(
    table: Table,
    rows: readonly Row[],
    key: readonly (keyof Row & string)[],
  ): Promise<readonly Row[]>;

  /** Adds many rows, all of the same columns, in one transaction. */
  insertAll<Table extends keyof Tables>(table: Table, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void>;

  /** Holds a lock of this name until the transaction ends. */
  lock(name: 'audit-chain'): Promise<void>;

  /** The access point's revision went up: wakes those who wait for it, once this is committed. */
  revised(apId: string): Promise<void>;

  /** All or nothing, durable once resolved; joins the transaction that this already is. */
  transaction<T>(work: (database: Database) => Promise<T>): Promise<T>;
}

/** A whole database, as it is opened and closed. */
export interface OpenDatabase extends Database {
  waitForRevision(apId: string, revision: number, timeoutMs: number, signal?: AbortSignal): Promise<void>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
