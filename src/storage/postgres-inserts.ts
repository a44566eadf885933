import { setImmediate } from 'node:timers/promises';
import { sql, type Kysely, type QueryResult, type RawBuilder } from 'kysely';
import { binaryArray, isElementType, type ElementType } from './postgres-arrays.ts';
import type { Tables } from './tables.ts';

type Row = Readonly<Record<string, unknown>>;
type ColumnTypes = ReadonlyMap<string, ElementType>;

/** More at once take more memory, here and there, and no less time. */
const rowsInStatement = 2_000;

/** Adds rows to tables of one database, many in few statements: not in a transaction by itself. */
export class PostgresInserts {
  readonly #types = new Map<string, ColumnTypes>();

  /** Whether so many rows are added by several statements. */
  static severalFor(rows: number): boolean {
    return rows > rowsInStatement;
  }

  /** `Database.insertNew`. */
  async insertNew<Item>(db: Kysely<Tables>, table: string, items: readonly Item[], toRow: (item: Item) => Row, key: readonly string[]): Promise<readonly Item[]> {
    const passedOver = await this.#insert(db, table, items, toRow, key);
    if (passedOver.length === 0) {
      return items;
    }
    const keyOf = (row: Row) => JSON.stringify(key.map((column) => row[column]));
    const keys = new Set(passedOver.map(keyOf));
    return items.filter((item) => !keys.has(keyOf(toRow(item))));
  }

  /** `Database.insertAll`. */
  async insertAll(db: Kysely<Tables>, table: string, rows: readonly Row[]): Promise<void> {
    await this.#insert(db, table, rows, (row) => row, undefined);
  }

  /** Resolves to the keys that were taken. The next statement is drawn up while PostgreSQL has the one before it. */
  async #insert<Item>(db: Kysely<Tables>, table: string, items: readonly Item[], toRow: (item: Item) => Row, key: readonly string[] | undefined): Promise<readonly Row[]> {
    const types = await this.#typesOf(db, table);
    const taken: Row[] = [];
    let sent: Promise<QueryResult<Row>> | undefined;
    for (let from = 0; from < items.length; from += rowsInStatement) {
      const statement = insertOf(table, types, items.slice(from, from + rowsInStatement).map(toRow), key);
      taken.push(...(await sent)?.rows ?? []);
      sent = statement.execute(db);
      // Whether it failed is asked when the next one is there.
      sent.catch(() => {});
      await setImmediate();
    }
    taken.push(...(await sent)?.rows ?? []);
    return taken;
  }

  async #typesOf(db: Kysely<Tables>, table: string): Promise<ColumnTypes> {
    let types = this.#types.get(table);
    if (types === undefined) {
      const { rows } = await sql<{ name: string; type: string }>`
        select attname as name, format_type(atttypid, null) as type
        from pg_attribute where attrelid = ${table}::regclass and attnum > 0 and not attisdropped`.execute(db);
      types = new Map(rows.map(({ name, type }) => {
        if (!isElementType(type)) throw new TypeError(`${table}.${name} is of type ${type}, which has no binary form here`);
        return [name, type];
      }));
      this.#types.set(table, types);
    }
    return types;
  }
}

/** Returns the keys that were taken, if there is a key. */
function insertOf(table: string, types: ColumnTypes, rows: readonly Row[], key: readonly string[] | undefined): RawBuilder<Row> {
  const columns = named(Object.keys(rows[0]!));
  const given = givenRows(types, rows);
  if (key === undefined) {
    return sql`insert into ${sql.table(table)} (${columns}) ${given}`;
  }
  // Those that were added are nearly all: to return them takes as long as adding them.
  return sql`
    with given (${columns}) as (${given}),
      added as (insert into ${sql.table(table)} (${columns}) select * from given on conflict (${named(key)}) do nothing returning ${named(key)})
    select ${named(key)} from given except select ${named(key)} from added`;
}

/** A query for the rows; what a column has in all of them is sent once. */
function givenRows(types: ColumnTypes, rows: readonly Row[]): RawBuilder<unknown> {
  const arrays: RawBuilder<unknown>[] = [];
  const selected = Object.keys(rows[0]!).map((column) => {
    const type = types.get(column)!;
    const first = rows[0]![column];
    if (rows.every((row) => row[column] === first)) {
      return sql`${first}::${sql.raw(type)}`;
    }
    arrays.push(sql`${binaryArray(type, rows.map((row) => row[column]))}::${sql.raw(type)}[]`);
    return sql.ref(`array${arrays.length}`);
  });
  const names = arrays.map((_, index) => `array${index + 1}`);
  const from = arrays.length === 0
    ? sql`generate_series(1, ${rows.length}::integer)`
    : sql`unnest(${sql.join(arrays)}) as arrays (${named(names)})`;
  return sql`select ${sql.join(selected)} from ${from}`;
}

function named(columns: readonly string[]): RawBuilder<unknown> {
  return sql.join(columns.map((column) => sql.ref(column)));
}
