import type { SqliteConnection } from '../sqlite-connection.ts';

/** What the agent's repositories do with their file. */
export class AgentFile {
  readonly #connection: SqliteConnection;
  readonly #rolledBack: (() => void)[] = [];

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /** Calls back when a transaction came to nothing. */
  onRolledBack(listener: () => void): void {
    this.#rolledBack.push(listener);
  }

  all<Row>(sql: string, ...parameters: readonly unknown[]): Row[] {
    return this.#connection.guarded(() => this.#connection.all(sql, parameters)) as Row[];
  }

  /** As `SqliteConnection.tuples`. */
  tuples<Row extends unknown[]>(sql: string, ...parameters: readonly unknown[]): Row[] {
    return this.#connection.guarded(() => this.#connection.tuples(sql, parameters)) as Row[];
  }

  change(sql: string, ...parameters: readonly unknown[]): number {
    return this.#connection.guarded(() => this.#connection.change(sql, parameters));
  }

  /** Puts a row in the place of the one with its key. */
  put(table: string, row: object): void {
    const columns = Object.keys(row);
    const places = columns.map(() => '?');
    this.change(`insert or replace into ${table} (${columns.join()}) values (${places.join()})`, ...Object.values(row));
  }

  transaction<T>(work: () => T): T {
    const { database } = this.#connection;
    if (database.isTransaction) {
      return work();
    }
    this.#connection.guarded(() => database.exec('begin immediate'));
    try {
      const result = work();
      this.#connection.guarded(() => database.exec('commit'));
      return result;
    } catch (error) {
      this.#rolledBack.forEach((listener) => listener());
      // A full disk, say, makes SQLite roll back by itself.
      if (database.isTransaction) {
        database.exec('rollback');
      }
      throw error;
    }
  }

  close(): void {
    if (this.#connection.database.isOpen) {
      this.#connection.database.close();
    }
  }
}
