import type { DialectWords } from './dialect-words.ts';
import { agentInitial } from './agent/0001-initial.ts';
import { initial } from './0001-initial.ts';
import { askedDevices } from './0002-asked-devices.ts';

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

export const registrySchema: SchemaHistory = { applicationId: 0x4c4b_4559 /* LKEY */, steps: [initial, askedDevices] };

/** What an AP agent keeps, on SQLite alone. */
export const agentSchema: SchemaHistory = { applicationId: 0x4c4b_4147 /* LKAG */, steps: [agentInitial] };
