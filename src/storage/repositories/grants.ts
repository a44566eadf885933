import type { Insertable, Selectable } from 'kysely';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Grant, GrantPolicy, GrantSource, GrantState, SubjectKind } from '../../domain/grant.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { GrantFilter, GrantRepository } from '../../roles/store.ts';
import type { Database, PreparedQuery } from '../database.ts';
import { decodeCursor, emptyPage, pageLimit, toPage } from '../paging.ts';
import { date, optionalDate, type GrantTable } from '../tables.ts';

type Row = Selectable<GrantTable>;

function toGrant(row: Row): Grant {
  return {
    id: row.id,
    subject: { kind: row.subject_kind as SubjectKind, id: row.subject_id },
    network: { apId: row.ap_id, ssid: row.ssid },
    source: row.source as GrantSource,
    requestId: row.request_id ?? undefined,
    startsAt: date(row.starts_at),
    endsAt: optionalDate(row.ends_at),
    quotaBytes: row.quota_bytes === null ? undefined : BigInt(row.quota_bytes),
    policy: row.policy as GrantPolicy,
    state: row.state as GrantState,
    closedAt: optionalDate(row.closed_at),
    closedBy: row.closed_by ?? undefined,
    reason: row.reason ?? undefined,
    revision: Number(row.revision),
  };
}

function toRow(grant: Grant): Insertable<GrantTable> {
  return {
    ap_id: grant.network.apId,
    id: grant.id,
    subject_kind: grant.subject.kind,
    subject_id: grant.subject.id,
    ssid: grant.network.ssid,
    source: grant.source,
    request_id: grant.requestId ?? null,
    starts_at: grant.startsAt,
    ends_at: grant.endsAt ?? null,
    quota_bytes: grant.quotaBytes === undefined ? null : countable(grant.quotaBytes),
    policy: grant.policy,
    state: grant.state,
    closed_at: grant.closedAt ?? null,
    closed_by: grant.closedBy ?? null,
    reason: grant.reason ?? null,
    revision: grant.revision,
  };
}

/** SQLite's numbers are read as doubles: 8 PiB are counted exactly, more is no quota. */
function countable(bytes: bigint): bigint {
  if (bytes < 0n || bytes > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new LatchkeyError('invalid_input', 'A quota has 0 to 9007199254740991 bytes.');
  }
  return bytes;
}

const byId: PreparedQuery<Row> = (db) => db.selectFrom('grants').selectAll().where('id', '=', '');

export class Grants implements GrantRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(grant: Grant): Promise<void> {
    await this.#db.write.insertInto('grants').values(toRow(grant)).execute();
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
