import type { Selectable } from 'kysely';
import type { Register } from '../../domain/sale.ts';
import { parseTariff, tariffToJson } from '../../domain/tariff-json.ts';
import type { RegisterRepository } from '../../roles/pos/store.ts';
import type { Database } from '../database.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import type { RegisterTable } from '../tables.ts';

type Row = Selectable<RegisterTable>;

function toRegister(row: Row): Register {
  return {
    id: row.id,
    name: row.name,
    payeeId: row.payee_id,
    apId: row.ap_id,
    tariff: row.tariff === null ? undefined : parseTariff(JSON.parse(row.tariff)),
    jwk: row.jwk ?? undefined,
    receiptKey: row.receipt_key ?? undefined,
  };
}

const byId: PreparedQuery<{ id: string }, Row> = (db, { id }) => db.selectFrom('registers').selectAll().where('id', '=', id);

/** Changes nothing, and takes the row. */
const locking: PreparedQuery<{ id: string }, Row> = (db, { id }) =>
  db.updateTable('registers').set((eb) => ({ name: eb.ref('name') })).where('id', '=', id).returningAll();

export class Registers implements RegisterRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async find(id: string): Promise<Register | undefined> {
    const [row] = await this.#db.find(byId, { id });
    return row && toRegister(row);
  }

  async ofAccessPoint(apId: string): Promise<Register[]> {
    const rows = await this.#db.read.selectFrom('registers').selectAll().where('ap_id', '=', apId).where('jwk', 'is not', null).orderBy('id').execute();
    return rows.map(toRegister);
  }

  async receiptKeysOf(payeeId: string): Promise<{ readonly registerId: string; readonly publicKey: Uint8Array }[]> {
    const rows = await this.#db.read.selectFrom('receipt_keys').innerJoin('registers', 'registers.id', 'receipt_keys.register_id')
      .select(['register_id', 'public_key'])
      .where('payee_id', '=', payeeId)
      .orderBy('number', 'desc')
      .execute();
    return rows.map((row) => ({ registerId: row.register_id, publicKey: row.public_key }));
  }

  async hasPayee(accountId: string): Promise<boolean> {
    const row = await this.#db.read.selectFrom('registers').select('id').where('payee_id', '=', accountId).limit(1).executeTakeFirst();
    return row !== undefined;
  }

  async chargesFor(accountId: string): Promise<boolean> {
    // That of this machine itself has no token.
    const row = await this.#db.read.selectFrom('registers').leftJoin('tokens', 'tokens.id', 'registers.id').select('registers.id')
      .where('payee_id', '=', accountId)
      .where('tokens.revoked_at', 'is', null)
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }

  async lock(id: string): Promise<Register | undefined> {
    const [row] = await this.#db.change(locking, { id });
    if (row !== undefined) {
      return toRegister(row);
    }
    await this.#db.lock('registers');
    const [made] = await this.#db.change(locking, { id });
    return made && toRegister(made);
  }

  async put({ id, name, payeeId, apId, tariff, jwk, receiptKey }: Register): Promise<void> {
    const values = {
      name,
      payee_id: payeeId,
      ap_id: apId,
      tariff: tariff === undefined ? null : JSON.stringify(tariffToJson(tariff)),
      jwk: jwk ?? null,
      receipt_key: receiptKey ?? null,
    };
    await this.#db.write.insertInto('registers')
      .values({ id, ...values })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
      .execute();
    if (receiptKey !== undefined) {
      await this.#db.insertNew('receipt_keys', [{ register_id: id, public_key: receiptKey }], (row) => row, ['register_id', 'public_key']);
    }
  }
}
