import type { Selectable } from 'kysely';
import type { Flash, FlashResult } from '../../domain/flash.ts';
import type { FlashRepository } from '../../roles/store.ts';
import type { Database } from '../database.ts';
import { atMost } from '../paging.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date, optionalDate, type FlashTable } from '../tables.ts';

type Row = Selectable<FlashTable>;

function toFlash(row: Row): Flash {
  return {
    id: row.id,
    uuid: row.uuid,
    batch: row.batch ?? undefined,
    station: row.station,
    operator: row.operator,
    startedAt: date(row.started_at),
    endedAt: optionalDate(row.ended_at),
    result: (row.result ?? undefined) as FlashResult | undefined,
    detail: row.detail ?? undefined,
  };
}

type NewRow = Pick<Row, 'id' | 'uuid' | 'batch' | 'station' | 'operator'> & { started_at: Date };

const adding: PreparedQuery<NewRow, { id: string }> = (db, { id, uuid, batch, station, operator, started_at }) =>
  db.insertInto('flashes')
    .values({ id, uuid, batch, station, operator, started_at, ended_at: null, result: null, detail: null })
    .onConflict((on) => on.column('uuid').where('ended_at', 'is', null).doNothing())
    .returning('id');

const ofDevice: PreparedQuery<{ uuid: string; id: string }, Row> = (db, { uuid, id }) =>
  db.selectFrom('flashes').selectAll().where('uuid', '=', uuid).where('id', '=', id);

const openOfDevice: PreparedQuery<{ uuid: string }, Row> = (db, { uuid }) =>
  db.selectFrom('flashes').selectAll().where('uuid', '=', uuid).where('ended_at', 'is', null);

const ending: PreparedQuery<{ uuid: string; id: string; at: Date; result: string; detail: string | null }, Row> = (db, { uuid, id, at, result, detail }) =>
  db.updateTable('flashes')
    .set({ ended_at: at, result, detail })
    .where('uuid', '=', uuid)
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .returningAll();

export class Flashes implements FlashRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert({ id, uuid, batch, station, operator, startedAt }: Flash): Promise<boolean> {
    const added = await this.#db.change(adding, { id, uuid, batch: batch ?? null, station, operator, started_at: startedAt });
    return added.length === 1;
  }

  async find(uuid: string, id: string): Promise<Flash | undefined> {
    const [row] = await this.#db.find(ofDevice, { uuid, id });
    return row && toFlash(row);
  }

  async openOf(uuid: string): Promise<Flash | undefined> {
    const [row] = await this.#db.find(openOfDevice, { uuid });
    return row && toFlash(row);
  }

  async openAt(station: string, limit: number): Promise<Flash[]> {
    const rows = await this.#db.read.selectFrom('flashes').selectAll()
      .where('station', '=', station)
      .where('ended_at', 'is', null)
      .orderBy('started_at')
      .limit(atMost(limit))
      .execute();
    return rows.map(toFlash);
  }

  async end(
    uuid: string,
    id: string,
    { at, result, detail }: { readonly at: Date; readonly result: FlashResult; readonly detail: string | undefined },
  ): Promise<Flash | undefined> {
    const [row] = await this.#db.change(ending, { uuid, id, at, result, detail: detail ?? null });
    return row && toFlash(row);
  }
}
