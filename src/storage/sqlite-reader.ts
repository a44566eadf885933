import type { QueryResult } from 'kysely';
import { SqliteConnection } from './sqlite-connection.ts';

/** Those of this process that hold a snapshot, whatever their database. */
const holding = new Set<SqliteReader>();

/**
 * Ends all snapshots: what this process commits is seen by whatever it reads from then on. One that stayed open
 * would also keep SQLite from beginning its write-ahead log anew.
 */
export function endSnapshots(): void {
  for (const reader of holding) {
    reader.endSnapshot();
  }
}

/**
 * A connection that only reads. Its reads within one turn of the event loop see one snapshot, since locking the
 * file for each takes longer than most reads: what another process commits is seen from the next turn on.
 */
export class SqliteReader extends SqliteConnection {
  #epoch: { readonly number: number; readonly dataVersion: number } | undefined;
  #isEpochKnown = false;

  override all(sql: string, parameters: readonly unknown[]): unknown[] {
    this.#beginSnapshot();
    return super.all(sql, parameters);
  }

  override tuples(sql: string, parameters: readonly unknown[]): unknown[][] {
    this.#beginSnapshot();
    return super.tuples(sql, parameters);
  }

  override execute(sql: string, parameters: readonly unknown[]): QueryResult<unknown> {
    this.#beginSnapshot();
    return super.execute(sql, parameters);
  }

  /** Goes up with whatever anybody commits (sqlite.org/pragma.html, data_version); looked up once a snapshot. */
  epoch(): number {
    this.#beginSnapshot();
    let epoch = this.#epoch;
    if (epoch === undefined || !this.#isEpochKnown) {
      const [{ data_version: dataVersion }] = super.all('pragma data_version', []) as [{ data_version: number }];
      if (epoch?.dataVersion !== dataVersion) {
        epoch = { number: (epoch?.number ?? 0) + 1, dataVersion };
      }
      this.#epoch = epoch;
      this.#isEpochKnown = true;
    }
    return epoch!.number;
  }

  #beginSnapshot(): void {
    if (!holding.has(this)) {
      super.change('begin', []);
      holding.add(this);
      this.#isEpochKnown = false;
      setImmediate(() => this.endSnapshot());
    }
  }

  endSnapshot(): void {
    if (holding.delete(this) && this.database.isTransaction) {
      super.change('commit', []);
    }
  }

  close(): void {
    this.endSnapshot();
    this.database.close();
  }
}
