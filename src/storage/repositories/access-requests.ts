import { sql, type Insertable, type Selectable, type Updateable } from 'kysely';
import type { AccessRequest, RequestStatus } from '../../domain/access-request.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { RequestChange, RequestFilter, RequestRepository } from '../../roles/store.ts';
import type { Database, PreparedQuery } from '../database.ts';
import { decodeCursor, emptyPage, pageLimit, toPage } from '../paging.ts';
import { date, optionalDate, type AccessRequestTable } from '../tables.ts';

type Row = Selectable<AccessRequestTable>;

function toRequest(row: Row): AccessRequest {
  return {
    id: row.id,
    uuid: row.uuid,
    apId: row.ap_id,
    status: row.status as RequestStatus,
    deviceLabel: row.device_label ?? undefined,
    matchCode: row.match_code ?? undefined,
    model: row.model ?? undefined,
    batch: row.batch ?? undefined,
    label: row.label ?? undefined,
    weak: Boolean(row.weak),
    plain: Boolean(row.plain),
    createdAt: date(row.created_at),
    expiresAt: date(row.expires_at),
    decidedAt: optionalDate(row.decided_at),
    decidedBy: row.decided_by ?? undefined,
    reason: row.reason ?? undefined,
    grantId: row.grant_id ?? undefined,
    deliveredAt: optionalDate(row.delivered_at),
    joinedAt: optionalDate(row.joined_at),
    revision: Number(row.revision),
  };
}

function toRow(request: AccessRequest): Insertable<AccessRequestTable> {
  return {
    ap_id: request.apId,
    id: request.id,
    uuid: request.uuid,
    status: request.status,
    device_label: request.deviceLabel ?? null,
    match_code: request.matchCode ?? null,
    model: request.model ?? null,
    batch: request.batch ?? null,
    label: request.label ?? null,
    weak: request.weak,
    plain: request.plain,
    created_at: request.createdAt,
    expires_at: request.expiresAt,
    decided_at: request.decidedAt ?? null,
    decided_by: request.decidedBy ?? null,
    reason: request.reason ?? null,
    grant_id: request.grantId ?? null,
    delivered_at: request.deliveredAt ?? null,
    joined_at: request.joinedAt ?? null,
    revision: request.revision,
  };
}

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

const byId: PreparedQuery<Row> = (db) => db.selectFrom('access_requests').selectAll().where('id', '=', '');

export class AccessRequests implements RequestRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(request: AccessRequest): Promise<void> {
    await this.#db.write.insertInto('access_requests').values(toRow(request)).execute();
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
