import { sql, type Selectable } from 'kysely';
import { parseQuantity, quantityText, type Allowance } from '../../domain/quantity.ts';
import type { Sale, Tender } from '../../domain/sale.ts';
import { parseTariff, tariffToJson } from '../../domain/tariff-json.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { KeptSale, SaleFilter, SaleRepository } from '../../roles/pos/store.ts';
import type { Place, Sealer } from '../../roles/sealer.ts';
import type { Database } from '../database.ts';
import { atMost, decodeCursor, pageLimit, toPage } from '../paging.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date, type SaleTable } from '../tables.ts';

type Row = Selectable<SaleTable>;

/** Where a sale's receipt code is sealed to. Neither part holds the separator: both are ids. */
export function receiptCodePlace(registerId: string, key: string): Place {
  return { table: 'sales', row: `${registerId} ${key}`, column: 'receipt_code' };
}

function toSale(row: Row): Sale {
  return {
    id: row.id,
    registerId: row.register_id,
    key: row.key,
    payerId: row.payer_id === '' ? undefined : row.payer_id,
    subjectId: row.subject_id ?? undefined,
    at: date(row.at),
    tender: row.tender as Tender,
    amount: { minor: BigInt(row.minor), currency: row.currency },
    payeeId: row.payee_id,
    memo: row.memo ?? undefined,
    paymentId: row.payment_id ?? undefined,
    grantId: row.grant_id ?? undefined,
    tariff: row.tariff === null ? undefined : parseTariff(JSON.parse(row.tariff)),
    quantity: allowanceFrom(row.quantity),
    bought: allowanceFrom(row.bought),
    used: BigInt(row.used),
    refunded: BigInt(row.refunded),
  };
}

function allowanceFrom(text: string | null): Allowance | undefined {
  return text === null ? undefined : text === 'unlimited' ? text : parseQuantity(text);
}

function allowanceText(allowance: Allowance | undefined): string | null {
  return allowance === undefined ? null : allowance === 'unlimited' ? allowance : quantityText(allowance);
}

const byKey: PreparedQuery<{ registerId: string; key: string }, Row> = (db, { registerId, key }) =>
  db.selectFrom('sales').selectAll().where('register_id', '=', registerId).where('key', '=', key);

const ofSubject: PreparedQuery<{ subjectId: string }, { grant_id: string | null }> = (db, { subjectId }) =>
  db.selectFrom('sales').select('grant_id').where('subject_id', '=', subjectId).where('grant_id', 'is not', null).limit(atMost(1));

const moving: PreparedQuery<{ grantId: string; from: string }, { id: string }> = (db, { grantId, from }) =>
  db.updateTable('sales').set({ grant_id: grantId }).where('grant_id', '=', from).returning('id');

const refunding: PreparedQuery<{ id: string; minor: bigint }, { id: string }> = (db, { id, minor }) =>
  db.updateTable('sales')
    .set({ refunded: sql`refunded + ${minor}` })
    .where('id', '=', id)
    .where(sql<boolean>`minor - refunded >= ${minor}`)
    .returning('id');

export class Sales implements SaleRepository {
  readonly #db: Database;
  readonly #sealer: Sealer;

  constructor(db: Database, sealer: Sealer) {
    this.#db = db;
    this.#sealer = sealer;
  }

  async ofKey(registerId: string, key: string): Promise<KeptSale[]> {
    const rows = await this.#db.find(byKey, { registerId, key });
    return rows.map((row) => ({
      sale: toSale(row),
      fingerprint: row.fingerprint,
      receiptCode: row.receipt_code === null ? undefined : this.#sealer.openText(row.receipt_code, receiptCodePlace(registerId, key)),
    }));
  }

  async hasBought(subjectId: string): Promise<boolean> {
    return (await this.#db.find(ofSubject, { subjectId })).length > 0;
  }

  async grantOfReceipt(subjectId: string): Promise<string | undefined> {
    const [row] = await this.#db.find(ofSubject, { subjectId });
    return row?.grant_id ?? undefined;
  }

  async moveTo(grantId: string, from: string): Promise<void> {
    await this.#db.change(moving, { grantId, from });
  }

  async insert({ sale, fingerprint, receiptCode }: KeptSale): Promise<void> {
    await this.#db.insertAll('sales', [{
      register_id: sale.registerId,
      key: sale.key,
      payer_id: sale.payerId ?? '',
      subject_id: sale.subjectId ?? null,
      id: sale.id,
      fingerprint,
      at: sale.at,
      tender: sale.tender,
      currency: sale.amount.currency,
      minor: sale.amount.minor,
      payee_id: sale.payeeId,
      memo: sale.memo ?? null,
      payment_id: sale.paymentId ?? null,
      grant_id: sale.grantId ?? null,
      tariff: sale.tariff === undefined ? null : JSON.stringify(tariffToJson(sale.tariff)),
      quantity: allowanceText(sale.quantity),
      bought: allowanceText(sale.bought),
      used: sale.used,
      refunded: sale.refunded,
      receipt_code: receiptCode === undefined ? null : this.#sealer.seal(receiptCode, receiptCodePlace(sale.registerId, sale.key)),
    }]);
  }

  async list({ registerId, from, to }: SaleFilter, page: PageRequest): Promise<Page<Sale>> {
    const limit = pageLimit(page);
    let query = this.#db.read.selectFrom('sales').selectAll()
      .orderBy('at', 'desc').orderBy('id', 'desc')
      .limit(atMost(limit + 1));
    if (registerId !== undefined) query = query.where('register_id', '=', registerId);
    if (from !== undefined) query = query.where('at', '>=', from);
    if (to !== undefined) query = query.where('at', '<', to);
    if (page.after !== undefined) {
      const [at, id] = decodeCursor(page.after, ['time', 'text']);
      query = query.where((eb) => eb(eb.refTuple('at', 'id'), '<', eb.tuple(new Date(Number(at)), String(id))));
    }
    return toPage(await query.execute(), limit, toSale, (row) => [date(row.at).getTime(), row.id]);
  }

  async ofGrant(grantId: string): Promise<Sale[]> {
    const rows = await this.#db.read.selectFrom('sales').selectAll().where('grant_id', '=', grantId).orderBy('at', 'desc').orderBy('id', 'desc').execute();
    return rows.map(toSale);
  }

  async refund(id: string, minor: bigint): Promise<boolean> {
    return (await this.#db.change(refunding, { id, minor })).length === 1;
  }

  async findByPayment(paymentId: string): Promise<Sale | undefined> {
    const row = await this.#db.read.selectFrom('sales').selectAll().where('payment_id', '=', paymentId).executeTakeFirst();
    return row && toSale(row);
  }
}
