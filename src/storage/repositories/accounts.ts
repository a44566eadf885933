import type { Selectable } from 'kysely';
import type { Account, AccountKind } from '../../domain/account.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { AccountRepository, NewAccount } from '../../roles/ledger/store.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { Place, Sealer } from '../../roles/sealer.ts';
import { brokenCheck } from '../constraints.ts';
import type { Database } from '../database.ts';
import { atMost, decodeCursor, emptyPage, pageLimit, toPage } from '../paging.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date, optionalDate, type AccountTable } from '../tables.ts';

type Row = Selectable<AccountTable>;

/** Where an account's contact is sealed to. */
export function contactPlace(id: string): Place {
  return { table: 'accounts', row: id, column: 'contact' };
}

export function toAccount(row: Omit<Row, 'contact'>): Account {
  return {
    id: row.id,
    kind: row.kind as AccountKind,
    name: row.name,
    currency: row.currency,
    cardReference: row.card_reference ?? undefined,
    balance: BigInt(row.balance),
    held: BigInt(row.held),
    credit: BigInt(row.credit),
    suspendedAt: optionalDate(row.suspended_at),
    openedAt: date(row.opened_at),
    closedAt: optionalDate(row.closed_at),
  };
}

const byId: PreparedQuery<{ id: string }, Row> = (db, { id }) => db.selectFrom('accounts').selectAll().where('id', '=', id);

const byName: PreparedQuery<{ name: string }, Row> = (db, { name }) =>
  db.selectFrom('accounts').selectAll().where('name', '=', name).where('closed_at', 'is', null);

const byCard: PreparedQuery<{ reference: string }, Row> = (db, { reference }) =>
  db.selectFrom('accounts').selectAll().where('card_reference', '=', reference).where('closed_at', 'is', null);

const settingCredit: PreparedQuery<{ id: string; minor: bigint }, Row> = (db, { id, minor }) =>
  db.updateTable('accounts').set({ credit: minor }).where('id', '=', id).where('closed_at', 'is', null).returningAll();

const suspending: PreparedQuery<{ id: string; at: Date }, { id: string }> = (db, { id, at }) =>
  db.updateTable('accounts').set({ suspended_at: at }).where('id', '=', id).where('suspended_at', 'is', null).returning('id');

const reinstating: PreparedQuery<{ id: string }, { id: string }> = (db, { id }) =>
  db.updateTable('accounts').set({ suspended_at: null }).where('id', '=', id).where('suspended_at', 'is not', null).returning('id');

export class Accounts implements AccountRepository {
  readonly #db: Database;
  readonly #sealer: Sealer;

  constructor(db: Database, sealer: Sealer) {
    this.#db = db;
    this.#sealer = sealer;
  }

  async insert({ id, kind, name, currency, cardReference, contact, openedAt }: NewAccount): Promise<boolean> {
    const result = await this.#db.write.insertInto('accounts')
      .values({
        id,
        kind,
        name,
        currency,
        card_reference: cardReference ?? null,
        contact: contact === undefined ? null : this.#sealer.seal(contact, contactPlace(id)),
        opened_at: openedAt,
        closed_at: null,
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return result.numInsertedOrUpdatedRows === 1n;
  }

  async find(id: string): Promise<Account | undefined> {
    const [row] = await this.#db.find(byId, { id });
    return row && toAccount(row);
  }

  async findByName(name: string): Promise<Account | undefined> {
    const [row] = await this.#db.find(byName, { name });
    return row && toAccount(row);
  }

  async findByCard(reference: string): Promise<Account | undefined> {
    const [row] = await this.#db.find(byCard, { reference });
    return row && toAccount(row);
  }

  async contactOf(id: string): Promise<string | undefined> {
    const [row] = await this.#db.find(byId, { id });
    return row?.contact == null ? undefined : this.#sealer.openText(row.contact, contactPlace(id));
  }

  async list({ ids }: { readonly ids?: readonly string[] | undefined }, page: PageRequest): Promise<Page<Account>> {
    const limit = pageLimit(page);
    if (ids?.length === 0) {
      return emptyPage;
    }
    let query = this.#db.read.selectFrom('accounts').selectAll()
      .orderBy('opened_at', 'desc').orderBy('id', 'desc')
      .limit(atMost(limit + 1));
    if (ids !== undefined) query = query.where('id', 'in', ids);
    if (page.after !== undefined) {
      const [at, id] = decodeCursor(page.after, ['time', 'text']);
      query = query.where((eb) => eb(eb.refTuple('opened_at', 'id'), '<', eb.tuple(new Date(Number(at)), String(id))));
    }
    return toPage(await query.execute(), limit, toAccount, (row) => [date(row.opened_at).getTime(), row.id]);
  }

  async setCredit(id: string, minor: bigint): Promise<Account | undefined> {
    try {
      const [row] = await this.#db.change(settingCredit, { id, minor });
      return row && toAccount(row);
    } catch (error) {
      throw brokenCheck(error) === 'accounts_funds' ? new LatchkeyError('credit_in_use', undefined, { cause: error }) : error;
    }
  }

  async suspend(id: string, at: Date): Promise<boolean> {
    return (await this.#db.change(suspending, { id, at })).length === 1;
  }

  async reinstate(id: string): Promise<boolean> {
    return (await this.#db.change(reinstating, { id })).length === 1;
  }

  async lock(ids: readonly string[]): Promise<void> {
    await this.#db.lockRows('accounts', [...new Set(ids)].sort());
  }

  async close(id: string, at: Date): Promise<boolean> {
    const result = await this.#db.write.updateTable('accounts')
      .set({ closed_at: at })
      .where('id', '=', id)
      .where('closed_at', 'is', null)
      .where('balance', '=', 0)
      .where('held', '=', 0)
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }
}
