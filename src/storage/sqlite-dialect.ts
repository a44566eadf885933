import {
  SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, type Dialect, type Driver, type Kysely,
} from 'kysely';
import { LatchkeyError } from '../domain/errors.ts';
import type { SqliteConnection } from './sqlite-connection.ts';

/** One at a time, in the order in which they came. */
export class Turns {
  readonly #timeoutMs: number;
  readonly #waiting = new Set<() => void>();
  #taken = false;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Resolves when it is one's turn. Errors: `storage_locked` after the time given. */
  async take(): Promise<void> {
    if (!this.#taken) {
      this.#taken = true;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      this.#waiting.delete(resolve);
      reject(new LatchkeyError('storage_locked', 'The database was busy with other work for too long.'));
    }, this.#timeoutMs);
    this.#waiting.add(resolve);
    await promise.finally(() => clearTimeout(timer));
  }

  end(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#taken = false;
    } else {
      this.#waiting.delete(next);
      next();
    }
  }
}

/** Lets kysely run on one connection; with turns, whoever has the connection has it alone. */
class SqliteDriver implements Driver {
  readonly #connection: SqliteConnection;
  readonly #turns: Turns | undefined;

  constructor(connection: SqliteConnection, turns: Turns | undefined) {
    this.#connection = connection;
    this.#turns = turns;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<SqliteConnection> {
    await this.#turns?.take();
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    this.#turns?.end();
  }

  async beginTransaction(connection: SqliteConnection): Promise<void> {
    // Immediate: a transaction that wants to write only later could fail then, with its reads outdated.
    await connection.patiently(() => connection.database.exec('begin immediate'));
  }

  async commitTransaction(connection: SqliteConnection): Promise<void> {
    await connection.patiently(() => connection.database.exec('commit'));
  }

  async rollbackTransaction({ database }: SqliteConnection): Promise<void> {
    // On a full disk SQLite rolls back by itself.
    if (database.isTransaction) {
      database.exec('rollback');
    }
  }

  async destroy(): Promise<void> {
    this.#connection.database.close();
  }
}

/** The turns, not kysely's own mutex, order who uses the connection: they end after a time. */
class UnqueuedSqliteAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

export function sqliteDialect(connection: SqliteConnection, turns?: Turns): Dialect {
  return {
    createDriver: () => new SqliteDriver(connection, turns),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new UnqueuedSqliteAdapter(),
    createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
  };
}
