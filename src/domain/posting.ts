import type { Amount } from './money.ts';

/** `code` is a part of what a credit payment code holds, `loss` what the operator pays where that is not enough. */
export const postingKinds = ['topup', 'payout', 'payment', 'refund', 'code', 'loss'] as const;
export type PostingKind = (typeof postingKinds)[number];

/** Moves an amount from one account to another: two entries, which balance because they are one. Never changed. */
export interface Posting {
  readonly id: string;
  readonly at: Date;
  readonly kind: PostingKind;
  /** The account whose balance falls. */
  readonly debitId: string;
  /** The account whose balance rises. */
  readonly creditId: string;
  readonly amount: Amount;
  /** The payment that this pays or gives back. */
  readonly paymentId: string | undefined;
  /** As `recordedActor` writes it. */
  readonly actor: string;
  readonly memo: string | undefined;
}

/** What a posting did to one account. */
export interface StatementLine {
  readonly posting: Posting;
  /** Minor units, below 0 if it was debited. */
  readonly change: bigint;
  /** After it, in minor units. */
  readonly balance: bigint;
}

/** The account of what is outside of the ledger, in a currency. */
export function outsideAccountId(currency: string): string {
  return `out_${currency}`;
}

/** The payee of what credit payment codes hold, in a currency. */
export function codesAccountId(currency: string): string {
  return `codes_${currency}`;
}

/** Whether it is one of the ledger's own, which nobody charges for. */
export function isOwnAccountId(id: string): boolean {
  return /^(out|codes|losses)_[A-Z]{3}$/.test(id);
}

/** The account of what the operator bears of overspent codes, in a currency. */
export function lossesAccountId(currency: string): string {
  return `losses_${currency}`;
}
