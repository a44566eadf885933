import type { DialectWords } from './dialect-words.ts';

/** One step of a schema, forward only. What a released version made is never edited: the next step changes it. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  statements(words: DialectWords): readonly string[];
}

/** A schema's steps in their order, versions counting up from 1 without gaps. */
export interface SchemaHistory {
  /** In the header of a SQLite file, four letters (sqlite.org/fileformat2.html, application id). */
  readonly applicationId: number;
  readonly steps: readonly Migration[];
}
