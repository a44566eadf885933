import type { CodeReceipt, CreditCode, LossBearer, SettlementOutcome } from '../../domain/credit-code.ts';
import type { Amount } from '../../domain/money.ts';
import type { Page, PageRequest } from '../page.ts';

/** A credit payment token as it was signed. */
export interface IssuedCode extends CreditCode {
  /** COSE_Sign1 (protocol.md section 5). */
  readonly signed: Uint8Array;
}

/** One payment by a code, as the server knows it. */
export interface Settlement {
  /** Of the receipt (`receiptIdOf`). */
  readonly id: string;
  readonly receipt: CodeReceipt;
  readonly outcome: SettlementOutcome;
  /** Why, where it was not settled. */
  readonly reason: string | undefined;
  readonly at: Date;
  /** In the ledger; only of what was paid, by the payer or by who bears the loss. */
  readonly postingId: string | undefined;
}

/** A settlement that came to anything else than `settled`. */
export interface Dispute extends Settlement {
  readonly signedReceipt: Uint8Array;
  /** The code that was accepted, its bytes. */
  readonly code: Uint8Array;
  /** Of a duplicate, that which was settled. */
  readonly other: { readonly id: string; readonly signedReceipt: Uint8Array } | undefined;
  readonly loss: Amount;
  readonly borneBy: LossBearer;
  /** The payer's; only for admins. */
  readonly accountId: string | undefined;
}

export interface DisputeQuery {
  readonly outcome?: SettlementOutcome | undefined;
  readonly codeId?: string | undefined;
  /** The payer's; only for admins. */
  readonly accountId?: string | undefined;
}

/** A key by which tokens are signed, as registers trust it. */
export interface TrustedKey {
  /** `kid`: 8 bytes in base64url. */
  readonly id: string;
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly revokedAt: Date | undefined;
}

/** What a register has to know to accept codes while no server can be asked. */
export interface TrustList {
  readonly issuer: string;
  /** When the server wrote it, by the server's clock. */
  readonly asOf: Date;
  readonly keys: readonly TrustedKey[];
  /** Ids of tokens that are revoked and not over yet. */
  readonly revoked: readonly string[];
}

export const signingKeyStates = ['next', 'current', 'retired', 'revoked'] as const;
export type SigningKeyState = (typeof signingKeyStates)[number];

export interface SigningKey extends TrustedKey {
  readonly state: SigningKeyState;
  readonly createdAt: Date;
  /** From then on it signs; registers have it before. */
  readonly signsFrom: Date;
  /** Of the tokens that it signed, the last to be over; undefined if it signed none. */
  readonly neededUntil: Date | undefined;
}

/** What a register brings to be settled. */
export interface AcceptedCode {
  /** Bytes of the code. */
  readonly code: Uint8Array;
  /** COSE_Sign1 by the register's key. */
  readonly receipt: Uint8Array;
}

/** The same order as the list that was brought. */
export type SettlementReply = Pick<Settlement, 'id' | 'outcome' | 'reason'>;

/** At most so many at once. */
export const settlementBatch = 500;

/** Credit payment codes at the server (protocol.md section 5). Errors of all: `unauthorized`, `forbidden`, those of storage. */
export interface CodesRole {
  /**
   * The code that a payment of this terminal bought, for the payment's key: issued with it, in one transaction.
   * Errors: `code_not_found`.
   */
  issued(accountId: string, key: string): Promise<IssuedCode>;
  /** A terminal's accounts', or all for an admin; newest first. */
  codes(filter: { readonly accountId?: string | undefined; readonly state?: CreditCode['state'] | undefined }, page: PageRequest): Promise<Page<CreditCode>>;
  /** Errors: `code_not_found`. */
  code(id: string): Promise<CreditCode & { readonly settlements: readonly Settlement[] }>;
  /** Revoked already is as good. Binds a register from the date of its list. Errors: `code_not_found`. */
  revoke(id: string): Promise<CreditCode>;

  /** By which a cash register ever signed receipts, the latest first; none of one that is not known. For who was given one. */
  receiptKeys(registerId: string): Promise<readonly Uint8Array[]>;

  /** For registers. */
  trust(): Promise<TrustList>;
  /**
   * Settles what a register accepted, or another of the same payee; each by itself, once for each receipt: brought again it has the same outcome.
   * Errors: `register_not_enrolled`, `receipt_key_missing` if the register has registered no key.
   */
  settle(accepted: readonly AcceptedCode[]): Promise<readonly SettlementReply[]>;
  /** Those of a register's payee, or all for an admin; newest first. Errors: `forbidden` if a register asks for an account's. */
  disputes(query: DisputeQuery, page: PageRequest): Promise<Page<Dispute>>;
  /** Errors: `dispute_not_found`. */
  dispute(id: string): Promise<Dispute>;

  /** For admins; newest first. */
  keys(): Promise<readonly SigningKey[]>;
  /** Makes a key that registers trust at once and that signs after `overlapMs`, when they all have it. */
  rotateKey(overlapMs: number, idempotencyKey?: string): Promise<SigningKey>;
  /** Kills the codes that it signed. Without another that may sign, one is made. Errors: `key_not_found`. */
  revokeKey(id: string): Promise<SigningKey>;
}
