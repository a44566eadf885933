import type { CodeReceipt, SettlementOutcome } from '../domain/credit-code.ts';
import type { Span } from '../domain/day.ts';
import { readReceipt } from '../protocol/code-receipt.ts';
import type {
  Acceptance, AcceptanceJournal, AcceptanceSum, KeptAcceptance, KeptTrust, Taken, TrustStore, WaitingToSettle,
} from '../roles/codes/acceptance-journal.ts';
import type { TrustedKey, TrustList } from '../roles/codes/ports.ts';
import { acceptanceSchema } from './migrations/index.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { openSqliteFile } from './sqlite-file.ts';

export interface AcceptanceStoreOptions {
  readonly path: string;
  /** How long to try again while another process holds the file's lock; then `storage_locked`. */
  readonly lockTimeoutMs?: number;
}

/** So much of the file is read where the system has it: a million acceptances are less. */
const mappedBytes = 2 ** 30;

/** Opens what a cash register keeps of credit payment codes, a SQLite file. Errors: as `openStore`. */
export async function openAcceptanceStore({ path, lockTimeoutMs = 30_000 }: AcceptanceStoreOptions): Promise<AcceptanceStore> {
  const connection = await openSqliteFile(path, acceptanceSchema, lockTimeoutMs);
  connection.guarded(() => connection.database.exec(`pragma mmap_size = ${mappedBytes}`));
  return new AcceptanceStore(connection);
}

/**
 * A list that is older by less was overtaken on its way. One that is older by more is what the server says now, which had
 * its clock put back.
 */
const overtakenMs = 300_000;

interface AcceptanceRow {
  readonly number: number;
  readonly settle_by: number;
  readonly code: Uint8Array;
  readonly receipt: Uint8Array;
  readonly memo: string | null;
  readonly idempotency_key: string | null;
  readonly outcome: SettlementOutcome | null;
  readonly reason: string | null;
  readonly settled_at: number | null;
}

export class AcceptanceStore implements AcceptanceJournal, TrustStore {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  taken(tokenId: string, counter: number): Taken {
    return this.#connection.guarded(() => this.#taken(tokenId, counter));
  }

  #taken(tokenId: string, counter: number): Taken {
    const [row] = this.#connection.tuples(
      'select uses, minor, exists (select 1 from acceptances a where a.token_id = t.token_id and counter = ?) from taken t where token_id = ?',
      [counter, tokenId]) as [number, number, number][];
    return row === undefined ? { uses: 0, minor: 0n, hasCounter: false } : { uses: row[0], minor: BigInt(row[1]), hasCounter: row[2] === 1 };
  }

  add(acceptance: Acceptance, taken: Taken): Promise<boolean> {
    const { receipt: { tokenId, counter, amount, at }, signedReceipt, code, settleBy, memo, key } = acceptance;
    return this.#exclusively(() => {
      const now = this.#taken(tokenId, counter);
      const isSame = now.uses === taken.uses && now.minor === taken.minor && now.hasCounter === taken.hasCounter;
      if (!isSame || now.hasCounter || (key !== undefined && this.#acceptances('idempotency_key = ?', key).length > 0)) {
        return false;
      }
      this.#connection.change(
        `insert into acceptances (token_id, counter, currency, minor, at, settle_by, code, receipt, memo, idempotency_key)
          values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        [tokenId, counter, amount.currency, amount.minor, at, settleBy, code, signedReceipt, memo ?? null, key ?? null]);
      this.#connection.change(
        `insert into taken (token_id, uses, minor) values (?, 1, ?)
          on conflict (token_id) do update set uses = uses + 1, minor = minor + excluded.minor`,
        [tokenId, amount.minor]);
      return true;
    });
  }

  ofKey(key: string): KeptAcceptance | undefined {
    return this.#connection.guarded(() => this.#acceptances('idempotency_key = ?', key)[0]);
  }

  ofCounter(tokenId: string, counter: number): KeptAcceptance | undefined {
    return this.#connection.guarded(() => this.#acceptances('token_id = ? and counter = ?', tokenId, counter)[0]);
  }

  /** Whom the newest acceptance pays; undefined if there is none. */
  payeeId(): string | undefined {
    return this.#connection.guarded(() => this.#acceptances('number = (select max(number) from acceptances)')[0]?.receipt.payeeId);
  }

  unsettled(limit: number): KeptAcceptance[] {
    return this.#connection.guarded(() => this.#acceptances('outcome is null order by settle_by, number limit ? + 0', limit));
  }

  settle(outcomes: ReadonlyMap<number, { readonly outcome: SettlementOutcome; readonly reason: string | undefined }>, at: Date): Promise<number> {
    return this.#exclusively(() => {
      let settled = 0;
      for (const [number, { outcome, reason }] of outcomes) {
        settled += this.#connection.change(
          'update acceptances set outcome = ?, reason = ?, settled_at = ? where number = ? and outcome is null',
          [outcome, reason ?? null, at, number]);
      }
      return settled;
    });
  }

  waiting(): WaitingToSettle {
    const [row] = this.#tuples<[number, number | null]>('select count(*), min(settle_by) from acceptances where outcome is null');
    const [count, settleBy] = row!;
    return { count, settleBy: settleBy === null ? undefined : new Date(settleBy) };
  }

  sums({ from, to }: Span): AcceptanceSum[] {
    return this.#tuples<[string, SettlementOutcome | null, number, number]>(
      `select currency, outcome, count(*), sum(minor) from acceptances where at >= ? and at < ?
        group by currency, outcome order by currency, outcome`,
      from, to,
    ).map(([currency, outcome, count, minor]) => ({ currency, outcome: outcome ?? undefined, count, minor: BigInt(minor) }));
  }

  trust(): KeptTrust | undefined {
    const [row] = this.#tuples<[string, number, number]>('select issuer, as_of, revision from trust');
    return row === undefined ? undefined : { issuer: row[0], asOf: new Date(row[1]), revision: row[2] };
  }

  keys(): TrustedKey[] {
    return this.#tuples<[string, Uint8Array, number | null]>('select id, public_key, revoked_at from trusted_keys order by id, public_key')
      .map(([id, publicKey, revokedAt]) => ({ id, publicKey, revokedAt: revokedAt === null ? undefined : new Date(revokedAt) }));
  }

  isRevoked(tokenId: string): boolean {
    return this.#tuples('select 1 from revoked_tokens where token_id = ?', tokenId).length > 0;
  }

  revoked(): string[] {
    return this.#tuples<[string]>('select token_id from revoked_tokens order by token_id').map(([id]) => id);
  }

  keepTrust({ issuer, asOf, keys, revoked }: TrustList): Promise<void> {
    return this.#exclusively(() => {
      const before = this.trust();
      const olderMs = before?.issuer === issuer ? before.asOf.getTime() - asOf.getTime() : 0;
      if (olderMs > 0 && olderMs < overtakenMs) {
        return;
      }
      const change = (sql: string, ...parameters: readonly unknown[]) => this.#connection.change(sql, parameters);
      change('insert or replace into trust (only_one, issuer, as_of, revision) values (1, ?, ?, ?)', issuer, asOf, (before?.revision ?? 0) + 1);
      change('delete from trusted_keys');
      for (const { id, publicKey, revokedAt } of keys) {
        change('insert or ignore into trusted_keys (id, public_key, revoked_at) values (?, ?, ?)', id, publicKey, revokedAt ?? null);
      }
      change('delete from revoked_tokens');
      for (const tokenId of revoked) {
        change('insert or ignore into revoked_tokens (token_id) values (?)', tokenId);
      }
    });
  }

  close(): void {
    if (this.#connection.database.isOpen) {
      this.#connection.database.close();
    }
  }

  #tuples<Row extends unknown[]>(sql: string, ...parameters: readonly unknown[]): Row[] {
    return this.#connection.guarded(() => this.#connection.tuples(sql, parameters)) as Row[];
  }

  #acceptances(where: string, ...parameters: readonly unknown[]): KeptAcceptance[] {
    return (this.#connection.all(`select * from acceptances where ${where}`, parameters) as AcceptanceRow[]).map(toAcceptance);
  }

  /** A transaction that nobody writes beside, waited for while another process has one. */
  #exclusively<T>(work: () => T): Promise<T> {
    const { database } = this.#connection;
    return this.#connection.patiently(() => {
      database.exec('begin immediate');
      try {
        const result = work();
        database.exec('commit');
        return result;
      } finally {
        // A full disk, say, makes SQLite roll back by itself.
        if (database.isTransaction) {
          database.exec('rollback');
        }
      }
    });
  }
}

function toAcceptance(row: AcceptanceRow): KeptAcceptance {
  const { outcome, settled_at: settledAt } = row;
  return {
    number: row.number,
    receipt: readReceipt(row.receipt) satisfies CodeReceipt,
    signedReceipt: row.receipt,
    code: row.code,
    settleBy: new Date(row.settle_by),
    memo: row.memo ?? undefined,
    key: row.idempotency_key ?? undefined,
    settled: outcome === null || settledAt === null ? undefined : { outcome, reason: row.reason ?? undefined, at: new Date(settledAt) },
  };
}
