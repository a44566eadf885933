import {
  SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, type Dialect, type Driver, type Kysely,
} from 'kysely';
import type { SqliteConnection } from './sqlite-connection.ts';
import { endSnapshots } from './sqlite-reader.ts';
import type { Turns } from './sqlite-turns.ts';

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
    if (this.#turns !== undefined) {
      endSnapshots();
      this.#turns.end();
    }
  }

  beginTransaction(): Promise<void> {
    return unsupported();
  }

  commitTransaction(): Promise<void> {
    return unsupported();
  }

  rollbackTransaction(): Promise<void> {
    return unsupported();
  }

  async destroy(): Promise<void> {
    this.#connection.database.close();
  }
}

/** Transactions are grouped elsewhere. */
function unsupported(): Promise<never> {
  return Promise.reject(new Error('transactions are run by SqliteDatabase'));
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
