import { sql, type Selectable } from 'kysely';
import type { Mandate } from '../../domain/sale.ts';
import type { MandateRepository } from '../../roles/pos/store.ts';
import type { Database } from '../database.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date, optionalDate, type MandateTable } from '../tables.ts';

type Row = Selectable<MandateTable>;

function toMandate(row: Row): Mandate {
  return {
    subjectId: row.subject_id,
    accountId: row.account_id,
    currency: row.currency,
    perTap: BigInt(row.per_tap),
    perDay: BigInt(row.per_day),
    setAt: date(row.set_at),
    endedAt: optionalDate(row.ended_at),
  };
}

const bySubject: PreparedQuery<{ subjectId: string }, Row> = (db, { subjectId }) =>
  db.selectFrom('mandates').selectAll().where('subject_id', '=', subjectId);

/** Changes nothing, and takes the row. */
const locking: PreparedQuery<{ subjectId: string }, Row> = (db, { subjectId }) =>
  db.updateTable('mandates').set((eb) => ({ account_id: eb.ref('account_id') })).where('subject_id', '=', subjectId).returningAll();

const ending: PreparedQuery<{ subjectId: string; accountId: string; at: Date }, Row> = (db, { subjectId, accountId, at }) =>
  db.updateTable('mandates')
    .set({ ended_at: sql`coalesce(ended_at, ${at})` })
    .where('subject_id', '=', subjectId)
    .where('account_id', '=', accountId)
    .returningAll();

export class Mandates implements MandateRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async find(subjectId: string): Promise<Mandate | undefined> {
    const [row] = await this.#db.find(bySubject, { subjectId });
    return row && toMandate(row);
  }

  async ofAccount(accountId: string): Promise<Mandate[]> {
    const rows = await this.#db.read.selectFrom('mandates').selectAll().where('account_id', '=', accountId).orderBy('subject_id').execute();
    return rows.map(toMandate);
  }

  async countStanding(accountId: string): Promise<number> {
    await this.#db.lock('mandates');
    const { count } = await this.#db.read.selectFrom('mandates')
      .select(sql<number | string>`count(*)`.as('count'))
      .where('account_id', '=', accountId)
      .where('ended_at', 'is', null)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async set({ subjectId, accountId, currency, perTap, perDay, setAt, endedAt }: Mandate): Promise<boolean> {
    const values = { account_id: accountId, currency, per_tap: perTap, per_day: perDay, set_at: setAt, ended_at: endedAt ?? null };
    const result = await this.#db.write.insertInto('mandates')
      .values({ subject_id: subjectId, ...values })
      .onConflict((conflict) => conflict.column('subject_id').doUpdateSet(values).where((eb) => eb.or([eb('mandates.account_id', '=', accountId), eb('mandates.ended_at', 'is not', null)])))
      .executeTakeFirst();
    return result.numInsertedOrUpdatedRows === 1n;
  }

  async end(subjectId: string, accountId: string, at: Date): Promise<Mandate | undefined> {
    const [row] = await this.#db.change(ending, { subjectId, accountId, at });
    return row && toMandate(row);
  }

  async lock(subjectId: string): Promise<Mandate | undefined> {
    const [row] = await this.#db.change(locking, { subjectId });
    return row && toMandate(row);
  }

  async takenSince(subjectId: string, since: Date): Promise<bigint> {
    const { taken } = await this.#db.read.selectFrom('payments')
      .innerJoin('sales', 'sales.payment_id', 'payments.id')
      .select(sql<number | string | null>`sum(payments.captured - payments.refunded)`.as('taken'))
      .where('sales.subject_id', '=', subjectId)
      .where('sales.at', '>', since)
      .where('sales.tender', '=', 'mandate')
      .executeTakeFirstOrThrow();
    return BigInt(taken ?? 0);
  }
}
