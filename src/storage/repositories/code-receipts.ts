import { sql, type Selectable } from 'kysely';
import type { LossBearer, SettlementOutcome } from '../../domain/credit-code.ts';
import type { SettlementReply } from '../../roles/codes/ports.ts';
import type { AcceptedOfCode, CodeReceiptRepository, DisputeFilter, KeptReceipt, ShowingName } from '../../roles/codes/store.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { Database } from '../database.ts';
import { atMost, decodeCursor, pageLimit, toPage } from '../paging.ts';
import { date, type CodeReceiptTable } from '../tables.ts';

type Row = Selectable<CodeReceiptTable>;

const mostDisputesOfCode = 1000;

/** Written out, so that SQLite may use the indexes over those. */
const isSettled = sql<boolean>`outcome = 'settled'`;
const isDisputed = sql<boolean>`outcome <> 'settled'`;

function toReceipt(row: Row): KeptReceipt {
  return {
    id: row.id,
    tokenId: row.code_id,
    counter: Number(row.counter),
    registerId: row.register_id,
    payeeId: row.payee_id,
    amount: { minor: BigInt(row.minor), currency: row.currency },
    outcome: row.outcome as SettlementOutcome,
    reason: row.reason ?? undefined,
    at: date(row.at),
    signedReceipt: row.receipt,
    code: row.code,
    postingId: row.posting_id ?? undefined,
    otherId: row.other_id ?? undefined,
    borneBy: row.borne_by as LossBearer,
  };
}

export class CodeReceipts implements CodeReceiptRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async known(payeeId: string, ids: readonly string[]): Promise<SettlementReply[]> {
    if (ids.length === 0) {
      return [];
    }
    const rows = await this.#db.read.selectFrom('code_receipts').select(['id', 'outcome', 'reason'])
      .where('id', 'in', ids).where('payee_id', '=', payeeId)
      .execute();
    return rows.map(({ id, outcome, reason }) => ({ id, outcome: outcome as SettlementOutcome, reason: reason ?? undefined }));
  }

  async settled(showings: readonly ShowingName[]): Promise<(ShowingName & Pick<KeptReceipt, 'id' | 'code'>)[]> {
    if (showings.length === 0) {
      return [];
    }
    const rows = await this.#db.read.selectFrom('code_receipts').select(['code_id', 'counter', 'id', 'code'])
      .where((eb) => eb(eb.refTuple('code_id', 'counter'), 'in', showings.map(({ tokenId, counter }) => eb.tuple(tokenId, counter))))
      .where(isSettled)
      .execute();
    return rows.map(({ code_id: tokenId, counter, id, code }) => ({ tokenId, counter: Number(counter), id, code }));
  }

  async acceptedOf(tokenIds: readonly string[]): Promise<AcceptedOfCode[]> {
    if (tokenIds.length === 0) {
      return [];
    }
    const rows = await this.#db.read.selectFrom('code_receipts')
      .select(['code_id', 'register_id', sql<number | string | bigint>`cast(sum(minor) as bigint)`.as('minor'), sql<number | string>`count(*)`.as('uses')])
      .where('code_id', 'in', tokenIds)
      .where('outcome', '<>', 'rejected')
      .groupBy(['code_id', 'register_id'])
      .execute();
    return rows.map((row) => ({ tokenId: row.code_id, registerId: row.register_id, minor: BigInt(row.minor), uses: Number(row.uses) }));
  }

  async insert(receipts: readonly KeptReceipt[]): Promise<void> {
    await this.#db.insertAll('code_receipts', receipts.map((receipt) => ({
      id: receipt.id,
      code_id: receipt.tokenId,
      counter: receipt.counter,
      register_id: receipt.registerId,
      payee_id: receipt.payeeId,
      currency: receipt.amount.currency,
      minor: receipt.amount.minor,
      outcome: receipt.outcome,
      reason: receipt.reason ?? null,
      at: receipt.at,
      receipt: receipt.signedReceipt,
      code: receipt.code,
      posting_id: receipt.postingId ?? null,
      other_id: receipt.otherId ?? null,
      borne_by: receipt.borneBy,
    })));
  }

  async find(id: string): Promise<KeptReceipt | undefined> {
    const row = await this.#db.read.selectFrom('code_receipts').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toReceipt(row);
  }

  async ofCode(tokenId: string): Promise<KeptReceipt[]> {
    const ofToken = this.#db.read.selectFrom('code_receipts').selectAll().where('code_id', '=', tokenId).orderBy('number');
    const [settled, disputed] = await Promise.all([ofToken.where(isSettled).execute(), ofToken.where(isDisputed).limit(atMost(mostDisputesOfCode)).execute()]);
    return [...settled, ...disputed].map(toReceipt);
  }

  async disputes({ payeeId, outcome, tokenId, accountId }: DisputeFilter, page: PageRequest): Promise<Page<KeptReceipt>> {
    const limit = pageLimit(page);
    let query = this.#db.read.selectFrom('code_receipts').selectAll().where(isDisputed).orderBy('number', 'desc').limit(atMost(limit + 1));
    if (payeeId !== undefined) query = query.where('payee_id', '=', payeeId);
    if (outcome !== undefined) query = query.where('outcome', '=', outcome);
    if (tokenId !== undefined) query = query.where('code_id', '=', tokenId);
    if (accountId !== undefined) query = query.where('code_id', 'in', this.#db.read.selectFrom('credit_codes').select('id').where('account_id', '=', accountId));
    if (page.after !== undefined) {
      const [number] = decodeCursor(page.after, ['number']);
      query = query.where('number', '<', Number(number));
    }
    return toPage(await query.execute(), limit, toReceipt, (row) => [Number(row.number)]);
  }
}
