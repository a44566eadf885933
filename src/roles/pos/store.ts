import type { Mandate, Register, Sale } from '../../domain/sale.ts';
import type { WantedAccessCode } from '../ap/ports.ts';
import type { Page, PageRequest } from '../page.ts';

export interface RegisterRepository {
  find(id: string): Promise<Register | undefined>;
  /** Those of an access point that have said what their key is. */
  ofAccessPoint(apId: string): Promise<Register[]>;
  /** All by which the registers of a payee ever signed receipts, the latest first. */
  receiptKeysOf(payeeId: string): Promise<{ readonly registerId: string; readonly publicKey: Uint8Array }[]>;
  /** Whether one charges for an account. */
  hasPayee(accountId: string): Promise<boolean>;
  /** Whether one does whose token is not revoked. */
  chargesFor(accountId: string): Promise<boolean>;
  /**
   * Takes its row until the transaction ends, so that what changes it is done one after the other; where there is none yet,
   * nobody else makes one until then.
   */
  lock(id: string): Promise<Register | undefined>;
  /** Puts it in the place of what is known of it. */
  put(register: Register): Promise<void>;
}

/** A sale with what is kept beside it. */
export interface KeptSale {
  readonly sale: Sale;
  /** SHA-256 of the request. */
  readonly fingerprint: Uint8Array;
  /** Shown to the payer who has no identifier; sealed at rest. */
  readonly receiptCode: string | undefined;
}

export interface SaleFilter {
  readonly registerId?: string | undefined;
  /** From this moment on, and before that one. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

export interface SaleRepository {
  /** Of each payer one at most: a key is a payer's own, where the ledger is used. */
  ofKey(registerId: string, key: string): Promise<KeptSale[]>;
  findByPayment(paymentId: string): Promise<Sale | undefined>;
  /** Whether a subject has bought time before, anywhere. */
  hasBought(subjectId: string): Promise<boolean>;
  /** The grant that a receipt code was sold with, or that its time was added to. */
  grantOfReceipt(subjectId: string): Promise<string | undefined>;
  /** What was sold with one grant belongs to another from now on. */
  moveTo(grantId: string, from: string): Promise<void>;
  insert(sale: KeptSale): Promise<void>;
  /** Newest first. */
  list(filter: SaleFilter, page: PageRequest): Promise<Page<Sale>>;
  /** Newest first. */
  ofGrant(grantId: string): Promise<Sale[]>;
  /** Adds to what was given back; false if that would be more than was paid. */
  refund(id: string, minor: bigint): Promise<boolean>;
}

export interface MandateRepository {
  find(subjectId: string): Promise<Mandate | undefined>;
  ofAccount(accountId: string): Promise<Mandate[]>;
  /** How many an account has that were not ended. Inside a transaction, until whose end nobody else counts. */
  countStanding(accountId: string): Promise<number>;
  /** Puts it in the place of an earlier one of the same identifier; false if that stands, and is of another account. */
  set(mandate: Mandate): Promise<boolean>;
  /** Undefined if there is none of this account. One that has ended stays as it is. */
  end(subjectId: string, accountId: string, at: Date): Promise<Mandate | undefined>;
  /** Takes the mandate's row until the transaction ends, so that two taps are counted one after the other. */
  lock(subjectId: string): Promise<Mandate | undefined>;
  /** What was taken by a mandate since, in minor units. */
  takenSince(subjectId: string, since: Date): Promise<bigint>;
}

/** Under its register's key; of each subject one. */
export interface TapPlace {
  readonly registerId: string;
  readonly key: string;
  readonly subjectId: string;
}

/** A bare card held to a register. */
export interface Tap extends TapPlace {
  /** SHA-256 of the request. */
  readonly fingerprint: Uint8Array;
}

export interface KeptTap {
  readonly fingerprint: Uint8Array;
  /** `charged`, or the final refusal. */
  readonly cameTo: string;
}

/** What each tap came to, for ever, as payments are kept. */
export interface TapRepository {
  find(place: TapPlace): Promise<KeptTap | undefined>;
  /** The first one stays: false if there is one. */
  insert(tap: Tap, cameTo: string, at: Date): Promise<boolean>;
}

export interface KeptAccessCode {
  /** Undefined while it is wanted. */
  readonly sealed: string | undefined;
}

export interface AccessCodeRepository {
  /** What is there, or is wanted already, stays. */
  want(grantId: string, registerId: string, at: Date): Promise<void>;
  /** For active grants of an access point; those that have been wanted longest, if there are very many. */
  wanted(apId: string): Promise<WantedAccessCode[]>;
  /** Where it is wanted; else nothing is kept. */
  put(grantId: string, registerId: string, sealed: string, at: Date): Promise<void>;
  find(grantId: string, registerId: string): Promise<KeptAccessCode | undefined>;
  remove(grantId: string, registerId: string): Promise<void>;
  /** All for a grant, or to a register. */
  removeAll(of: { readonly grantId: string } | { readonly registerId: string }): Promise<void>;
  /** Forgets up to `limit` that are older; returns how many. */
  forget(before: Date, limit: number): Promise<number>;
}
