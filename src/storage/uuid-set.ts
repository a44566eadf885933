import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

/** Uuids and the lines that they came from, as many as there is room on the disk for: a temporary file, not memory. */
export class UuidSet implements AsyncDisposable {
  readonly #folder: string;
  readonly #database: DatabaseSync;

  private constructor(folder: string, database: DatabaseSync) {
    this.#folder = folder;
    this.#database = database;
  }

  static async open(): Promise<UuidSet> {
    const { DatabaseSync } = await import('node:sqlite');
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-'));
    const database = new DatabaseSync(join(folder, 'uuids.db'));
    database.exec('pragma journal_mode = off; pragma synchronous = off; create table uuids (uuid blob primary key, line integer) strict, without rowid');
    return new UuidSet(folder, database);
  }

  /** Adds them; gives the lines of those that were there before. */
  add(items: readonly { readonly uuid: string; readonly line: number }[]): ReadonlyMap<string, number> {
    const before = new Map<string, number>();
    const insert = this.#database.prepare('insert into uuids (uuid, line) values (?, ?) on conflict do nothing');
    const find = this.#database.prepare('select line from uuids where uuid = ?');
    this.#database.exec('begin');
    for (const { uuid, line } of items.toSorted((a, b) => (a.uuid < b.uuid ? -1 : 1))) {
      const key = Buffer.from(uuid.replaceAll('-', ''), 'hex');
      if (insert.run(key, line).changes === 0) {
        before.set(uuid, Number(find.get(key)?.['line']));
      }
    }
    this.#database.exec('commit');
    return before;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
