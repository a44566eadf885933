import { LatchkeyError } from './errors.ts';
import { isId } from './identifiers.ts';
import type { Amount } from './money.ts';

/** What a credit payment token allows: its security content (protocol.md section 5). */
export interface SecurityContent {
  /** ISO 4217. */
  readonly currency: string;
  /** The largest amount of one payment, in minor units. */
  readonly maxEach: bigint;
  /** All its payments together, in minor units. */
  readonly maxTotal: bigint;
  /** How many payments. */
  readonly uses: number;
  /** Accounts that may be paid; undefined: any. */
  readonly payees: readonly string[] | undefined;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** What the server signs. It names no account: only the server knows whose it is. */
export interface CreditToken extends SecurityContent {
  /** `cti`. */
  readonly id: string;
  /** Which server signed it. */
  readonly issuer: string;
  /** The wallet's Ed25519 public key, 32 bytes. */
  readonly holderKey: Uint8Array;
}

/** What the wallet signs at a showing, anew every 30 seconds. */
export interface CreditProof {
  /** Of the showing, from 1: each use has its own, and all renewals of one showing have the same. */
  readonly counter: number;
  readonly at: Date;
  /** Exactly this and nothing else may be taken, in minor units. */
  readonly amount: bigint | undefined;
  /** Only this account may be paid. */
  readonly payeeId: string | undefined;
}

/** What a cash register signs of a code that it accepted, and its payer gets. */
export interface CodeReceipt {
  readonly registerId: string;
  readonly payeeId: string;
  readonly tokenId: string;
  readonly counter: number;
  readonly amount: Amount;
  /** By the register's clock. */
  readonly at: Date;
  /** Of its trust list, when it accepted. */
  readonly trustAsOf: Date;
  /** SHA-256 of the code's bytes, 32 bytes. */
  readonly codeHash: Uint8Array;
}

/** A token's own state at the server. `ended`: nothing of it is reserved any more. */
export const creditCodeStates = ['active', 'revoked', 'expired', 'ended'] as const;
export type CreditCodeState = (typeof creditCodeStates)[number];

export interface CreditCode {
  readonly token: CreditToken;
  readonly state: CreditCodeState;
  /** Signed by which key. */
  readonly keyId: string;
  readonly accountId: string;
  readonly terminalId: string;
  /** The payment that holds its limit. */
  readonly paymentId: string;
  /** What settled payments came to, in minor units. */
  readonly settled: bigint;
  readonly settledUses: number;
  readonly revokedAt: Date | undefined;
  /** Until then it is settled, and its limit stays reserved. */
  readonly settleBy: Date;
}

export const settlementOutcomes = ['settled', 'duplicate', 'over_limit', 'late', 'rejected'] as const;
export type SettlementOutcome = (typeof settlementOutcomes)[number];

/** Who bears what an accepted code did not bring. */
export const lossBearers = ['payee', 'operator'] as const;
export type LossBearer = (typeof lossBearers)[number];

/** How long after its expiry a token's limit stays reserved for registers that have not settled yet. */
export const settlementGraceMs = 7 * 86_400_000;
/** No register trusts a list that is older: so long after a revocation what it accepts by an old list is settled. */
export const longestTrustMs = 7 * 86_400_000;
/** A hold lasts 30 days at most, with that time in it. */
export const longestValidityMs = 23 * 86_400_000;
/** Showing renews its proof so often. */
export const renewalMs = 30_000;
/** How far clocks may be apart for a token's validity. */
export const clockSkewMs = 30_000;
/** After its end a token is taken for so long by a register whose clock, in whole seconds, is that far behind the trust list that it has. */
export const takenAfterEndMs = 2 * clockSkewMs + 1000;
/** A proof counts from so long before it was made, by the register's clock, … */
export const proofEarlyMs = 30_000;
/** … to so long after. */
export const proofLateMs = 60_000;

/** A showing ends after so long; whoever shows the code again has another counter. */
export const longestShowingMs = 15 * 60_000;
/** How far servers' clocks may be apart: so long after a revocation a register's list need not have it. */
export const revocationSpreadMs = 10 * 60_000;

/** Whether one showing can have both proofs: else their counter was signed twice on purpose, which no honest wallet does. */
export function isOneShowing(one: CreditProof, other: CreditProof): boolean {
  const apartMs = Math.abs(one.at.getTime() - other.at.getTime());
  return one.amount === other.amount && one.payeeId === other.payeeId && apartMs <= longestShowingMs + clockSkewMs;
}

/** So many payees a token names at most: with the longest ids it still fits into a QR code. */
export const mostPayees = 16;
export const mostUses = 1_000_000;
/** Of showings: 2^31 - 1. */
export const mostCounter = 2_147_483_647;

/** By so many keys a register signs receipts at most, one after the other: each is tried on what it brings. */
export const mostReceiptKeys = 8;

/** What a wallet asks for when it has a credit payment code issued; the payment's amount is all of its limit. */
export interface CodeOrder {
  /** In minor units. */
  readonly maxEach: bigint;
  readonly uses: number;
  /** Ids of accounts that may be paid; undefined: any. */
  readonly payees: readonly string[] | undefined;
  /** Whole seconds, in milliseconds. */
  readonly validMs: number;
  /** The wallet's Ed25519 public key, 32 bytes. */
  readonly holderKey: Uint8Array;
}

export const shortestValidityMs = 60_000;

/** Errors: `invalid_input`. `limit`: of all its payments together, in minor units. */
export function checkedCodeOrder(order: CodeOrder, limit: bigint): CodeOrder {
  const problem = orderProblem(order, limit);
  if (problem !== undefined) {
    throw new LatchkeyError('invalid_input', problem);
  }
  return order;
}

function orderProblem({ maxEach, uses, payees, validMs, holderKey }: CodeOrder, limit: bigint): string | undefined {
  if (maxEach < 1n || maxEach > limit) return 'The largest amount of one payment is more than nothing and at most the whole limit.';
  if (!Number.isInteger(uses) || uses < 1 || uses > mostUses) return `A code has 1 to ${mostUses} uses.`;
  if (validMs % 1000 !== 0 || validMs < shortestValidityMs || validMs > longestValidityMs) return 'A code is valid for 1min to 23d, in whole seconds.';
  const isList = payees === undefined || (payees.length > 0 && payees.length <= mostPayees && new Set(payees).size === payees.length && payees.every(isId));
  if (!isList) return `A code is for 1 to ${mostPayees} different payees, or for any.`;
  return holderKey.length === 32 ? undefined : 'The wallet’s key is a public key of Ed25519, 32 bytes.';
}

/** What a token has come to at a moment. */
export function codeStateAt({ revokedAt, settleBy, expiresAt }: { readonly revokedAt: Date | undefined; readonly settleBy: Date; readonly expiresAt: Date }, now: Date): CreditCodeState {
  return settleBy <= now ? 'ended' : revokedAt !== undefined ? 'revoked' : expiresAt <= now ? 'expired' : 'active';
}
