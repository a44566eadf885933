import type { WantedAccessCode } from '../../roles/ap/ports.ts';
import type { AccessCodeRepository, KeptAccessCode } from '../../roles/pos/store.ts';
import type { Database } from '../database.ts';
import { atMost } from '../paging.ts';
import type { PreparedQuery } from '../prepared-query.ts';

const mostWanted = 1000;

const wantedAt: PreparedQuery<{ apId: string }, { grant_id: string; register_id: string }> = (db, { apId }) =>
  db.selectFrom('registers')
    .innerJoin('access_codes', 'access_codes.register_id', 'registers.id')
    .innerJoin('grants', 'grants.id', 'access_codes.grant_id')
    .select(['access_codes.grant_id', 'access_codes.register_id'])
    .where('registers.ap_id', '=', apId)
    .where('access_codes.sealed', 'is', null)
    .where('grants.state', '=', 'active')
    .orderBy('access_codes.at')
    .limit(atMost(mostWanted));

/** Access codes on their way from an access point to a cash register; nobody here can open them. */
export class AccessCodes implements AccessCodeRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async want(grantId: string, registerId: string, at: Date): Promise<void> {
    await this.#db.write.insertInto('access_codes')
      .values({ grant_id: grantId, register_id: registerId, sealed: null, at })
      .onConflict((conflict) => conflict.columns(['grant_id', 'register_id']).doNothing())
      .execute();
  }

  async wanted(apId: string): Promise<WantedAccessCode[]> {
    return (await this.#db.find(wantedAt, { apId })).map((row) => ({ grantId: row.grant_id, registerId: row.register_id }));
  }

  async put(grantId: string, registerId: string, sealed: string, at: Date): Promise<void> {
    await this.#db.write.updateTable('access_codes')
      .set({ sealed, at })
      .where('grant_id', '=', grantId).where('register_id', '=', registerId).where('sealed', 'is', null)
      .execute();
  }

  async find(grantId: string, registerId: string): Promise<KeptAccessCode | undefined> {
    const row = await this.#db.read.selectFrom('access_codes').select('sealed')
      .where('grant_id', '=', grantId).where('register_id', '=', registerId)
      .executeTakeFirst();
    return row && { sealed: row.sealed ?? undefined };
  }

  async remove(grantId: string, registerId: string): Promise<void> {
    await this.#db.write.deleteFrom('access_codes').where('grant_id', '=', grantId).where('register_id', '=', registerId).execute();
  }

  async removeAll(of: { readonly grantId: string } | { readonly registerId: string }): Promise<void> {
    const codes = this.#db.write.deleteFrom('access_codes');
    await ('grantId' in of ? codes.where('grant_id', '=', of.grantId) : codes.where('register_id', '=', of.registerId)).execute();
  }

  async forget(before: Date, limit: number): Promise<number> {
    const result = await this.#db.write.deleteFrom('access_codes')
      .where((eb) => eb(eb.refTuple('grant_id', 'register_id'), 'in',
        eb.selectFrom('access_codes').select(['grant_id', 'register_id']).where('at', '<', before).limit(atMost(limit)).$asTuple('grant_id', 'register_id')))
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}
