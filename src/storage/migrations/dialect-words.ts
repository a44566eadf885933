/** The words in which the two databases differ when tables are made. */
export interface DialectWords {
  readonly dialect: 'sqlite' | 'postgres';
  readonly uuid: string;
  /** Text compared byte by byte: ids, which pages are ordered by. */
  readonly id: string;
  readonly text: string;
  readonly time: string;
  readonly flag: string;
  readonly bytes: string;
  readonly big: string;
  readonly counter: string;
  /** Behind a table: rows are kept in it by their key … */
  readonly byKey: string;
  /** … or in a heap. */
  readonly heap: string;
}

export const sqliteWords: DialectWords = {
  dialect: 'sqlite',
  uuid: 'text',
  id: 'text',
  text: 'text',
  time: 'integer',
  flag: 'integer',
  bytes: 'blob',
  big: 'integer',
  counter: 'integer primary key autoincrement',
  byKey: 'strict, without rowid',
  heap: 'strict',
};

export const postgresWords: DialectWords = {
  dialect: 'postgres',
  uuid: 'uuid',
  id: 'text collate "C"',
  text: 'text',
  time: 'timestamptz',
  flag: 'boolean',
  bytes: 'bytea',
  big: 'bigint',
  counter: 'bigint generated always as identity primary key',
  byKey: '',
  heap: '',
};
