import { sql, type Insertable, type Selectable } from 'kysely';
import type { Payment } from '../../domain/payment.ts';
import type { Acceptance, KeptPayment, PaymentFilter, PaymentRepository } from '../../roles/ledger/store.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { Sealer } from '../../roles/sealer.ts';
import { isKeyTaken } from '../constraints.ts';
import type { Database } from '../database.ts';
import { atMost, decodeCursor, emptyPage, pageLimit, toPage } from '../paging.ts';
import { step, type PreparedQuery } from '../prepared-query.ts';
import { date, type PaymentTable } from '../tables.ts';
import { advancing, codePlace } from './bindings.ts';
import { keptPayment, paymentReplyPlace, toPayment } from './payment-row.ts';
import { moving, postingRow, postingWithPayment } from './postings.ts';

type Row = Selectable<PaymentTable>;

/** Written out, so that SQLite may use the index over those. */
const isHeld = sql<boolean>`state = 'held'`;

const keptUnder: PreparedQuery<{ accountId: string; key: string }, Pick<Row, 'state' | 'terminal_id' | 'fingerprint' | 'reply'>> = (db, { accountId, key }) =>
  db.selectFrom('payments').select(['state', 'terminal_id', 'fingerprint', 'reply']).where('account_id', '=', accountId).where('key', '=', key);

const byId: PreparedQuery<{ id: string }, Row> = (db, { id }) => db.selectFrom('payments').selectAll().where('id', '=', id);

const columns = [
  'account_id', 'key', 'id', 'state', 'fingerprint', 'terminal_id', 'payee_id', 'currency', 'minor', 'captured', 'refunded', 'memo', 'at', 'expires_at',
  'ended_at', 'reason', 'reply',
] as const;

/** Only where the code that came before it was renewed by it. */
const addingUnderCode: PreparedQuery<Insertable<PaymentTable> & { code: Uint8Array }, never> = (db, values) =>
  db.insertInto('payments').columns([...columns]).expression((eb) =>
    eb.selectFrom('bindings')
      .select(columns.map((column) => sql.val<unknown>(values[column]).as(column)))
      .where('bindings.account_id', '=', values.account_id)
      .where('bindings.terminal_id', '=', values.terminal_id)
      .where('bindings.code', '=', values.code)) as never;

const settling: PreparedQuery<{ id: string; state: string; captured: bigint; at: Date; reason: string | null }, Row> = (db, { id, state, captured, at, reason }) =>
  db.updateTable('payments')
    .set({ state, captured, ended_at: at, reason })
    .where('id', '=', id)
    .where(isHeld)
    .returningAll();

const ending: PreparedQuery<{ id: string; at: Date; reason: string }, Row> = (db, { id, at, reason }) =>
  db.updateTable('payments')
    .set({ state: sql`case when captured > 0 then 'paid' else 'released' end`, ended_at: at, reason })
    .where('id', '=', id)
    .where(isHeld)
    .returningAll();

const refunding: PreparedQuery<{ id: string; minor: bigint }, Row> = (db, { id, minor }) =>
  db.updateTable('payments')
    .set({ refunded: sql`refunded + ${minor}` })
    .where('id', '=', id)
    .where(sql<boolean>`captured - refunded >= ${minor}`)
    .returningAll();

export class Payments implements PaymentRepository {
  readonly #db: Database;
  readonly #sealer: Sealer;

  constructor(db: Database, sealer: Sealer) {
    this.#db = db;
    this.#sealer = sealer;
  }

  async findKept(accountId: string, key: string): Promise<KeptPayment | undefined> {
    const [row] = await this.#db.find(keptUnder, { accountId, key });
    return row && keptPayment(this.#sealer, { accountId, key }, row);
  }

  async find(id: string): Promise<Payment | undefined> {
    const [row] = await this.#db.find(byId, { id });
    return row && toPayment(row);
  }

  async insert(payment: Payment, { fingerprint, reply }: { readonly fingerprint: Uint8Array; readonly reply: string }): Promise<boolean> {
    const row = { ...this.#row(payment, fingerprint, reply) };
    return (await moving(() => this.#db.insertNew('payments', [row], (same) => same, ['account_id', 'key']))).length === 1;
  }

  async accept({ binding, code, lookup, payment, fingerprint, reply, posting }: Acceptance): Promise<boolean> {
    const { accountId, terminalId, codeNumber, wrong } = binding;
    const sealed = this.#sealer.seal(code, codePlace(accountId, terminalId));
    try {
      const [advanced] = await moving(() => this.#db.batch([
        step(advancing, { accountId, terminalId, from: codeNumber, to: codeNumber + 1, wrong, code: sealed, lookup: lookup ?? null }),
        step(addingUnderCode, { ...this.#row(payment, fingerprint, reply), code: sealed }),
        ...(posting === undefined ? [] : [step(postingWithPayment, postingRow(posting))]),
      ]));
      return advanced!.length === 1;
    } catch (error) {
      if (isKeyTaken(error)) {
        return false;
      }
      throw error;
    }
  }

  #row(payment: Payment, fingerprint: Uint8Array, reply: string) {
    return {
      account_id: payment.accountId,
      key: payment.key,
      id: payment.id,
      state: payment.state,
      fingerprint,
      terminal_id: payment.terminalId,
      payee_id: payment.payeeId,
      currency: payment.amount.currency,
      minor: payment.amount.minor,
      captured: payment.captured,
      refunded: payment.refunded,
      memo: payment.memo ?? null,
      at: payment.at,
      expires_at: payment.expiresAt ?? null,
      ended_at: payment.endedAt ?? null,
      reason: payment.reason ?? null,
      reply: this.#sealer.seal(reply, paymentReplyPlace(payment.accountId, payment.key)),
    };
  }

  async insertCancelled({ id, accountId, key, terminalId, at }: Pick<Payment, 'id' | 'accountId' | 'key' | 'terminalId' | 'at'>): Promise<boolean> {
    const added = await this.#db.insertNew('payments', [{ account_id: accountId, key, id, state: 'cancelled', terminal_id: terminalId, at }], (row) => row, ['account_id', 'key']);
    return added.length === 1;
  }

  async settle(
    id: string,
    { state, captured, at, reason }: { readonly state: 'paid' | 'released'; readonly captured: bigint; readonly at: Date; readonly reason: string | undefined },
  ): Promise<Payment | undefined> {
    const [row] = await this.#db.change(settling, { id, state, captured, at, reason: reason ?? null });
    return row && toPayment(row);
  }

  async captureMore(of: ReadonlyMap<string, bigint>): Promise<boolean> {
    if (of.size === 0) {
      return true;
    }
    const given = [...of].map(([id, minor]) => sql`(${id}, cast(${minor} as bigint))`);
    const { numAffectedRows } = await sql`
      update payments set captured = captured + given.column2 from (values ${sql.join(given)}) as given
      where payments.id = given.column1 and state = 'held' and minor - captured >= given.column2
    `.execute(this.#db.write);
    return Number(numAffectedRows) === of.size;
  }

  async end(id: string, at: Date, reason: string): Promise<Payment | undefined> {
    const [row] = await this.#db.change(ending, { id, at, reason });
    return row && toPayment(row);
  }

  async refund(id: string, minor: bigint): Promise<Payment | undefined> {
    const [row] = await this.#db.change(refunding, { id, minor });
    return row && toPayment(row);
  }

  async list({ accountIds, payeeIds, terminalId, state }: PaymentFilter, page: PageRequest): Promise<Page<Payment>> {
    const limit = pageLimit(page);
    if (accountIds?.length === 0 || payeeIds?.length === 0) {
      return emptyPage;
    }
    let query = this.#db.read.selectFrom('payments').selectAll()
      .where('state', '<>', 'cancelled')
      .orderBy('at', 'desc').orderBy('id', 'desc')
      .limit(atMost(limit + 1));
    if (accountIds !== undefined) query = query.where('account_id', 'in', accountIds);
    if (payeeIds !== undefined) query = query.where('payee_id', 'in', payeeIds);
    if (terminalId !== undefined) query = query.where('terminal_id', '=', terminalId);
    if (state !== undefined) query = query.where('state', '=', state);
    if (page.after !== undefined) {
      const [at, id] = decodeCursor(page.after, ['time', 'text']);
      query = query.where((eb) => eb(eb.refTuple('at', 'id'), '<', eb.tuple(new Date(Number(at)), String(id))));
    }
    return toPage(await query.execute(), limit, toPayment, (row) => [date(row.at).getTime(), row.id]);
  }

  async overdue(at: Date, limit: number): Promise<Payment[]> {
    const rows = await this.#db.read.selectFrom('payments').selectAll()
      .where(isHeld)
      .where('expires_at', '<=', at)
      .orderBy('expires_at')
      .limit(atMost(limit))
      .execute();
    return rows.map(toPayment);
  }
}
