import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import { isBusy, sqliteError } from './sqlite-errors.ts';

interface CachedStatement {
  readonly statement: StatementSync;
  readonly returnsRows: boolean;
}

/** More statements than the repositories have; lists of many lengths could make more. */
const cachedStatements = 500;

/** One connection of node:sqlite: synchronous, with a cache of its prepared statements. */
export class SqliteConnection implements DatabaseConnection {
  readonly database: DatabaseSync;
  readonly #lockTimeoutMs: number;
  readonly #statements = new Map<string, CachedStatement>();
  readonly #tupleStatements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, lockTimeoutMs: number) {
    this.database = database;
    this.#lockTimeoutMs = lockTimeoutMs;
  }

  #prepare(sql: string): CachedStatement {
    let cached = this.#statements.get(sql);
    if (cached === undefined) {
      const statement = this.database.prepare(sql);
      cached = { statement, returnsRows: statement.columns().length > 0 };
      if (this.#statements.size >= cachedStatements) {
        this.#statements.clear();
      }
      this.#statements.set(sql, cached);
    }
    return cached;
  }

  all(sql: string, parameters: readonly unknown[]): unknown[] {
    return this.#prepare(sql).statement.all(...bind(parameters));
  }

  /**
   * Each row as an array of its columns, for what is asked many thousand times a second: objects that node:sqlite makes of
   * rows are of no shape that V8 knows again, so that making and reading one takes longer than finding the row.
   */
  tuples(sql: string, parameters: readonly unknown[]): unknown[][] {
    let statement = this.#tupleStatements.get(sql);
    if (statement === undefined) {
      statement = this.database.prepare(sql);
      statement.setReturnArrays(true);
      this.#tupleStatements.set(sql, statement);
    }
    return statement.all(...bind(parameters)) as unknown as unknown[][];
  }

  /** How many rows it changed. */
  change(sql: string, parameters: readonly unknown[]): number {
    return Number(this.#prepare(sql).statement.run(...bind(parameters)).changes);
  }

  /** Runs it with the parameters of each of the items; gives those for which it changed something. */
  changeEach<Item>(sql: string, items: readonly Item[], parametersOf: (item: Item) => readonly unknown[]): readonly Item[] {
    const { statement } = this.#prepare(sql);
    return items.filter((item) => Number(statement.run(...bind(parametersOf(item))).changes) > 0);
  }

  execute(sql: string, parameters: readonly unknown[]): QueryResult<unknown> {
    const { statement, returnsRows } = this.#prepare(sql);
    if (returnsRows) {
      return { rows: statement.all(...bind(parameters)) };
    }
    return { rows: [], numAffectedRows: BigInt(statement.run(...bind(parameters)).changes) };
  }

  /** Throws the storage's errors as the roles know them. */
  guarded<T>(operation: () => T): T {
    try {
      return operation();
    } catch (error) {
      throw sqliteError(error);
    }
  }

  /**
   * The same, and does it again while another process holds the lock. SQLite's own waiting would stop the event loop, so it
   * is kept to milliseconds (busy_timeout) and the rest is waited for here.
   */
  async patiently<T>(operation: () => T): Promise<T> {
    const deadline = Date.now() + this.#lockTimeoutMs;
    for (let attempt = 1; ; attempt++) {
      try {
        return operation();
      } catch (error) {
        if (!isBusy(error) || Date.now() >= deadline) {
          throw sqliteError(error);
        }
      }
      await delay(1 + Math.random() * Math.min(4 * attempt, 50));
    }
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    return (await this.patiently(() => this.execute(sql, parameters))) as QueryResult<R>;
  }

  async *streamQuery<R>({ sql, parameters }: CompiledQuery): AsyncGenerator<QueryResult<R>> {
    // A statement of its own: a cached one would be reset by its next use.
    for (const row of this.database.prepare(sql).iterate(...bind(parameters))) {
      yield { rows: [row as R] };
    }
  }
}

function bind(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters.map(bound);
}

function bound(value: unknown): SQLInputValue {
  if (value instanceof Date) {
    return value.getTime();
  }
  return typeof value === 'boolean' ? Number(value) : (value as SQLInputValue);
}
