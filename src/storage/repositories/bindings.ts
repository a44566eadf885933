import { sql, type Selectable } from 'kysely';
import type { PasswordAlgorithm } from '../../domain/payment.ts';
import type { Binding, BindingRepository, Lookup, PaymentView } from '../../roles/ledger/store.ts';
import type { Place, Sealer } from '../../roles/sealer.ts';
import type { Database } from '../database.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date, optionalDate, type AccountTable, type BindingTable, type PaymentTable } from '../tables.ts';
import { toAccount } from './accounts.ts';
import { keptPayment } from './payment-row.ts';

type Row = Selectable<BindingTable>;

/** Where a binding's temporary code is sealed to. Neither part holds the separator: both are ids. */
export function codePlace(accountId: string, terminalId: string): Place {
  return { table: 'bindings', row: `${accountId} ${terminalId}`, column: 'code' };
}

export function identityCodePlace(accountId: string, terminalId: string): Place {
  return { table: 'bindings', row: `${accountId} ${terminalId}`, column: 'identity_code' };
}

const ofAccountAndTerminal: PreparedQuery<{ accountId: string; terminalId: string }, Row> = (db, { accountId, terminalId }) =>
  db.selectFrom('bindings').selectAll().where('account_id', '=', accountId).where('terminal_id', '=', terminalId);

type ViewRow = Row & Prefixed<'payer', Selectable<AccountTable>> & Prefixed<'payee', Selectable<AccountTable>> & Prefixed<'kept', Selectable<PaymentTable>>;
type Prefixed<Prefix extends string, Of> = { [Name in keyof Of & string as `${Prefix}_${Name}`]: Of[Name] | null };

const accountColumns = ['id', 'kind', 'name', 'currency', 'card_reference', 'balance', 'held', 'credit', 'suspended_at', 'opened_at', 'closed_at'] as const;

const forPayment: PreparedQuery<{ accountId: string; terminalId: string; key: string; payeeId: string }, ViewRow> = (db, { accountId, terminalId, key, payeeId }) =>
  db.selectFrom('bindings as binding')
    .innerJoin('accounts as payer', 'payer.id', 'binding.account_id')
    .leftJoin('accounts as payee', (join) => join.on('payee.id', '=', payeeId))
    .leftJoin('payments as kept', (join) => join.onRef('kept.account_id', '=', 'binding.account_id').on('kept.key', '=', key))
    .selectAll('binding')
    .select(accountColumns.flatMap((column) => [`payer.${column} as payer_${column}`, `payee.${column} as payee_${column}`] as const) as never)
    .select(['kept.state as kept_state', 'kept.terminal_id as kept_terminal_id', 'kept.fingerprint as kept_fingerprint', 'kept.reply as kept_reply'])
    .where('binding.account_id', '=', accountId)
    .where('binding.terminal_id', '=', terminalId) as never;

const byLookup: PreparedQuery<{ terminalId: string; lookup: Uint8Array }, Row> = (db, { terminalId, lookup }) =>
  db.selectFrom('bindings').selectAll()
    .where('terminal_id', '=', terminalId)
    .where((eb) => eb.or([eb('lookup', '=', lookup), eb('spent_lookup', '=', lookup)]));

export interface Advance {
  accountId: string;
  terminalId: string;
  from: number;
  to: number;
  /** As it was judged by: who guesses at once gets no more tries than one by one. */
  wrong: number;
  code: Uint8Array;
  lookup: Uint8Array | null;
}

export const advancing: PreparedQuery<Advance, { code_number: Row['code_number'] }> = (db, { accountId, terminalId, from, to, wrong, code, lookup }) =>
  db.updateTable('bindings')
    .set((eb) => ({ code_number: to, code, spent_lookup: eb.ref('lookup'), lookup, wrong: 0, locked_until: null }))
    .where('account_id', '=', accountId)
    .where('terminal_id', '=', terminalId)
    .where('code_number', '=', from)
    .where('wrong', '=', wrong)
    .returning('code_number');

interface Wrong {
  accountId: string;
  terminalId: string;
  codeNumber: number;
  from: number;
  to: number;
  lockedUntil: Date | null;
}

const countingWrong: PreparedQuery<Wrong, { wrong: number }> = (db, { accountId, terminalId, codeNumber, from, to, lockedUntil }) =>
  db.updateTable('bindings')
    .set({ wrong: to, locked_until: lockedUntil })
    .where('account_id', '=', accountId)
    .where('terminal_id', '=', terminalId)
    .where('code_number', '=', codeNumber)
    .where('wrong', '=', from)
    .returning('wrong');

export class Bindings implements BindingRepository {
  readonly #db: Database;
  readonly #sealer: Sealer;

  constructor(db: Database, sealer: Sealer) {
    this.#db = db;
    this.#sealer = sealer;
  }

  async find(accountId: string, terminalId: string): Promise<Binding | undefined> {
    const [row] = await this.#db.find(ofAccountAndTerminal, { accountId, terminalId });
    return row && this.#toBinding(row);
  }

  async findForPayment(of: { readonly accountId: string; readonly terminalId: string; readonly key: string; readonly payeeId: string }): Promise<PaymentView | undefined> {
    const [row] = await this.#db.find(forPayment, of);
    if (row === undefined) {
      return undefined;
    }
    const account = (prefix: 'payer' | 'payee') =>
      toAccount(Object.fromEntries(accountColumns.map((column) => [column, row[`${prefix}_${column}`]])) as unknown as Parameters<typeof toAccount>[0]);
    const { kept_state: state, kept_terminal_id: terminalId, kept_fingerprint: fingerprint, kept_reply: reply } = row;
    return {
      binding: this.#toBinding(row),
      payer: account('payer'),
      payee: row.payee_id === null ? undefined : account('payee'),
      kept: state === null ? undefined : keptPayment(this.#sealer, of, { state, terminal_id: terminalId!, fingerprint, reply }),
    };
  }

  async findByLookup(terminalId: string, lookup: Uint8Array): Promise<{ readonly binding: Binding; readonly spent: boolean } | undefined> {
    const [row] = await this.#db.find(byLookup, { terminalId, lookup });
    return row && { binding: this.#toBinding(row), spent: row.lookup === null || Buffer.compare(row.lookup, lookup) !== 0 };
  }

  async ofTerminal(terminalId: string): Promise<Binding[]> {
    const rows = await this.#db.read.selectFrom('bindings').selectAll().where('terminal_id', '=', terminalId).orderBy('account_id').execute();
    return rows.map((row) => this.#toBinding(row));
  }

  async countOf(accountId: string): Promise<number> {
    const { count } = await this.#db.read.selectFrom('bindings')
      .select((eb) => eb.fn.countAll().as('count'))
      .where('account_id', '=', accountId)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async put(binding: Binding, lookup: Lookup): Promise<boolean> {
    const { accountId, terminalId, codeNumber } = binding;
    const values = {
      algorithm: binding.algorithm,
      code_number: codeNumber,
      code: this.#sealer.seal(binding.code, codePlace(accountId, terminalId)),
      identity_code: this.#sealer.seal(binding.identityCode, identityCodePlace(accountId, terminalId)),
      lookup: lookup ?? null,
      wrong: binding.wrong,
      locked_until: binding.lockedUntil ?? null,
      superseded_at: binding.supersededAt ?? null,
      bound_at: binding.boundAt,
    };
    if (codeNumber === 1) {
      const row = { account_id: accountId, terminal_id: terminalId, ...values };
      return (await this.#db.insertNew('bindings', [row], (same) => same, ['account_id', 'terminal_id'])).length === 1;
    }
    const result = await this.#db.write.updateTable('bindings')
      .set((eb) => ({ ...values, spent_lookup: eb.ref('lookup') }))
      .where('account_id', '=', accountId)
      .where('terminal_id', '=', terminalId)
      .where('code_number', '=', codeNumber - 1)
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }

  async advance({ accountId, terminalId, codeNumber, wrong }: Pick<Binding, 'accountId' | 'terminalId' | 'codeNumber' | 'wrong'>, code: Uint8Array, lookup: Lookup): Promise<boolean> {
    const sealed = this.#sealer.seal(code, codePlace(accountId, terminalId));
    const advanced = await this.#db.change(advancing, { accountId, terminalId, from: codeNumber, to: codeNumber + 1, wrong, code: sealed, lookup: lookup ?? null });
    return advanced.length === 1;
  }

  async countWrong(
    { accountId, terminalId, codeNumber, wrong }: Pick<Binding, 'accountId' | 'terminalId' | 'codeNumber' | 'wrong'>,
    lockedUntil: Date | undefined,
  ): Promise<boolean> {
    const counted = await this.#db.change(countingWrong, { accountId, terminalId, codeNumber, from: wrong, to: wrong + 1, lockedUntil: lockedUntil ?? null });
    return counted.length === 1;
  }

  async noteSuperseded({ accountId, terminalId }: Pick<Binding, 'accountId' | 'terminalId'>, at: Date): Promise<void> {
    await this.#db.write.updateTable('bindings')
      .set({ superseded_at: at })
      .where('account_id', '=', accountId)
      .where('terminal_id', '=', terminalId)
      .execute();
  }

  async unlock(accountId: string, at: Date): Promise<number> {
    const { count } = await this.#db.read.selectFrom('bindings')
      .select(sql<number | string>`count(*)`.as('count'))
      .where('account_id', '=', accountId)
      .where('locked_until', '>', at)
      .executeTakeFirstOrThrow();
    await this.#db.write.updateTable('bindings').set({ wrong: 0, locked_until: null }).where('account_id', '=', accountId).execute();
    return Number(count);
  }

  #toBinding(row: Row): Binding {
    const { account_id: accountId, terminal_id: terminalId } = row;
    return {
      accountId,
      terminalId,
      algorithm: row.algorithm as PasswordAlgorithm,
      codeNumber: Number(row.code_number),
      code: this.#sealer.open(row.code, codePlace(accountId, terminalId)),
      identityCode: this.#sealer.openText(row.identity_code, identityCodePlace(accountId, terminalId)),
      wrong: row.wrong,
      lockedUntil: optionalDate(row.locked_until),
      supersededAt: optionalDate(row.superseded_at),
      boundAt: date(row.bound_at),
    };
  }
}
