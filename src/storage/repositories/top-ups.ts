import { sql, type Selectable } from 'kysely';
import type { TopUp, TopUpProvider, TopUpState } from '../../domain/top-up.ts';
import type { TopUpEnd, TopUpFilter, TopUpRepository } from '../../roles/ledger/store.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { Database } from '../database.ts';
import { atMost, decodeCursor, pageLimit, toPage } from '../paging.ts';
import { date, optionalDate, type TopUpTable } from '../tables.ts';

type Row = Selectable<TopUpTable>;

function toTopUp(row: Row): TopUp {
  return {
    id: row.id,
    accountId: row.account_id,
    amount: { minor: BigInt(row.minor), currency: row.currency },
    provider: row.provider as TopUpProvider,
    reference: row.reference ?? undefined,
    state: row.state as TopUpState,
    postingId: row.posting_id ?? undefined,
    actor: row.actor,
    memo: row.memo ?? undefined,
    at: date(row.at),
    endedAt: optionalDate(row.ended_at),
    reason: row.reason ?? undefined,
  };
}

/** Written out, so that SQLite may use the indexes over those of one state. */
function isIn(state: TopUpState) {
  return sql<boolean>`state = ${sql.lit(state)}`;
}

export class TopUps implements TopUpRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(topUp: TopUp, askAt: Date): Promise<void> {
    await this.#db.insertAll('topups', [{
      id: topUp.id,
      account_id: topUp.accountId,
      currency: topUp.amount.currency,
      minor: topUp.amount.minor,
      provider: topUp.provider,
      reference: topUp.reference ?? null,
      state: topUp.state,
      posting_id: topUp.postingId ?? null,
      actor: topUp.actor,
      memo: topUp.memo ?? null,
      at: topUp.at,
      ask_at: askAt,
      ended_at: topUp.endedAt ?? null,
      reason: topUp.reason ?? null,
    }]);
  }

  async find(id: string): Promise<TopUp | undefined> {
    const row = await this.#db.read.selectFrom('topups').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toTopUp(row);
  }

  async findByReference(provider: TopUpProvider, reference: string): Promise<TopUp | undefined> {
    const row = await this.#db.read.selectFrom('topups').selectAll()
      .where('provider', '=', provider)
      .where('reference', '=', reference)
      .executeTakeFirst();
    return row && toTopUp(row);
  }

  async note(id: string, { reference, reason }: { readonly reference: string | undefined; readonly reason: string | undefined }): Promise<TopUp | undefined> {
    const row = await this.#db.write.updateTable('topups')
      .set({ reason: reason ?? null, ...(reference === undefined ? {} : { reference }) })
      .where('id', '=', id)
      .where('state', '=', 'pending')
      .returningAll()
      .executeTakeFirst();
    return row && toTopUp(row);
  }

  async end(id: string, from: readonly TopUpState[], { state, at, reason, reference, postingId }: TopUpEnd): Promise<TopUp | undefined> {
    const row = await this.#db.write.updateTable('topups')
      .set({ state, ended_at: at, reason: reason ?? null, posting_id: postingId ?? null, ...(reference === undefined ? {} : { reference }) })
      .where('id', '=', id)
      .where('state', 'in', from)
      .returningAll()
      .executeTakeFirst();
    return row && toTopUp(row);
  }

  async list({ accountId, state }: TopUpFilter, page: PageRequest): Promise<Page<TopUp>> {
    const limit = pageLimit(page);
    let query = this.#db.read.selectFrom('topups').selectAll().orderBy('at', 'desc').orderBy('id', 'desc').limit(atMost(limit + 1));
    if (accountId !== undefined) query = query.where('account_id', '=', accountId);
    if (state !== undefined) query = query.where(isIn(state));
    if (page.after !== undefined) {
      const [at, id] = decodeCursor(page.after, ['time', 'text']);
      query = query.where((eb) => eb(eb.refTuple('at', 'id'), '<', eb.tuple(new Date(Number(at)), String(id))));
    }
    return toPage(await query.execute(), limit, toTopUp, (row) => [date(row.at).getTime(), row.id]);
  }

  async due(providers: readonly TopUpProvider[], at: Date, limit: number): Promise<{ topUp: TopUp; askAt: Date }[]> {
    const rows = await this.#db.read.selectFrom('topups').selectAll()
      .where(isIn('pending'))
      .where('provider', 'in', providers)
      .where('ask_at', '<=', at)
      .orderBy('ask_at')
      .limit(atMost(limit))
      .execute();
    return rows.map((row) => ({ topUp: toTopUp(row), askAt: date(row.ask_at) }));
  }

  async claim(id: string, askAt: Date, next: Date): Promise<boolean> {
    const result = await this.#db.write.updateTable('topups')
      .set({ ask_at: next })
      .where('id', '=', id)
      .where('state', '=', 'pending')
      .where('ask_at', '=', askAt)
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }
}
