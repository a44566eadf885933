import type { Selectable } from 'kysely';
import type { Payment, PaymentState } from '../../domain/payment.ts';
import type { KeptPayment } from '../../roles/ledger/store.ts';
import type { Place, Sealer } from '../../roles/sealer.ts';
import { date, optionalDate, type PaymentTable } from '../tables.ts';

type Row = Selectable<PaymentTable>;
type Kept = Pick<Row, 'state' | 'terminal_id' | 'fingerprint' | 'reply'>;

/** Where the reply to a payment is sealed to. Neither part holds the separator: both are ids. */
export function paymentReplyPlace(accountId: string, key: string): Place {
  return { table: 'payments', row: `${accountId} ${key}`, column: 'reply' };
}

export function toPayment(row: Row): Payment {
  return {
    id: row.id,
    accountId: row.account_id,
    key: row.key,
    terminalId: row.terminal_id,
    state: row.state as PaymentState,
    payeeId: row.payee_id ?? '',
    amount: { minor: BigInt(row.minor), currency: row.currency ?? '' },
    captured: BigInt(row.captured),
    refunded: BigInt(row.refunded),
    memo: row.memo ?? undefined,
    at: date(row.at),
    expiresAt: optionalDate(row.expires_at),
    endedAt: optionalDate(row.ended_at),
    reason: row.reason ?? undefined,
  };
}

/** What a row says is on record under its key. */
export function keptPayment(sealer: Sealer, { accountId, key }: { readonly accountId: string; readonly key: string }, { state, terminal_id: terminalId, fingerprint, reply }: Kept): KeptPayment {
  return fingerprint === null || reply === null
    ? { state: 'cancelled', terminalId }
    : { state: state as Exclude<PaymentState, 'cancelled'>, terminalId, fingerprint, reply: sealer.openText(reply, paymentReplyPlace(accountId, key)) };
}
