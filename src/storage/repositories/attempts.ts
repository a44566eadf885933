import type { Selectable, SelectQueryBuilder } from 'kysely';
import type { Attempt } from '../../domain/audit.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { AttemptRepository } from '../../roles/store.ts';
import type { Database } from '../database.ts';
import { atMost, decodeCursor, emptyPage, pageLimit, toPage } from '../paging.ts';
import { date, type AttemptTable, type Tables } from '../tables.ts';

type Row = Selectable<AttemptTable>;
type Keys = SelectQueryBuilder<Tables, 'attempts', Pick<Row, 'ap_id' | 'id'>>;

function toAttempt(row: Row): Attempt & { readonly apId: string } {
  return {
    apId: row.ap_id,
    id: row.id,
    at: date(row.at),
    uuid: row.uuid ?? undefined,
    from: row.from_address,
    outcome: row.outcome as Attempt['outcome'],
    detail: row.detail ?? undefined,
  };
}

export class Attempts implements AttemptRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async add(apId: string, attempts: readonly Attempt[]): Promise<readonly Attempt[]> {
    const byId = new Map(attempts.map((attempt) => [attempt.id, attempt]));
    return this.#db.insertNew('attempts', [...byId.values()], (attempt) => ({
      ap_id: apId,
      id: attempt.id,
      at: attempt.at,
      uuid: attempt.uuid ?? null,
      from_address: attempt.from,
      outcome: attempt.outcome,
      detail: attempt.detail ?? null,
    }), ['ap_id', 'id']);
  }

  async list(
    filter: { apIds?: readonly string[] | undefined; uuid?: string | undefined },
    page: PageRequest,
  ): Promise<Page<Attempt & { readonly apId: string }>> {
    const limit = pageLimit(page);
    if (filter.apIds?.length === 0) {
      return emptyPage;
    }
    let query = this.#db.read.selectFrom('attempts').selectAll()
      .orderBy('at', 'desc').orderBy('ap_id', 'desc').orderBy('id', 'desc')
      .limit(atMost(limit + 1));
    if (filter.apIds !== undefined) query = query.where('ap_id', 'in', filter.apIds);
    if (filter.uuid !== undefined) query = query.where('uuid', '=', filter.uuid);
    if (page.after !== undefined) {
      const [at, apId, id] = decodeCursor(page.after, ['time', 'text', 'text']);
      query = query.where((eb) =>
        eb(eb.refTuple('at', 'ap_id', 'id'), '<', eb.tuple(new Date(Number(at)), String(apId), String(id))));
    }
    return toPage(await query.execute(), limit, toAttempt, (row) => [date(row.at).getTime(), row.ap_id, row.id]);
  }

  async forget(before: Date, limit: number): Promise<number> {
    return this.#delete((attempts) => attempts.where('at', '<', before).orderBy('at').limit(atMost(limit)));
  }

  async forgetBeyond(apId: string, count: number, limit: number): Promise<number> {
    return this.#delete((attempts) => attempts.where('ap_id', '=', apId)
      .orderBy('at', 'desc').orderBy('id', 'desc')
      .limit(atMost(limit)).offset(count));
  }

  async #delete(which: (attempts: Keys) => Keys): Promise<number> {
    const result = await this.#db.write.deleteFrom('attempts')
      .where((eb) => eb(eb.refTuple('ap_id', 'id'), 'in',
        which(eb.selectFrom('attempts').select(['ap_id', 'id'])).$asTuple('ap_id', 'id')))
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}
