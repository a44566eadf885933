import type { Grant } from '../../domain/grant.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { GrantFilter, GrantRepository } from '../../roles/store.ts';
import type { Database, PreparedQuery } from '../database.ts';
import { decodeCursor, emptyPage, pageLimit, toPage } from '../paging.ts';
import { date } from '../tables.ts';
import { toGrant, toGrantRow, type GrantRow } from './grant-row.ts';

const byId: PreparedQuery<GrantRow> = (db) => db.selectFrom('grants').selectAll().where('id', '=', '');

export class Grants implements GrantRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(grant: Grant): Promise<void> {
    await this.#db.write.insertInto('grants').values(toGrantRow(grant)).execute();
  }

  async find(id: string): Promise<Grant | undefined> {
    const [row] = await this.#db.run(byId, [id]);
    return row === undefined ? undefined : toGrant(row);
  }

  async close(
    id: string,
    close: { state: 'ended' | 'revoked'; at: Date; by: string; reason: string | undefined; revision: number },
  ): Promise<Grant | undefined> {
    const row = await this.#db.write.updateTable('grants')
      .set({
        state: close.state,
        closed_at: close.at,
        closed_by: close.by,
        reason: close.reason ?? null,
        revision: close.revision,
      })
      .where('id', '=', id)
      .where('state', '=', 'active')
      .returningAll()
      .executeTakeFirst();
    return row === undefined ? undefined : toGrant(row);
  }

  async list(filter: GrantFilter, page: PageRequest): Promise<Page<Grant>> {
    const limit = pageLimit(page);
    if (filter.apIds?.length === 0) {
      return emptyPage;
    }
    let query = this.#db.read.selectFrom('grants').selectAll()
      .orderBy('starts_at', 'desc').orderBy('id', 'desc')
      .limit(limit + 1);
    if (filter.apIds !== undefined) query = query.where('ap_id', 'in', filter.apIds);
    if (filter.subjectId !== undefined) query = query.where('subject_id', '=', filter.subjectId);
    if (filter.source !== undefined) query = query.where('source', '=', filter.source);
    if (filter.state !== undefined) query = query.where('state', '=', filter.state);
    if (page.after !== undefined) {
      const [at, id] = decodeCursor(page.after, ['number', 'text']);
      query = query.where((eb) =>
        eb(eb.refTuple('starts_at', 'id'), '<', eb.tuple(new Date(Number(at)), String(id))));
    }
    return toPage(await query.execute(), limit, toGrant, (row) => [date(row.starts_at).getTime(), row.id]);
  }

  async changedSince(apId: string, revision: number): Promise<Grant[]> {
    const rows = await this.#db.read.selectFrom('grants').selectAll()
      .where('ap_id', '=', apId)
      .where('revision', '>', revision)
      .orderBy('revision')
      .execute();
    return rows.map(toGrant);
  }
}
