import { sql, type Updateable } from 'kysely';
import type { AccessRequest, RequestStatus } from '../../domain/access-request.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { RequestChange, RequestFilter, RequestRepository } from '../../roles/store.ts';
import type { Database } from '../database.ts';
import { atMost, decodeCursor, emptyPage, pageLimit, toPage } from '../paging.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date, type AccessRequestTable } from '../tables.ts';
import { toAccessRequestRow, toRequest, type AccessRequestRow } from './access-request-row.ts';

/** Written out and no parameter, so that SQLite may use the indexes over pending ones. */
const isPending = sql<boolean>`status = 'pending'`;

/** What is absent from the change stays; what is there and undefined is emptied. */
function toUpdate(change: RequestChange): Update {
  return {
    status: change.status,
    revision: change.revision,
    ...('decidedAt' in change && { decided_at: change.decidedAt ?? null }),
    ...('decidedBy' in change && { decided_by: change.decidedBy ?? null }),
    ...('reason' in change && { reason: change.reason ?? null }),
    ...('grantId' in change && { grant_id: change.grantId ?? null }),
    ...('deliveredAt' in change && { delivered_at: change.deliveredAt ?? null }),
    ...('joinedAt' in change && { joined_at: change.joinedAt ?? null }),
  };
}

const byId: PreparedQuery<{ id: string }, AccessRequestRow> = (db, { id }) =>
  db.selectFrom('access_requests').selectAll().where('id', '=', id);

const openOf: PreparedQuery<{ uuid: string }, AccessRequestRow> = (db, { uuid }) =>
  db.selectFrom('access_requests').selectAll()
    .where('uuid', '=', uuid)
    .where('status', 'in', ['pending', 'approved'])
    .orderBy('created_at').orderBy('id');

const newerThan: PreparedQuery<{ apId: string; revision: number }, AccessRequestRow> = (db, { apId, revision }) =>
  db.selectFrom('access_requests').selectAll()
    .where('ap_id', '=', apId)
    .where('revision', '>', revision)
    .orderBy('revision');

const overdue: PreparedQuery<{ at: Date; limit: number }, AccessRequestRow> = (db, { at, limit }) =>
  db.selectFrom('access_requests').selectAll()
    .where(isPending)
    .where('expires_at', '<=', at)
    .orderBy('expires_at')
    .limit(atMost(limit));

type Update = Updateable<AccessRequestTable>;
type Changing = PreparedQuery<Update & { id: string }, AccessRequestRow>;

/** One for each set of columns and statuses that callers change. */
const changes = new Map<string, Changing>();

function changing(columns: readonly (keyof Update)[], from: readonly RequestStatus[]): Changing {
  const name = `${columns.join()}/${from.join()}`;
  let query = changes.get(name);
  if (query === undefined) {
    query = (db, values) =>
      db.updateTable('access_requests')
        .set(Object.fromEntries(columns.map((column) => [column, values[column]])))
        .where('id', '=', values.id)
        .where('status', 'in', from)
        .returningAll();
    changes.set(name, query);
  }
  return query;
}

export class AccessRequests implements RequestRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(request: AccessRequest): Promise<void> {
    await this.#db.insertAll('access_requests', [{ ...toAccessRequestRow(request) }]);
  }

  async find(id: string): Promise<AccessRequest | undefined> {
    const [row] = await this.#db.find(byId, { id });
    return row === undefined ? undefined : toRequest(row);
  }

  async change(
    id: string,
    from: readonly RequestStatus[],
    change: RequestChange,
  ): Promise<AccessRequest | undefined> {
    const update = toUpdate(change);
    const [row] = await this.#db.change(changing(Object.keys(update) as (keyof Update)[], from), { ...update, id });
    return row === undefined ? undefined : toRequest(row);
  }

  async list(filter: RequestFilter, page: PageRequest): Promise<Page<AccessRequest>> {
    const limit = pageLimit(page);
    if (filter.apIds?.length === 0 || filter.statuses?.length === 0) {
      return emptyPage;
    }
    let query = this.#db.read.selectFrom('access_requests').selectAll()
      .orderBy('created_at', 'desc').orderBy('id', 'desc')
      .limit(atMost(limit + 1));
    if (filter.uuid !== undefined) query = query.where('uuid', '=', filter.uuid);
    if (filter.apIds !== undefined) query = query.where('ap_id', 'in', filter.apIds);
    if (filter.statuses?.length === 1 && filter.statuses[0] === 'pending') {
      query = query.where(isPending);
    } else if (filter.statuses !== undefined) {
      query = query.where('status', 'in', filter.statuses);
    }
    if (page.after !== undefined) {
      const [at, id] = decodeCursor(page.after, ['time', 'text']);
      query = query.where((eb) =>
        eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(new Date(Number(at)), String(id))));
    }
    return toPage(await query.execute(), limit, toRequest, (row) => [date(row.created_at).getTime(), row.id]);
  }

  async openOf(uuid: string): Promise<AccessRequest[]> {
    return (await this.#db.find(openOf, { uuid })).map(toRequest);
  }

  async changedSince(apId: string, revision: number): Promise<AccessRequest[]> {
    return (await this.#db.find(newerThan, { apId, revision })).map(toRequest);
  }

  async overdue(at: Date, limit: number): Promise<AccessRequest[]> {
    return (await this.#db.find(overdue, { at, limit })).map(toRequest);
  }
}
