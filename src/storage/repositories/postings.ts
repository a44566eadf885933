import { sql, type RawBuilder, type Selectable } from 'kysely';
import { LatchkeyError, type ErrorCode } from '../../domain/errors.ts';
import type { Posting, PostingKind, StatementLine } from '../../domain/posting.ts';
import type { LedgerFinding, LedgerVerification, NewPosting, PostingRepository } from '../../roles/ledger/store.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import { brokenCheck } from '../constraints.ts';
import type { Database } from '../database.ts';
import { atMost, decodeCursor, pageLimit, toPage } from '../paging.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date, type PostingTable } from '../tables.ts';

type Row = Selectable<PostingTable>;
type Big = Row['minor'];

/** What the database itself says no to, by the name of its rule. */
const refusals: Readonly<Record<string, ErrorCode>> = {
  accounts_funds: 'insufficient_funds',
  accounts_range: 'account_full',
  accounts_open: 'account_closed',
};

/** Does what moves money. Errors: `insufficient_funds`, `account_full`, `account_closed`. */
export async function moving<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = refusals[brokenCheck(error) ?? ''];
    throw code === undefined ? error : new LatchkeyError(code, undefined, { cause: error });
  }
}

function toPosting(row: Row): Posting {
  return {
    id: row.id,
    at: date(row.at),
    kind: row.kind as PostingKind,
    debitId: row.debit_id,
    creditId: row.credit_id,
    amount: { minor: BigInt(row.minor), currency: row.currency },
    paymentId: row.payment_id ?? undefined,
    actor: row.actor,
    memo: row.memo ?? undefined,
  };
}

export function postingRow({ id, at, kind, debitId, creditId, amount, unheld = 0n, paymentId, actor, memo }: NewPosting) {
  return {
    id,
    at,
    kind,
    debit_id: debitId,
    credit_id: creditId,
    currency: amount.currency,
    minor: amount.minor,
    unheld,
    payment_id: paymentId ?? null,
    actor,
    memo: memo ?? null,
  };
}

const columns = ['id', 'at', 'kind', 'debit_id', 'credit_id', 'currency', 'minor', 'unheld', 'payment_id', 'actor', 'memo'] as const;

/** Only where its payment is on record. */
export const postingWithPayment: PreparedQuery<ReturnType<typeof postingRow>, never> = (db, row) =>
  db.insertInto('postings').columns([...columns]).expression((eb) =>
    eb.selectFrom('payments')
      .select(columns.map((column) => sql.val<unknown>(row[column]).as(column)))
      .where('payments.id', '=', row.payment_id)) as never;

export class Postings implements PostingRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(...postings: readonly NewPosting[]): Promise<void> {
    await moving(() => this.#db.insertAll('postings', postings.map((posting) => ({ ...postingRow(posting) }))));
  }

  async find(id: string): Promise<Posting | undefined> {
    const row = await this.#db.read.selectFrom('postings').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toPosting(row);
  }

  async statement(accountId: string, page: PageRequest): Promise<Page<StatementLine>> {
    const limit = pageLimit(page);
    // Behind a page the balance is that before its last posting; on the first it is the account's.
    const [before, carried] = page.after === undefined ? [undefined, undefined] : decodeCursor(page.after, ['number', 'number']);
    const behind = before === undefined ? sql`` : sql`and number < ${before}`;
    const side = (column: 'debit_id' | 'credit_id') =>
      sql`select * from (select * from postings where ${sql.ref(column)} = ${accountId} ${behind} order by number desc limit ${limit + 1}) as ${sql.ref(column)}`;
    const { rows } = await sql<Row & { balance: Big }>`
      select moved.*, accounts.balance from (${side('debit_id')} union all ${side('credit_id')}) as moved, accounts
      where accounts.id = ${accountId} order by number desc limit ${limit + 1}
    `.execute(this.#db.read);
    let balance = carried === undefined ? BigInt(rows[0]?.balance ?? 0) : BigInt(carried);
    const lines = rows.map((row) => {
      const posting = toPosting(row);
      const change = row.credit_id === accountId ? posting.amount.minor : -posting.amount.minor;
      const line = { posting, change, balance };
      balance -= change;
      return { line, number: Number(row.number), before: Number(balance) };
    });
    return toPage(lines, limit, ({ line }) => line, ({ number, before: left }) => [number, left]);
  }

  async list(page: PageRequest): Promise<Page<Posting>> {
    const limit = pageLimit(page);
    let query = this.#db.read.selectFrom('postings').selectAll().orderBy('number').limit(atMost(limit + 1));
    if (page.after !== undefined) {
      const [number] = decodeCursor(page.after, ['number']);
      query = query.where('number', '>', Number(number));
    }
    return toPage(await query.execute(), limit, toPosting, (row) => [Number(row.number)]);
  }

  async verify(): Promise<LedgerVerification> {
    // Each is one statement, so that what it compares is of one moment.
    const found = await Promise.all([
      this.#compare('balance', sql`
        select accounts.id, balance as kept, coalesce(moved.minor, 0) as computed from accounts left join (
          select id, sum(minor) as minor from (
            select credit_id as id, minor from postings union all select debit_id as id, -minor as minor from postings
          ) as entries group by id
        ) as moved on moved.id = accounts.id`),
      this.#compare('held', sql`
        select accounts.id, held as kept, coalesce(holding.minor, 0) as computed from accounts left join (
          select account_id, sum(minor - captured) as minor from payments where state = 'held' group by account_id
        ) as holding on holding.account_id = accounts.id`),
      this.#compare('sum', sql`select currency as id, sum(balance) as kept, 0 as computed from accounts group by currency`),
      this.#compare('captured', this.#paid('captured', ['payment', 'code'])),
      this.#compare('refunded', this.#paid('refunded', ['refund'])),
      this.#compare('topup', sql`
        select coalesce(topups.posting_id, posted.id) as id, coalesce(topups.minor, 0) as kept, coalesce(posted.minor, 0) as computed
        from (select posting_id, minor from topups where state = 'posted') as topups
        full join (select id, minor from postings where kind = 'topup') as posted on posted.id = topups.posting_id`),
    ]);
    const { rows: [count] } = await sql<{ accounts: Big; postings: Big; payments: Big }>`
      select (select count(*) from accounts) as accounts, (select count(*) from postings) as postings,
        (select count(*) from payments where state not in ('refused', 'cancelled')) as payments`.execute(this.#db.read);
    return {
      accounts: Number(count!.accounts),
      postings: Number(count!.postings),
      payments: Number(count!.payments),
      findings: found.flat().slice(0, mostFindings),
    };
  }

  #paid(column: 'captured' | 'refunded', kinds: readonly PostingKind[]): RawBuilder<unknown> {
    return sql`
      select coalesce(payments.id, posted.payment_id) as id, coalesce(${sql.ref(`payments.${column}`)}, 0) as kept, coalesce(posted.minor, 0) as computed
      from payments full join (
        select payment_id, sum(minor) as minor from postings where kind in (${sql.join(kinds.map((kind) => sql.lit(kind)))}) group by payment_id
      ) as posted on posted.payment_id = payments.id`;
  }

  async #compare(of: LedgerFinding['of'], both: RawBuilder<unknown>): Promise<LedgerFinding[]> {
    const { rows } = await sql<{ id: string; kept: Big; computed: Big }>`
      select id, kept, computed from (${both}) as compared where kept <> computed order by id limit ${mostFindings}
    `.execute(this.#db.read);
    return rows.map(({ id, kept, computed }) => ({ of, id, kept: BigInt(kept), computed: BigInt(computed) }));
  }
}

const mostFindings = 100;
