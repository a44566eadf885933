import type { DialectWords } from './dialect-words.ts';
import { initial } from './0001-initial.ts';

/** One step of the schema, forward only. What a released version made is never edited: the next step changes it. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  statements(words: DialectWords): readonly string[];
}

/** In their order, versions counting up from 1 without gaps. */
export const migrations: readonly Migration[] = [initial];
