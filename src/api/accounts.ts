import { accountKinds, type Account, type Payee } from '../domain/account.ts';
import { postingKinds, type Posting, type StatementLine } from '../domain/posting.ts';
import type { AccountOpening, Unlocked } from '../roles/ledger/ports.ts';
import type { LedgerVerification } from '../roles/ledger/store.ts';
import { amountFromWire, amountInputSchema, amountSchema, amountToWire, currency, minor } from './money.ts';
import { pageOf, pageQuery } from './page.ts';
import { arrayOf, boolean, count, digits, id, input, instant, object, oneOf, recordedActor, text, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

export const accountInputSchema = input('AccountInput', { name: text, currency }, { card_reference: text, contact: text });
export type AccountInputWire = Static<typeof accountInputSchema>;

const accountMembers = { account_id: id, kind: oneOf(accountKinds), name: text, currency, balance: minor, held: minor, credit: digits, opened_at: instant };
const someAccountMembers = { card_reference: text, suspended_at: instant, closed_at: instant };
export const accountSchema = object('Account', accountMembers, someAccountMembers);
export type AccountWire = Static<typeof accountSchema>;

export const unlockedSchema = object('UnlockedAccount', { ...accountMembers, unlocked_terminals: count }, someAccountMembers);
export type UnlockedWire = Static<typeof unlockedSchema>;

export const accountPageSchema = pageOf('AccountPage', accountSchema);
export const accountQuerySchema = input('AccountQuery', {}, pageQuery);

export const payeeSchema = object('Payee', { account_id: id, name: text, currency });
export type PayeeWire = Static<typeof payeeSchema>;

export const creditInputSchema = input('CreditInput', { credit: amountInputSchema });

export const movementSchema = input('Movement', { amount: amountInputSchema }, { memo: text });

export const postingSchema = object(
  'Posting',
  { posting_id: id, at: instant, kind: oneOf(postingKinds), debit_id: id, credit_id: id, amount: amountSchema, actor: recordedActor },
  { payment_id: id, memo: text },
);
export type PostingWire = Static<typeof postingSchema>;
export const postingPageSchema = pageOf('PostingPage', postingSchema);

export const statementLineSchema = object('StatementLine', { posting: postingSchema, change: minor, balance: minor });
export type StatementLineWire = Static<typeof statementLineSchema>;
export const statementPageSchema = pageOf('StatementPage', statementLineSchema);

export const ledgerVerificationSchema = object('LedgerVerification', {
  ok: boolean,
  accounts: count,
  postings: count,
  payments: count,
  findings: arrayOf(object('LedgerFinding', { of: oneOf(['balance', 'held', 'sum', 'captured', 'refunded', 'topup']), id: { type: 'string' }, kept: minor, computed: minor })),
});
export type LedgerVerificationWire = Static<typeof ledgerVerificationSchema>;

export function accountInputToWire({ name, currency: code, cardReference, contact }: AccountOpening): AccountInputWire {
  return present({ name, currency: code, card_reference: cardReference, contact });
}

export function accountInputFromWire(wire: AccountInputWire): AccountOpening {
  return { name: wire.name, currency: wire.currency, cardReference: wire.card_reference, contact: wire.contact };
}

export function accountToWire(account: Account): AccountWire {
  return present({
    account_id: account.id,
    kind: account.kind,
    name: account.name,
    currency: account.currency,
    card_reference: account.cardReference,
    balance: account.balance.toString(),
    held: account.held.toString(),
    credit: account.credit.toString(),
    suspended_at: instantToWire(account.suspendedAt),
    opened_at: instantToWire(account.openedAt),
    closed_at: instantToWire(account.closedAt),
  });
}

export function accountFromWire(wire: AccountWire): Account {
  return {
    id: wire.account_id,
    kind: wire.kind,
    name: wire.name,
    currency: wire.currency,
    cardReference: wire.card_reference,
    balance: BigInt(wire.balance),
    held: BigInt(wire.held),
    credit: BigInt(wire.credit),
    suspendedAt: instantFromWire(wire.suspended_at),
    openedAt: instantFromWire(wire.opened_at),
    closedAt: instantFromWire(wire.closed_at),
  };
}

export function unlockedToWire({ account, terminals }: Unlocked): UnlockedWire {
  return { ...accountToWire(account), unlocked_terminals: terminals };
}

export function unlockedFromWire({ unlocked_terminals: terminals, ...account }: UnlockedWire): Unlocked {
  return { account: accountFromWire(account), terminals };
}

export function payeeToWire({ id: accountId, name, currency: code }: Payee): PayeeWire {
  return { account_id: accountId, name, currency: code };
}

export function payeeFromWire({ account_id: accountId, name, currency: code }: PayeeWire): Payee {
  return { id: accountId, name, currency: code };
}

export function postingToWire(posting: Posting): PostingWire {
  return present({
    posting_id: posting.id,
    at: instantToWire(posting.at),
    kind: posting.kind,
    debit_id: posting.debitId,
    credit_id: posting.creditId,
    amount: amountToWire(posting.amount),
    payment_id: posting.paymentId,
    actor: posting.actor,
    memo: posting.memo,
  });
}

export function postingFromWire(wire: PostingWire): Posting {
  return {
    id: wire.posting_id,
    at: instantFromWire(wire.at),
    kind: wire.kind,
    debitId: wire.debit_id,
    creditId: wire.credit_id,
    amount: amountFromWire(wire.amount),
    paymentId: wire.payment_id,
    actor: wire.actor,
    memo: wire.memo,
  };
}

export function statementLineToWire({ posting, change, balance }: StatementLine): StatementLineWire {
  return { posting: postingToWire(posting), change: change.toString(), balance: balance.toString() };
}

export function statementLineFromWire({ posting, change, balance }: StatementLineWire): StatementLine {
  return { posting: postingFromWire(posting), change: BigInt(change), balance: BigInt(balance) };
}

export function ledgerVerificationToWire({ findings, ...counts }: LedgerVerification): LedgerVerificationWire {
  return {
    ok: findings.length === 0,
    ...counts,
    findings: findings.map(({ kept, computed, ...finding }) => ({ ...finding, kept: kept.toString(), computed: computed.toString() })),
  };
}

export function ledgerVerificationFromWire({ accounts, postings, payments, findings }: LedgerVerificationWire): LedgerVerification {
  return {
    accounts,
    postings,
    payments,
    findings: findings.map(({ of, id: name, kept, computed }) => ({ of, id: name, kept: BigInt(kept), computed: BigInt(computed) })),
  };
}
