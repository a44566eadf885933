import type { Place } from './place.ts';

/** What checks need to know of the services before. What is not in it nobody has told. */
export interface History {
  /** By the text of the period (`periodText`): those in the same period as the service, up to it and without it. */
  readonly periods: Readonly<Record<string, Usage>>;
  /** null: there was none. */
  readonly last: LastService | null | undefined;
  /** All since the last that was confirmed, without that one. */
  readonly sinceConfirmed: Usage | undefined;
}

export interface Usage {
  readonly count: number;
  /** Minor units by currency (ISO 4217). Of a currency that is not there, there was nothing; undefined: nobody has told. */
  readonly totals: Readonly<Record<string, bigint>> | undefined;
}

export interface LastService {
  readonly at: Date;
  readonly place: Place | undefined;
}

/** Nothing is known. */
export const unknownHistory: History = { periods: {}, last: undefined, sinceConfirmed: undefined };

export const noUsage: Usage = { count: 0, totals: {} };
