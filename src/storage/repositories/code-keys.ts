import { sql } from 'kysely';
import type { CodeKeyRepository, NewKey, StoredKey } from '../../roles/codes/store.ts';
import type { Place, Sealer } from '../../roles/sealer.ts';
import type { Database } from '../database.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date, optionalDate } from '../tables.ts';

/** Where a signing key's private half is sealed to. */
export function codeKeyPlace(id: string): Place {
  return { table: 'code_keys', row: id, column: 'private_key' };
}

type Row = { id: string; public_key: Uint8Array; created_at: number | Date; signs_from: number | Date; revoked_at: number | Date | null; needed_until: number | Date | null };

const newestFirst: PreparedQuery<object, Row> = (db) =>
  db.selectFrom('code_keys')
    .select(['id', 'public_key', 'created_at', 'signs_from', 'revoked_at'])
    .select((eb) => eb.selectFrom('credit_codes').select(eb.fn.max('credit_codes.expires_at' as never).as('latest')).whereRef('credit_codes.key_id', '=', 'code_keys.id').as('needed_until'))
    .orderBy('signs_from', 'desc').orderBy('created_at', 'desc').orderBy('id', 'desc') as never;

export class CodeKeys implements CodeKeyRepository {
  readonly #db: Database;
  readonly #sealer: Sealer;

  constructor(db: Database, sealer: Sealer) {
    this.#db = db;
    this.#sealer = sealer;
  }

  async list(): Promise<StoredKey[]> {
    return (await this.#db.find(newestFirst, {})).map((row) => ({
      id: row.id,
      publicKey: row.public_key,
      createdAt: date(row.created_at),
      signsFrom: date(row.signs_from),
      revokedAt: optionalDate(row.revoked_at),
      neededUntil: optionalDate(row.needed_until),
    }));
  }

  async seedOf(id: string): Promise<Uint8Array> {
    const row = await this.#db.read.selectFrom('code_keys').select('private_key').where('id', '=', id).executeTakeFirstOrThrow();
    return this.#sealer.open(row.private_key, codeKeyPlace(id));
  }

  async insert({ id, publicKey, createdAt, signsFrom, seed }: NewKey): Promise<void> {
    await this.#db.write.insertInto('code_keys')
      .values({ id, public_key: publicKey, private_key: this.#sealer.seal(seed, codeKeyPlace(id)), created_at: createdAt, signs_from: signsFrom, revoked_at: null })
      .execute();
  }

  async revoke(id: string, at: Date): Promise<boolean> {
    const result = await this.#db.write.updateTable('code_keys').set({ revoked_at: at }).where('id', '=', id).where(sql<boolean>`revoked_at is null`).executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }

  async lock(): Promise<void> {
    await this.#db.lock('code-keys');
  }
}
