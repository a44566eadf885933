import type { Compilable, CompiledQuery, Kysely } from 'kysely';
import type { Tables } from './tables.ts';

/**
 * A query of fixed shape, a constant of its module: kysely builds it once, which takes longer than running it.
 * `values` stand for what is given at each run.
 */
export type PreparedQuery<Values, Row> = (db: Kysely<Tables>, values: Values) => Compilable<Row>;

/** One run of a prepared query among others. */
export interface BatchStep {
  readonly query: PreparedQuery<never, unknown>;
  readonly values: object;
}

export function step<Values extends object, Row>(query: PreparedQuery<Values, Row>, values: Values): BatchStep {
  return { query, values };
}

/** Stands in a compiled query's parameters for the value of its name. */
class Placeholder {
  /** Of a list a number, by which it is read faster. */
  readonly name: string | number;

  constructor(name: string) {
    this.name = /^\d+$/.test(name) ? Number(name) : name;
  }
}

const placeholders = new Proxy({}, { get: (_, name) => new Placeholder(String(name)) });

/** A prepared query as one database has it. */
export interface ReadyQuery {
  /** Differs from that of every other. */
  readonly number: number;
  readonly compiled: CompiledQuery;
}

/** The prepared queries of one database, each compiled at its first use. */
export class PreparedQueries {
  readonly #db: Kysely<Tables>;
  readonly #ready = new Map<unknown, ReadyQuery>();

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  get<Values, Row>(query: PreparedQuery<Values, Row>): ReadyQuery {
    let ready = this.#ready.get(query);
    if (ready === undefined) {
      ready = { number: this.#ready.size + 1, compiled: query(this.#db, placeholders as Values).compile() };
      this.#ready.set(query, ready);
    }
    return ready;
  }
}

/** The parameters of a run, in the order of the compiled query. */
export function parametersOf({ compiled }: ReadyQuery, values: object): unknown[] {
  return compiled.parameters.map((parameter) =>
    parameter instanceof Placeholder ? (values as Record<string | number, unknown>)[parameter.name] : parameter);
}
