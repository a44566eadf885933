import { sql, type Selectable, type SelectQueryBuilder } from 'kysely';
import type { CodeFilter, CodeProgress, CreditCodeRepository, SettlingCode, StoredCode } from '../../roles/codes/store.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { Database } from '../database.ts';
import { atMost, decodeCursor, emptyPage, pageLimit, toPage } from '../paging.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date, optionalDate, type CreditCodeTable, type Tables } from '../tables.ts';

type Row = Selectable<CreditCodeTable> & { key_revoked_at: number | Date | null };
type SettlingRow = Row & { payment_state: string };

function toCode(row: Row): StoredCode {
  const [own, ofKey] = [optionalDate(row.revoked_at), optionalDate(row.key_revoked_at)];
  return {
    token: {
      id: row.id,
      issuer: row.issuer,
      holderKey: row.holder_key,
      currency: row.currency,
      maxEach: BigInt(row.max_each),
      maxTotal: BigInt(row.max_total),
      uses: row.uses,
      payees: row.payees === null ? undefined : (JSON.parse(row.payees) as string[]),
      issuedAt: date(row.issued_at),
      expiresAt: date(row.expires_at),
    },
    keyId: row.key_id,
    accountId: row.account_id,
    terminalId: row.terminal_id,
    paymentId: row.payment_id,
    settled: BigInt(row.settled),
    settledUses: row.settled_uses,
    revokedAt: own !== undefined && (ofKey === undefined || own < ofKey) ? own : ofKey,
    settleBy: date(row.settle_by),
    signed: row.signed,
  };
}

/** With when its key was revoked. */
function withKey(db: Database['read']): SelectQueryBuilder<Tables, 'credit_codes' | 'code_keys', Row> {
  return db.selectFrom('credit_codes')
    .innerJoin('code_keys', 'code_keys.id', 'credit_codes.key_id')
    .selectAll('credit_codes')
    .select('code_keys.revoked_at as key_revoked_at') as never;
}

const byId: PreparedQuery<{ id: string }, Row> = (db, { id }) => withKey(db).where('credit_codes.id', '=', id);

const byPayment: PreparedQuery<{ accountId: string; key: string }, Row> = (db, { accountId, key }) =>
  withKey(db).where('credit_codes.account_id', '=', accountId).where('credit_codes.key', '=', key);

const revoking: PreparedQuery<{ id: string; at: Date }, { id: string }> = (db, { id, at }) =>
  db.updateTable('credit_codes').set({ revoked_at: at }).where('id', '=', id).where('revoked_at', 'is', null).returning('id');

const revokingAll: PreparedQuery<{ accountId: string; at: Date }, { id: string }> = (db, { accountId, at }) =>
  db.updateTable('credit_codes')
    .set({ revoked_at: at })
    .where('account_id', '=', accountId)
    .where('revoked_at', 'is', null)
    .where('settle_by', '>', at)
    .returning('id');

const revokingTerminals: PreparedQuery<{ terminalId: string; at: Date }, { id: string }> = (db, { terminalId, at }) =>
  db.updateTable('credit_codes')
    .set({ revoked_at: at })
    .where('terminal_id', '=', terminalId)
    .where('revoked_at', 'is', null)
    .where('settle_by', '>', at)
    .returning('id');

export class CreditCodes implements CreditCodeRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert({ token, key, ...code }: Parameters<CreditCodeRepository['insert']>[0]): Promise<boolean> {
    const row = {
      id: token.id,
      account_id: code.accountId,
      key,
      terminal_id: code.terminalId,
      payment_id: code.paymentId,
      key_id: code.keyId,
      issuer: token.issuer,
      holder_key: token.holderKey,
      currency: token.currency,
      max_each: token.maxEach,
      max_total: token.maxTotal,
      uses: token.uses,
      payees: token.payees === undefined ? null : JSON.stringify(token.payees),
      issued_at: token.issuedAt,
      expires_at: token.expiresAt,
      settle_by: code.settleBy,
      signed: code.signed,
    };
    return (await this.#db.insertNew('credit_codes', [row], (same) => same, ['account_id', 'key'])).length === 1;
  }

  async find(id: string): Promise<StoredCode | undefined> {
    const [row] = await this.#db.find(byId, { id });
    return row && toCode(row);
  }

  async findByPayment(accountId: string, key: string): Promise<StoredCode | undefined> {
    const [row] = await this.#db.find(byPayment, { accountId, key });
    return row && toCode(row);
  }

  async list({ accountIds, state }: CodeFilter, page: PageRequest): Promise<Page<StoredCode>> {
    const limit = pageLimit(page);
    if (accountIds?.length === 0) {
      return emptyPage;
    }
    let query = withKey(this.#db.read)
      .orderBy('credit_codes.issued_at', 'desc').orderBy('credit_codes.id', 'desc')
      .limit(atMost(limit + 1));
    if (accountIds !== undefined) query = query.where('credit_codes.account_id', 'in', accountIds);
    if (state !== undefined) query = query.where(isInState(state));
    if (page.after !== undefined) {
      const [at, id] = decodeCursor(page.after, ['time', 'text']);
      query = query.where((eb) => eb(eb.refTuple('credit_codes.issued_at', 'credit_codes.id'), '<', eb.tuple(new Date(Number(at)), String(id))));
    }
    return toPage(await query.execute(), limit, toCode, (row) => [date(row.issued_at).getTime(), row.id]);
  }

  async forSettlement(ids: readonly string[]): Promise<SettlingCode[]> {
    if (ids.length === 0) {
      return [];
    }
    const rows = await (withKey(this.#db.read)
      .innerJoin('payments', 'payments.id', 'credit_codes.payment_id')
      .select('payments.state as payment_state')
      .where('credit_codes.id', 'in', ids) as unknown as SelectQueryBuilder<Tables, 'credit_codes', SettlingRow>).execute();
    return rows.map((row) => {
      const { revokedAt: _ofEither, ...code } = toCode(row);
      return {
        ...code,
        tokenRevokedAt: optionalDate(row.revoked_at),
        keyRevokedAt: optionalDate(row.key_revoked_at),
        isHeld: row.payment_state === 'held',
        lost: BigInt(row.lost),
        rejected: row.rejected,
      };
    });
  }

  async progress(of: ReadonlyMap<string, CodeProgress>): Promise<void> {
    if (of.size === 0) {
      return;
    }
    const given = [...of].map(([id, { settled, uses, lost, rejected }]) => sql`(${id}, cast(${settled} as bigint), cast(${uses} as integer), cast(${lost} as bigint), cast(${rejected} as integer))`);
    await sql`
      update credit_codes set settled = settled + given.column2, settled_uses = settled_uses + given.column3, lost = lost + given.column4,
        rejected = rejected + given.column5
      from (values ${sql.join(given)}) as given where credit_codes.id = given.column1
    `.execute(this.#db.write);
  }

  async revoke(id: string, at: Date): Promise<boolean> {
    return (await this.#db.change(revoking, { id, at })).length === 1;
  }

  async revokeAll(of: Parameters<CreditCodeRepository['revokeAll']>[0], at: Date): Promise<string[]> {
    const rows = 'accountId' in of ? await this.#db.change(revokingAll, { ...of, at }) : await this.#db.change(revokingTerminals, { ...of, at });
    return rows.map(({ id }) => id);
  }

  async revoked(expiringFrom: Date): Promise<string[]> {
    const rows = await this.#db.read.selectFrom('credit_codes')
      .innerJoin('code_keys', 'code_keys.id', 'credit_codes.key_id')
      .select('credit_codes.id')
      // Written out, so that SQLite may use the index over those.
      .where(sql<boolean>`credit_codes.revoked_at is not null`)
      .where('credit_codes.expires_at', '>=', expiringFrom)
      .where('code_keys.revoked_at', 'is', null)
      .orderBy('credit_codes.id')
      .execute();
    return rows.map(({ id }) => id);
  }

  async lostBy(accountIds: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
    if (accountIds.length === 0) {
      return new Map();
    }
    const rows = await this.#db.read.selectFrom('credit_codes')
      .select(['account_id', sql<number | string | bigint>`cast(sum(lost) as bigint)`.as('minor')])
      .where('account_id', 'in', accountIds)
      .where('lost', '>', 0)
      .groupBy('account_id')
      .execute();
    return new Map(rows.map((row) => [row.account_id, BigInt(row.minor)]));
  }

  async ofPayments(paymentIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (paymentIds.length === 0) {
      return new Map();
    }
    const rows = await this.#db.read.selectFrom('credit_codes').select(['payment_id', 'id']).where('payment_id', 'in', paymentIds).execute();
    return new Map(rows.map((row) => [row.payment_id, row.id]));
  }

  async accountsOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (ids.length === 0) {
      return new Map();
    }
    const rows = await this.#db.read.selectFrom('credit_codes').select(['id', 'account_id']).where('id', 'in', ids).execute();
    return new Map(rows.map((row) => [row.id, row.account_id]));
  }
}

/** As `codeStateAt` has it. */
function isInState({ is, at }: NonNullable<CodeFilter['state']>) {
  const isEnded = sql`credit_codes.settle_by <= ${at}`;
  const isRevoked = sql`(credit_codes.revoked_at is not null or code_keys.revoked_at is not null)`;
  const isExpired = sql`credit_codes.expires_at <= ${at}`;
  switch (is) {
    case 'ended':
      return sql<boolean>`${isEnded}`;
    case 'revoked':
      return sql<boolean>`not ${isEnded} and ${isRevoked}`;
    case 'expired':
      return sql<boolean>`not ${isEnded} and not ${isRevoked} and ${isExpired}`;
    case 'active':
      return sql<boolean>`not ${isEnded} and not ${isRevoked} and not ${isExpired}`;
  }
}
