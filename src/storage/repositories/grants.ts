import { sql } from 'kysely';
import type { Grant } from '../../domain/grant.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { GrantFilter, GrantRepository } from '../../roles/store.ts';
import type { Database } from '../database.ts';
import { atMost, decodeCursor, emptyPage, pageLimit, toPage } from '../paging.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date } from '../tables.ts';
import { toGrant, toGrantRow, type GrantRow } from './grant-row.ts';

/** Written out and no parameter, so that SQLite may use the index over active ones. */
const isActive = sql<boolean>`state = 'active'`;

const byId: PreparedQuery<{ id: string }, GrantRow> = (db, { id }) =>
  db.selectFrom('grants').selectAll().where('id', '=', id);

const newerThan: PreparedQuery<{ apId: string; revision: number }, GrantRow> = (db, { apId, revision }) =>
  db.selectFrom('grants').selectAll()
    .where('ap_id', '=', apId)
    .where('revision', '>', revision)
    .orderBy('revision');

interface Closing {
  id: string;
  state: string;
  at: Date;
  by: string;
  reason: string | null;
  revision: number;
}

const closing: PreparedQuery<Closing, GrantRow> = (db, { id, state, at, by, reason, revision }) =>
  db.updateTable('grants')
    .set({ state, closed_at: at, closed_by: by, reason, revision })
    .where('id', '=', id)
    .where(isActive)
    .returningAll();

export class Grants implements GrantRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(grant: Grant): Promise<void> {
    await this.#db.insertAll('grants', [{ ...toGrantRow(grant) }]);
  }

  async find(id: string): Promise<Grant | undefined> {
    const [row] = await this.#db.find(byId, { id });
    return row === undefined ? undefined : toGrant(row);
  }

  async close(
    id: string,
    close: { state: 'ended' | 'revoked'; at: Date; by: string; reason: string | undefined; revision: number },
  ): Promise<Grant | undefined> {
    const [row] = await this.#db.change(closing, { ...close, id, reason: close.reason ?? null });
    return row === undefined ? undefined : toGrant(row);
  }

  async list(filter: GrantFilter, page: PageRequest): Promise<Page<Grant>> {
    const limit = pageLimit(page);
    if (filter.apIds?.length === 0) {
      return emptyPage;
    }
    let query = this.#db.read.selectFrom('grants').selectAll()
      .orderBy('starts_at', 'desc').orderBy('id', 'desc')
      .limit(atMost(limit + 1));
    if (filter.apIds !== undefined) query = query.where('ap_id', 'in', filter.apIds);
    if (filter.subjectId !== undefined) query = query.where('subject_id', '=', filter.subjectId);
    if (filter.source !== undefined) query = query.where('source', '=', filter.source);
    if (filter.state === 'active') {
      query = query.where(isActive);
    } else if (filter.state !== undefined) {
      query = query.where('state', '=', filter.state);
    }
    if (page.after !== undefined) {
      const [at, id] = decodeCursor(page.after, ['time', 'text']);
      query = query.where((eb) =>
        eb(eb.refTuple('starts_at', 'id'), '<', eb.tuple(new Date(Number(at)), String(id))));
    }
    return toPage(await query.execute(), limit, toGrant, (row) => [date(row.starts_at).getTime(), row.id]);
  }

  async changedSince(apId: string, revision: number): Promise<Grant[]> {
    return (await this.#db.find(newerThan, { apId, revision })).map(toGrant);
  }
}
