import { sql } from 'kysely';
import type { Grant, GrantUsage } from '../../domain/grant.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { GrantAlteration, GrantFilter, GrantRepository } from '../../roles/store.ts';
import type { Database } from '../database.ts';
import { atMost, decodeCursor, emptyPage, pageLimit, toPage } from '../paging.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date } from '../tables.ts';
import { countable, toGrant, toGrantRow, type GrantRow } from './grant-row.ts';

/** Written out and no parameter, so that SQLite may use the index over active ones. */
const isActive = sql<boolean>`state = 'active'`;

const isPermission = sql<boolean>`source = 'payment' and state in ('active', 'paused')`;
const isSold = sql<boolean>`source = 'payment' and state = 'active' and ends_at is not null`;

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
    .where('state', 'in', ['active', 'paused'])
    .returningAll();

interface Increase {
  id: string;
  endsAt: Date | null;
  quotaBytes: bigint | null;
  revision: number;
}

const increasing: PreparedQuery<Increase, GrantRow> = (db, { id, endsAt, quotaBytes, revision }) =>
  db.updateTable('grants')
    .set({ ends_at: endsAt, quota_bytes: quotaBytes, revision })
    .where('id', '=', id)
    .where(isActive)
    .returningAll();

const permitted: PreparedQuery<{ apId: string; kind: string; subjectId: string }, GrantRow> = (db, { apId, kind, subjectId }) =>
  db.selectFrom('grants').selectAll()
    .where('ap_id', '=', apId)
    .where('subject_kind', '=', kind)
    .where('subject_id', '=', subjectId)
    .where(isPermission);

interface Alteration {
  id: string;
  subjectKind: string;
  subjectId: string;
  endsAt: Date | null;
  allowedMs: number | null;
  waitingMs: number | null;
  state: string;
  revision: number;
}

const altering: PreparedQuery<Alteration, GrantRow> = (db, { id, subjectKind, subjectId, endsAt, allowedMs, waitingMs, state, revision }) =>
  db.updateTable('grants')
    .set({
      subject_kind: subjectKind, subject_id: subjectId, ends_at: endsAt, allowed_ms: allowedMs, waiting_ms: waitingMs, state, revision,
    })
    .where('id', '=', id)
    .where('state', 'in', ['active', 'paused'])
    .returningAll();

interface Use {
  apId: string;
  id: string;
  bytesIn: bigint;
  bytesOut: bigint;
  seconds: number;
}

const using: PreparedQuery<Use, { id: string }> = (db, { apId, id, bytesIn, bytesOut, seconds }) =>
  db.updateTable('grants')
    .set({
      bytes_in: sql`case when bytes_in < ${bytesIn} then ${bytesIn} else bytes_in end`,
      bytes_out: sql`case when bytes_out < ${bytesOut} then ${bytesOut} else bytes_out end`,
      seconds: sql`case when seconds < ${seconds} then ${seconds} else seconds end`,
    })
    .where('id', '=', id)
    // In words by which SQLite cannot look for it: it would go through all of the access point's grants.
    .where(sql<boolean>`case when ap_id = ${apId} then 1 else 0 end = 1`)
    .returning('id');

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

  async increase(
    id: string,
    change: { endsAt: Date | undefined; quotaBytes: bigint | undefined; revision: number },
  ): Promise<Grant | undefined> {
    const { endsAt = null, quotaBytes = null, revision } = change;
    const [row] = await this.#db.change(increasing, { id, endsAt, quotaBytes, revision });
    return row === undefined ? undefined : toGrant(row);
  }

  async permission(apId: string, { kind, id: subjectId }: Grant['subject']): Promise<Grant | undefined> {
    const [row] = await this.#db.find(permitted, { apId, kind, subjectId });
    return row && toGrant(row);
  }

  async alter(id: string, { subject, endsAt, allowedMs, waitingMs, state, revision }: GrantAlteration): Promise<Grant | undefined> {
    const [row] = await this.#db.change(altering, {
      id, subjectKind: subject.kind, subjectId: subject.id, endsAt: endsAt ?? null, allowedMs: allowedMs ?? null, waitingMs: waitingMs ?? null, state, revision,
    });
    return row && toGrant(row);
  }

  async soldUntil(at: Date, limit: number): Promise<Grant[]> {
    const rows = await this.#db.read.selectFrom('grants').selectAll()
      .where(isSold)
      .where('ends_at', '<=', at)
      .orderBy('ends_at')
      .limit(atMost(limit))
      .execute();
    return rows.map(toGrant);
  }

  async use(apId: string, id: string, { bytesIn, bytesOut, seconds }: GrantUsage): Promise<void> {
    await this.#db.change(using, { apId, id, bytesIn: countable(bytesIn), bytesOut: countable(bytesOut), seconds });
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
