import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { LatchkeyError } from '../domain/errors.ts';
import { fileError, sqliteError } from './sqlite-errors.ts';

/**
 * Uuids and the lines that they came from, as many as there is room on the disk for: a temporary file, not memory.
 * Errors: `storage_full` and the like, of the folder for temporary files.
 */
export class UuidSet implements AsyncDisposable {
  readonly #folder: string;
  readonly #database: DatabaseSync;

  private constructor(folder: string, database: DatabaseSync) {
    this.#folder = folder;
    this.#database = database;
  }

  static async open(): Promise<UuidSet> {
    const { DatabaseSync } = await import('node:sqlite');
    const folder = guarded(() => mkdtempSync(join(tmpdir(), 'latchkey-')));
    try {
      const database = guarded(() => new DatabaseSync(join(folder, 'uuids.db')));
      guarded(() => database.exec('pragma journal_mode = off; pragma synchronous = off; create table uuids (uuid blob primary key, line integer) strict, without rowid'));
      return new UuidSet(folder, database);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Adds them; gives the lines of those that were there before. */
  add(items: readonly { readonly uuid: string; readonly line: number }[]): ReadonlyMap<string, number> {
    return guarded(() => this.#add(items));
  }

  #add(items: readonly { readonly uuid: string; readonly line: number }[]): ReadonlyMap<string, number> {
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

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const known = fileError(sqliteError(error), tmpdir());
    if (known instanceof LatchkeyError) {
      throw new LatchkeyError(known.code, `Temporary files go into ${tmpdir()}: ${known.message}`, {
        hint: 'Make room there, or name another folder in TMPDIR.',
        cause: error,
      });
    }
    throw error;
  }
}
