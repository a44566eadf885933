import type { Selectable } from 'kysely';
import type { Role } from '../../domain/token.ts';
import type { EnrollCode, EnrollCodeRepository } from '../../roles/store.ts';
import type { Database } from '../database.ts';
import { atMost } from '../paging.ts';
import { date, type EnrollCodeTable } from '../tables.ts';
import { scopeFrom } from './scope.ts';

type Row = Selectable<EnrollCodeTable>;

function toEnrollCode(row: Row): EnrollCode {
  return {
    id: row.id,
    role: row.role as Role,
    scope: scopeFrom(row.scope),
    createdAt: date(row.created_at),
    expiresAt: date(row.expires_at),
  };
}

export class EnrollCodes implements EnrollCodeRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(code: EnrollCode, hash: Uint8Array): Promise<void> {
    await this.#db.write.insertInto('enroll_codes')
      .values({
        hash,
        id: code.id,
        role: code.role,
        scope: JSON.stringify(code.scope),
        created_at: code.createdAt,
        expires_at: code.expiresAt,
        used_at: null,
      })
      .execute();
  }

  async take(hash: Uint8Array, at: Date): Promise<EnrollCode | undefined> {
    const row = await this.#db.write.updateTable('enroll_codes')
      .set({ used_at: at })
      .where('hash', '=', hash)
      .where('used_at', 'is', null)
      .where('expires_at', '>', at)
      .returningAll()
      .executeTakeFirst();
    return row === undefined ? undefined : toEnrollCode(row);
  }

  async forget(at: Date, limit: number): Promise<number> {
    const result = await this.#db.write.deleteFrom('enroll_codes')
      .where('hash', 'in', (eb) => eb.selectFrom('enroll_codes').select('hash').where('expires_at', '<=', at).limit(atMost(limit)))
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}
