import type { CreditCode, LossBearer, SettlementOutcome } from '../../domain/credit-code.ts';
import type { Amount } from '../../domain/money.ts';
import type { Page, PageRequest } from '../page.ts';
import type { SettlementReply, SigningKey } from './ports.ts';

export type StoredKey = Omit<SigningKey, 'state'>;

export type NewKey = Pick<SigningKey, 'id' | 'publicKey' | 'createdAt' | 'signsFrom'> & {
  /** 32 bytes, of which the private key is made; sealed at rest. */
  readonly seed: Uint8Array;
};

export interface CodeKeyRepository {
  /** All there ever were, newest first. */
  list(): Promise<StoredKey[]>;
  seedOf(id: string): Promise<Uint8Array>;
  insert(key: NewKey): Promise<void>;
  /** False if it is so already or not there. */
  revoke(id: string, at: Date): Promise<boolean>;
  /** Nobody else who takes it makes or revokes one until the transaction ends. */
  lock(): Promise<void>;
}

/** What a code's state is told from; `revokedAt`: of the token or of its key, whichever was first. */
export interface StoredCode extends Omit<CreditCode, 'state'> {
  /** COSE_Sign1. */
  readonly signed: Uint8Array;
}

export interface SettlingCode extends Omit<StoredCode, 'revokedAt'> {
  readonly tokenRevokedAt: Date | undefined;
  readonly keyRevokedAt: Date | undefined;
  /** Whether its payment holds it still. */
  readonly isHeld: boolean;
  /** What the operator has borne of it, in minor units. */
  readonly lost: bigint;
  /** How many receipts of it are kept that were rejected. */
  readonly rejected: number;
}

export interface CodeFilter {
  readonly accountIds?: readonly string[] | undefined;
  readonly state?: { readonly is: CreditCode['state']; readonly at: Date } | undefined;
}

/** Added to what is on record of a code. */
export interface CodeProgress {
  /** Minor units. */
  readonly settled: bigint;
  readonly uses: number;
  /** Borne by the operator, in minor units. */
  readonly lost: bigint;
  /** Receipts that were rejected and are kept. */
  readonly rejected: number;
}

export interface CreditCodeRepository {
  /** `key`: of the payment that buys it. False if there is one for the payment's account and key. */
  insert(code: Omit<StoredCode, 'settled' | 'settledUses' | 'revokedAt'> & { readonly key: string }): Promise<boolean>;
  find(id: string): Promise<StoredCode | undefined>;
  findByPayment(accountId: string, key: string): Promise<StoredCode | undefined>;
  /** Newest first. */
  list(filter: CodeFilter, page: PageRequest): Promise<Page<StoredCode>>;
  /** Of these ids those that are there, in no order. */
  forSettlement(ids: readonly string[]): Promise<SettlingCode[]>;
  /** Adds to each; the database lets none of them come to more than it allows. */
  progress(of: ReadonlyMap<string, CodeProgress>): Promise<void>;
  /** False if it is so already or not there. */
  revoke(id: string, at: Date): Promise<boolean>;
  /** All of an account, or those issued to a terminal, that are not over; resolves to the ids of those of which it is news. */
  revokeAll(of: { readonly accountId: string } | { readonly terminalId: string }, at: Date): Promise<string[]>;
  /** Ids of those that were revoked by themselves and expire at the moment or after it. */
  revoked(expiringFrom: Date): Promise<string[]>;
  /** What the operator has borne of accounts' codes, where it is anything, in minor units. */
  lostBy(accountIds: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
  /** Which code a payment holds, by the payments’ ids. */
  ofPayments(paymentIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Whose they are, by the codes’ ids. */
  accountsOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

/** A receipt as it was brought, and what it came to. */
export interface KeptReceipt extends SettlementReply {
  readonly tokenId: string;
  readonly counter: number;
  readonly registerId: string;
  readonly payeeId: string;
  readonly amount: Amount;
  readonly at: Date;
  readonly signedReceipt: Uint8Array;
  readonly code: Uint8Array;
  readonly postingId: string | undefined;
  /** Of a duplicate, that which was settled. */
  readonly otherId: string | undefined;
  readonly borneBy: LossBearer;
}

export interface DisputeFilter {
  readonly payeeId?: string | undefined;
  readonly outcome?: SettlementOutcome | undefined;
  readonly tokenId?: string | undefined;
  /** The payer's. */
  readonly accountId?: string | undefined;
}

/** Which showing of which code. */
export interface ShowingName {
  readonly tokenId: string;
  readonly counter: number;
}

/** What one register accepted of a token and was not rejected. */
export interface AcceptedOfCode {
  readonly tokenId: string;
  readonly registerId: string;
  readonly minor: bigint;
  readonly uses: number;
}

export interface CodeReceiptRepository {
  /** What those of a payee's receipts came to that were brought before. */
  known(payeeId: string, ids: readonly string[]): Promise<SettlementReply[]>;
  /** Of these showings those that were settled, each with the id of its receipt and the code that was accepted. */
  settled(showings: readonly ShowingName[]): Promise<(ShowingName & Pick<KeptReceipt, 'id' | 'code'>)[]>;
  acceptedOf(tokenIds: readonly string[]): Promise<AcceptedOfCode[]>;
  insert(receipts: readonly KeptReceipt[]): Promise<void>;
  find(id: string): Promise<KeptReceipt | undefined>;
  /** All that were settled, and then at most 1000 of the others; each oldest first. */
  ofCode(tokenId: string): Promise<KeptReceipt[]>;
  /** What came to anything else than `settled`, newest first. */
  disputes(filter: DisputeFilter, page: PageRequest): Promise<Page<KeptReceipt>>;
}
