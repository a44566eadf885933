import { sql, type Updateable } from 'kysely';
import type { AccessRequest, RequestStatus } from '../../domain/access-request.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { RequestChange, RequestFilter, RequestRepository } from '../../roles/store.ts';
import type { Database, PreparedQuery } from '../database.ts';
import { decodeCursor, emptyPage, pageLimit, toPage } from '../paging.ts';
import { date, type AccessRequestTable } from '../tables.ts';
import { toAccessRequestRow, toRequest, type AccessRequestRow } from './access-request-row.ts';

/** What is absent from the change stays; what is there and undefined is emptied. */
function toUpdate(change: RequestChange): Updateable<AccessRequestTable> {
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

const byId: PreparedQuery<AccessRequestRow> = (db) => db.selectFrom('access_requests').selectAll().where('id', '=', '');

export class AccessRequests implements RequestRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(request: AccessRequest): Promise<void> {
    await this.#db.write.insertInto('access_requests').values(toAccessRequestRow(request)).execute();
  }

  async find(id: string): Promise<AccessRequest | undefined> {
    const [row] = await this.#db.run(byId, [id]);
    return row === undefined ? undefined : toRequest(row);
  }

  async change(
    id: string,
    from: readonly RequestStatus[],
    change: RequestChange,
  ): Promise<AccessRequest | undefined> {
    const row = await this.#db.write.updateTable('access_requests')
      .set(toUpdate(change))
      .where('id', '=', id)
      .where('status', 'in', from)
      .returningAll()
      .executeTakeFirst();
    return row === undefined ? undefined : toRequest(row);
  }

  async list(filter: RequestFilter, page: PageRequest): Promise<Page<AccessRequest>> {
    const limit = pageLimit(page);
    if (filter.apIds?.length === 0 || filter.statuses?.length === 0) {
      return emptyPage;
    }
    let query = this.#db.read.selectFrom('access_requests').selectAll()
      .orderBy('created_at', 'desc').orderBy('id', 'desc')
      .limit(limit + 1);
    if (filter.uuid !== undefined) query = query.where('uuid', '=', filter.uuid);
    if (filter.apIds !== undefined) query = query.where('ap_id', 'in', filter.apIds);
    if (filter.statuses !== undefined) query = query.where('status', 'in', filter.statuses);
    if (page.after !== undefined) {
      const [at, id] = decodeCursor(page.after, ['number', 'text']);
      query = query.where((eb) =>
        eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(new Date(Number(at)), String(id))));
    }
    return toPage(await query.execute(), limit, toRequest, (row) => [date(row.created_at).getTime(), row.id]);
  }

  async changedSince(apId: string, revision: number): Promise<AccessRequest[]> {
    const rows = await this.#db.read.selectFrom('access_requests').selectAll()
      .where('ap_id', '=', apId)
      .where('revision', '>', revision)
      .orderBy('revision')
      .execute();
    return rows.map(toRequest);
  }

  async overdue(at: Date, limit: number): Promise<AccessRequest[]> {
    const rows = await this.#db.read.selectFrom('access_requests').selectAll()
      // Written out, so that the index over pending ones is used.
      .where((eb) => eb('status', '=', sql.lit('pending')))
      .where('expires_at', '<=', at)
      .orderBy('expires_at')
      .limit(limit)
      .execute();
    return rows.map(toRequest);
  }
}
