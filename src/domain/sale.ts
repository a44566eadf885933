import type { Amount } from './money.ts';
import type { Allowance } from './quantity.ts';
import { whyNothing, type Nothing, type Tariff } from './tariff.ts';

/** `wallet` and `mandate` are paid in the ledger, `cash` and `card` outside of it. */
export const tenders = ['wallet', 'mandate', 'cash', 'card'] as const;
export type Tender = (typeof tenders)[number];
export const outsideTenders = ['cash', 'card'] as const satisfies readonly Tender[];

/** A cash register: whom it charges for, at which network, and by which tariff. */
export interface Register {
  /** That of its token. */
  readonly id: string;
  readonly name: string;
  /** The account that it charges for. */
  readonly payeeId: string;
  readonly apId: string;
  readonly tariff: Tariff | undefined;
  /** The key to which passwords are sealed for it, a public JWK (RFC 7517) as JSON; undefined until it said. */
  readonly jwk: string | undefined;
  /** By which it signs receipts for credit payment codes, Ed25519, 32 bytes; undefined until it said. */
  readonly receiptKey: Uint8Array | undefined;
}

/** One charge at a cash register, and the time that it bought. */
export interface Sale {
  readonly id: string;
  readonly registerId: string;
  /** The register's own name for it. */
  readonly key: string;
  /** The account that paid; undefined where it was paid outside. */
  readonly payerId: string | undefined;
  /** Who got the time, or would have. */
  readonly subjectId: string | undefined;
  readonly at: Date;
  readonly tender: Tender;
  readonly amount: Amount;
  readonly payeeId: string;
  readonly memo: string | undefined;
  /** In the ledger. */
  readonly paymentId: string | undefined;
  /** What it made or lengthened; undefined if it bought no time. */
  readonly grantId: string | undefined;
  /** As it was then; undefined if the register sold no time. */
  readonly tariff: Tariff | undefined;
  /** What the subject may use for it, with what is free. */
  readonly quantity: Allowance | undefined;
  /** Without what is free. */
  readonly bought: Allowance | undefined;
  /** The part of the amount that `bought` costs, in minor units. */
  readonly used: bigint;
  /** Given back, in minor units. */
  readonly refunded: bigint;
}

/** Why a sale bought no time; undefined if it bought some. */
export function whyNoTime({ tariff, quantity, amount, at }: Sale): Nothing | undefined {
  return quantity === undefined ? whyNothing(tariff, amount, at) : undefined;
}

/** Mandates of an account at a time. */
export const mostMandates = 20;

/** What a payer allows to be taken without a transaction password, by tapping a card or phone (protocol.md section 8). */
export interface Mandate {
  /** Keyed hash of the identifier. */
  readonly subjectId: string;
  readonly accountId: string;
  readonly currency: string;
  /** Minor units at a tap, and within 24 hours. */
  readonly perTap: bigint;
  readonly perDay: bigint;
  readonly setAt: Date;
  readonly endedAt: Date | undefined;
}
