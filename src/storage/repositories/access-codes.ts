import type { AccessCodeRepository } from '../../roles/pos/store.ts';
import type { Database } from '../database.ts';
import { atMost } from '../paging.ts';

/** Access codes on their way from an access point to a cash register; nobody here can open them. */
export class AccessCodes implements AccessCodeRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async put(grantId: string, registerId: string, sealed: string, at: Date): Promise<void> {
    await this.#db.write.insertInto('access_codes')
      .values({ grant_id: grantId, register_id: registerId, sealed, at })
      .onConflict((conflict) => conflict.columns(['grant_id', 'register_id']).doUpdateSet({ sealed, at }))
      .execute();
  }

  async find(grantId: string, registerId: string): Promise<string | undefined> {
    const row = await this.#db.read.selectFrom('access_codes').select('sealed')
      .where('grant_id', '=', grantId).where('register_id', '=', registerId)
      .executeTakeFirst();
    return row?.sealed;
  }

  async remove(grantId: string, registerId: string): Promise<void> {
    await this.#db.write.deleteFrom('access_codes').where('grant_id', '=', grantId).where('register_id', '=', registerId).execute();
  }

  async forget(before: Date, limit: number): Promise<number> {
    const result = await this.#db.write.deleteFrom('access_codes')
      .where((eb) => eb(eb.refTuple('grant_id', 'register_id'), 'in',
        eb.selectFrom('access_codes').select(['grant_id', 'register_id']).where('at', '<', before).limit(atMost(limit)).$asTuple('grant_id', 'register_id')))
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}
