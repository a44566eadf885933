import { sql, type Selectable } from 'kysely';
import { verificationLifeMs } from '../../domain/payment.ts';
import type { Verification, VerificationRepository } from '../../roles/ledger/store.ts';
import type { Place, Sealer } from '../../roles/sealer.ts';
import type { Database } from '../database.ts';
import { atMost } from '../paging.ts';
import { date, optionalDate, type VerificationCodeTable } from '../tables.ts';

type Row = Selectable<VerificationCodeTable>;

/** Where a verification code is sealed to. Neither part holds the separator: both are ids. */
export function verificationPlace(terminalId: string, key: string): Place {
  return { table: 'verification_codes', row: `${terminalId} ${key}`, column: 'code' };
}

export class Verifications implements VerificationRepository {
  readonly #db: Database;
  readonly #sealer: Sealer;

  constructor(db: Database, sealer: Sealer) {
    this.#db = db;
    this.#sealer = sealer;
  }

  async insert({ id, terminalId, key, accountId, code, tries, createdAt, expiresAt, sentAt, usedAt }: Verification): Promise<boolean> {
    const row = {
      terminal_id: terminalId,
      key,
      id,
      account_id: accountId ?? null,
      code: this.#sealer.seal(code, verificationPlace(terminalId, key)),
      tries,
      created_at: createdAt,
      expires_at: expiresAt,
      sent_at: sentAt ?? null,
      used_at: usedAt ?? null,
    };
    const added = await this.#db.insertNew('verification_codes', [row], (same) => same, ['terminal_id', 'key']);
    return added.length === 1;
  }

  async findByKey(terminalId: string, key: string): Promise<Verification | undefined> {
    const row = await this.#db.read.selectFrom('verification_codes').selectAll()
      .where('terminal_id', '=', terminalId).where('key', '=', key)
      .executeTakeFirst();
    return row && this.#toVerification(row);
  }

  async find(id: string): Promise<Verification | undefined> {
    const row = await this.#db.read.selectFrom('verification_codes').selectAll().where('id', '=', id).executeTakeFirst();
    return row && this.#toVerification(row);
  }

  async countTry({ id, tries }: Verification): Promise<boolean> {
    const result = await this.#db.write.updateTable('verification_codes')
      .set({ tries: tries + 1 })
      .where('id', '=', id)
      .where('tries', '=', tries)
      .where('used_at', 'is', null)
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }

  async noteSent(id: string, at: Date): Promise<void> {
    await this.#db.write.updateTable('verification_codes').set({ sent_at: at }).where('id', '=', id).execute();
  }

  async unsent({ madeBefore, validAt }: { readonly madeBefore: Date; readonly validAt: Date }, limit: number): Promise<Verification[]> {
    const rows = await this.#db.read.selectFrom('verification_codes').selectAll()
      .where('created_at', '>', new Date(validAt.getTime() - verificationLifeMs))
      .where('created_at', '<', madeBefore)
      .where('account_id', 'is not', null)
      .where('sent_at', 'is', null)
      .where('used_at', 'is', null)
      .orderBy('created_at')
      .limit(atMost(limit))
      .execute();
    return rows.map((row) => this.#toVerification(row));
  }

  async use(id: string, at: Date): Promise<boolean> {
    const result = await this.#db.write.updateTable('verification_codes')
      .set({ used_at: at })
      .where('id', '=', id)
      .where('used_at', 'is', null)
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }

  async countSince(terminalId: string, since: Date): Promise<number> {
    await this.#db.lock('verification-codes');
    const { count } = await this.#db.read.selectFrom('verification_codes')
      .select(sql<number | string>`count(*)`.as('count'))
      .where('terminal_id', '=', terminalId)
      .where('created_at', '>', since)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async forget(before: Date, limit: number): Promise<number> {
    const result = await this.#db.write.deleteFrom('verification_codes')
      .where('id', 'in', (eb) => eb.selectFrom('verification_codes').select('id').where('created_at', '<', before).limit(atMost(limit)))
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }

  #toVerification(row: Row): Verification {
    const { terminal_id: terminalId, key } = row;
    return {
      id: row.id,
      terminalId,
      key,
      accountId: row.account_id ?? undefined,
      code: this.#sealer.openText(row.code, verificationPlace(terminalId, key)),
      tries: row.tries,
      createdAt: date(row.created_at),
      expiresAt: date(row.expires_at),
      sentAt: optionalDate(row.sent_at),
      usedAt: optionalDate(row.used_at),
    };
  }
}
