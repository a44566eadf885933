import { sql, type Selectable } from 'kysely';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Enforcement } from '../../domain/grant.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { AccessPoint, AccessPointRepository } from '../../roles/store.ts';
import type { Database } from '../database.ts';
import { atMost, decodeCursor, pageLimit, toPage } from '../paging.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date, optionalDate, type AccessPointTable } from '../tables.ts';

type Row = Selectable<AccessPointTable>;

function toAccessPoint(row: Row): AccessPoint {
  return {
    id: row.id,
    name: row.name,
    ssid: row.ssid ?? undefined,
    onboardingSsid: row.onboarding_ssid ?? undefined,
    createdAt: date(row.created_at),
    lastSeenAt: optionalDate(row.last_seen_at),
    revision: Number(row.revision),
    enforcement: (row.enforcement ?? undefined) as Enforcement | undefined,
  };
}

const byId: PreparedQuery<{ id: string }, Row> = (db, { id }) =>
  db.selectFrom('access_points').selectAll().where('id', '=', id);

const counting: PreparedQuery<{ id: string }, Pick<Row, 'revision'>> = (db, { id }) =>
  db.updateTable('access_points')
    .set({ revision: sql`revision + 1` })
    .where('id', '=', id)
    .returning('revision');

/** The committed revisions of those that exist. */
export async function revisionsOf(db: Database, ids: readonly string[]): Promise<Map<string, number>> {
  const rows = await db.read.selectFrom('access_points').select(['id', 'revision']).where('id', 'in', ids).execute();
  return new Map(rows.map((row) => [row.id, Number(row.revision)]));
}

export class AccessPoints implements AccessPointRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(ap: Pick<AccessPoint, 'id' | 'name' | 'createdAt'>): Promise<boolean> {
    const result = await this.#db.write.insertInto('access_points')
      .values({
        id: ap.id,
        name: ap.name,
        ssid: null,
        onboarding_ssid: null,
        created_at: ap.createdAt,
        last_seen_at: null,
        revision: 0,
        enforcement: null,
        claimed_network_id: null,
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirst();
    return result.numInsertedOrUpdatedRows === 1n;
  }

  async find(id: string): Promise<AccessPoint | undefined> {
    const [row] = await this.#db.find(byId, { id });
    return row === undefined ? undefined : toAccessPoint(row);
  }

  /** In the order of ids. */
  async list(page: PageRequest): Promise<Page<AccessPoint>> {
    const limit = pageLimit(page);
    let query = this.#db.read.selectFrom('access_points').selectAll().orderBy('id').limit(atMost(limit + 1));
    if (page.after !== undefined) {
      const [id] = decodeCursor(page.after, ['text']);
      query = query.where('id', '>', String(id));
    }
    return toPage(await query.execute(), limit, toAccessPoint, (row) => [row.id]);
  }

  async update(id: string, change: { ssid: string; onboardingSsid: string | undefined; enforcement: Enforcement; seenAt: Date | undefined }): Promise<boolean> {
    const result = await this.#db.write.updateTable('access_points')
      .set({ ssid: change.ssid, onboarding_ssid: change.onboardingSsid ?? null, enforcement: change.enforcement, last_seen_at: change.seenAt ?? null })
      .where('id', '=', id)
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }

  async nextRevision(id: string): Promise<number> {
    // One transaction, so that its commit wakes those who wait.
    return this.#db.transaction(async (tx) => {
      const [row] = await tx.change(counting, { id });
      if (row === undefined) {
        throw new LatchkeyError('ap_not_found');
      }
      const revision = Number(row.revision);
      await tx.revised('access_points', id, revision);
      return revision;
    });
  }
}
