import type { Account } from '../../domain/account.ts';
import type { PasswordAlgorithm, Payment, PaymentState } from '../../domain/payment.ts';
import type { Posting, StatementLine } from '../../domain/posting.ts';
import type { TopUp, TopUpProvider, TopUpState } from '../../domain/top-up.ts';
import type { Page, PageRequest } from '../page.ts';

export type NewAccount = Pick<Account, 'id' | 'kind' | 'name' | 'currency' | 'cardReference' | 'openedAt'> & {
  /** Where its verification codes are sent; sealed at rest. */
  readonly contact: string | undefined;
};

export interface AccountRepository {
  /** False if an open account has this name or card (nothing is changed then). */
  insert(account: NewAccount): Promise<boolean>;
  find(id: string): Promise<Account | undefined>;
  /** The open one of this name. */
  findByName(name: string): Promise<Account | undefined>;
  /** The open one of this card. */
  findByCard(reference: string): Promise<Account | undefined>;
  contactOf(id: string): Promise<string | undefined>;
  /** Newest first; with `ids` only these. */
  list(filter: { readonly ids?: readonly string[] | undefined }, page: PageRequest): Promise<Page<Account>>;
  /** Undefined if it is closed or not there. Errors: `credit_in_use`. */
  setCredit(id: string, minor: bigint): Promise<Account | undefined>;
  /** False if it is so already. */
  suspend(id: string, at: Date): Promise<boolean>;
  /** False if it is not suspended. */
  reinstate(id: string): Promise<boolean>;
  /** Takes their rows until the transaction ends, so that what moves them is done one after the other. */
  lock(ids: readonly string[]): Promise<void>;
  /** False if it is closed already, or there is money on it or held. */
  close(id: string, at: Date): Promise<boolean>;
}

export interface NewPosting extends Posting {
  /** What ends with it of what the debited account holds, in minor units. */
  readonly unheld?: bigint;
}

export interface PostingRepository {
  /**
   * Posts them; both balances move with each. Errors, after which the transaction is lost: `insufficient_funds`,
   * `account_full`, `account_closed` (also for an account that is not there, or of another currency).
   */
  insert(...postings: readonly NewPosting[]): Promise<void>;
  find(id: string): Promise<Posting | undefined>;
  /** Newest first. */
  statement(accountId: string, page: PageRequest): Promise<Page<StatementLine>>;
  /** Oldest first. */
  list(page: PageRequest): Promise<Page<Posting>>;
  /** Adds everything up anew. */
  verify(): Promise<LedgerVerification>;
}

export interface LedgerVerification {
  readonly accounts: number;
  readonly postings: number;
  /** Those that took or held money, if only for a while: not what was refused or cancelled. */
  readonly payments: number;
  /** Where what is kept is not what the postings come to, at most 100. */
  readonly findings: readonly LedgerFinding[];
}

export interface LedgerFinding {
  /** `balance` and `held` are of an account, `sum` of a currency, `captured` and `refunded` of a payment, `topup` of a posting. */
  readonly of: 'balance' | 'held' | 'sum' | 'captured' | 'refunded' | 'topup';
  readonly id: string;
  /** Minor units. */
  readonly kept: bigint;
  readonly computed: bigint;
}

export interface TopUpFilter {
  readonly accountId?: string | undefined;
  readonly state?: TopUpState | undefined;
}

export interface TopUpEnd {
  readonly state: Exclude<TopUpState, 'pending'>;
  readonly at: Date;
  readonly reason: string | undefined;
  /** Kept as it is if not given. */
  readonly reference?: string | undefined;
  /** Of one that is posted. */
  readonly postingId?: string;
}

export interface TopUpRepository {
  /** `askAt`: when the provider is asked if nobody brings news. */
  insert(topUp: TopUp, askAt: Date): Promise<void>;
  find(id: string): Promise<TopUp | undefined>;
  findByReference(provider: TopUpProvider, reference: string): Promise<TopUp | undefined>;
  /** Of a pending one: what the provider calls it, kept if not given, and how it is getting on. Undefined if it is not pending. */
  note(id: string, news: { readonly reference: string | undefined; readonly reason: string | undefined }): Promise<TopUp | undefined>;
  /** Compare-and-set of the state; undefined if it was none of `from`. */
  end(id: string, from: readonly TopUpState[], end: TopUpEnd): Promise<TopUp | undefined>;
  /** Newest first. */
  list(filter: TopUpFilter, page: PageRequest): Promise<Page<TopUp>>;
  /** Pending ones of these providers whose time to be asked for has come, earliest first. */
  due(providers: readonly TopUpProvider[], at: Date, limit: number): Promise<{ readonly topUp: TopUp; readonly askAt: Date }[]>;
  /** Compare-and-set of when it is asked for, while it is pending. */
  claim(id: string, askAt: Date, next: Date): Promise<boolean>;
}

/** What is on record under a payment's key. */
export type KeptPayment =
  | { readonly state: 'cancelled'; readonly terminalId: string }
  | { readonly state: Exclude<PaymentState, 'cancelled'>; readonly terminalId: string; readonly fingerprint: Uint8Array; readonly reply: string };

export interface PaymentFilter {
  readonly accountIds?: readonly string[] | undefined;
  readonly payeeIds?: readonly string[] | undefined;
  readonly terminalId?: string | undefined;
  readonly state?: PaymentState | undefined;
}

export interface Acceptance {
  /** As it was judged by. */
  readonly binding: Pick<Binding, 'accountId' | 'terminalId' | 'codeNumber' | 'wrong'>;
  /** 32 bytes, the next. */
  readonly code: Uint8Array;
  readonly lookup: Lookup;
  readonly payment: Payment;
  readonly fingerprint: Uint8Array;
  readonly reply: string;
  /** Undefined if it is held. */
  readonly posting: NewPosting | undefined;
}

export interface PaymentRepository {
  findKept(accountId: string, key: string): Promise<KeptPayment | undefined>;
  find(id: string): Promise<Payment | undefined>;
  /** `reply` is sealed at rest. What it holds is taken from what its account can pay: errors as of a posting. False if the key is taken. */
  insert(payment: Payment, kept: { readonly fingerprint: Uint8Array; readonly reply: string }): Promise<boolean>;
  /**
   * A terminal's payment in whole: its code is renewed, it is put on record and, if it is paid, posted, or nothing of that:
   * false if the code is another by now or the key is taken, after which a transaction is lost. Errors as of a posting.
   */
  accept(acceptance: Acceptance): Promise<boolean>;
  /** A tombstone: what comes under this key later finds it. False if the key is taken. */
  insertCancelled(payment: Pick<Payment, 'id' | 'accountId' | 'key' | 'terminalId' | 'at'>): Promise<boolean>;
  /** held → paid | released; undefined if it was not held. A capture's posting ends what was held. */
  settle(
    id: string,
    end: { readonly state: 'paid' | 'released'; readonly captured: bigint; readonly at: Date; readonly reason: string | undefined },
  ): Promise<Payment | undefined>;
  /**
   * By their ids, adds to what is captured of payments that go on being held. Inside a transaction, which is lost if it is
   * false: then one is held no more, or not so much of it is left.
   */
  captureMore(of: ReadonlyMap<string, bigint>): Promise<boolean>;
  /** Ends one that was captured bit by bit: the rest is given back. Undefined if it was not held. */
  end(id: string, at: Date, reason: string): Promise<Payment | undefined>;
  /** Adds to what was given back; undefined if that would be more than was captured. */
  refund(id: string, minor: bigint): Promise<Payment | undefined>;
  /** Newest first, without those that were cancelled before they came. */
  list(filter: PaymentFilter, page: PageRequest): Promise<Page<Payment>>;
  /** Held ones whose time is over. */
  overdue(at: Date, limit: number): Promise<Payment[]>;
}

/** One account at one terminal. */
export interface Binding {
  readonly accountId: string;
  readonly terminalId: string;
  readonly algorithm: PasswordAlgorithm;
  /** Counts the temporary codes, from 1. */
  readonly codeNumber: number;
  /** 32 bytes. */
  readonly code: Uint8Array;
  readonly identityCode: string;
  /** Wrong passwords in a row. */
  readonly wrong: number;
  readonly lockedUntil: Date | undefined;
  /** When a payment last came under a code that was used already. */
  readonly supersededAt: Date | undefined;
  readonly boundAt: Date;
}

/** The keyed hash of a password, by which an account is found. */
export type Lookup = Uint8Array | undefined;

/** All that a payment is judged by, as it is at one moment. */
export interface PaymentView {
  readonly binding: Binding;
  readonly payer: Account;
  /** Undefined if there is no such account. */
  readonly payee: Account | undefined;
  /** What is on record under its key. */
  readonly kept: KeptPayment | undefined;
}

export interface BindingRepository {
  /** In one read; undefined if the terminal is not bound to the account. */
  findForPayment(of: { readonly accountId: string; readonly terminalId: string; readonly key: string; readonly payeeId: string }): Promise<PaymentView | undefined>;
  /** `code` and `identityCode` are opened for it. */
  find(accountId: string, terminalId: string): Promise<Binding | undefined>;
  /** A terminal's, by the hash of its next password or of its last. */
  findByLookup(terminalId: string, lookup: Uint8Array): Promise<{ readonly binding: Binding; readonly spent: boolean } | undefined>;
  ofTerminal(terminalId: string): Promise<Binding[]>;
  countOf(accountId: string): Promise<number>;
  /**
   * Puts it in the place of the terminal's earlier one, whose code it follows; that one's password is the last from then
   * on. False if there is none with that code: the terminal was bound, or paid, meanwhile.
   */
  put(binding: Binding, lookup: Lookup): Promise<boolean>;
  /** Compare-and-set of the code; ends every wait. False if the code is another by now, or a wrong password was counted. */
  advance(binding: Pick<Binding, 'accountId' | 'terminalId' | 'codeNumber' | 'wrong'>, code: Uint8Array, lookup: Lookup): Promise<boolean>;
  /** Compare-and-set of the count of wrong passwords under a code. */
  countWrong(binding: Pick<Binding, 'accountId' | 'terminalId' | 'codeNumber' | 'wrong'>, lockedUntil: Date | undefined): Promise<boolean>;
  noteSuperseded(binding: Pick<Binding, 'accountId' | 'terminalId'>, at: Date): Promise<void>;
  /** Ends the waits of all of an account's terminals, and forgets their wrong passwords. Resolves to how many had to wait. */
  unlock(accountId: string, at: Date): Promise<number>;
}

export interface Verification {
  readonly id: string;
  readonly terminalId: string;
  readonly key: string;
  /** Undefined if what was asked for is no account; everything looks the same from outside. */
  readonly accountId: string | undefined;
  readonly code: string;
  readonly tries: number;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly sentAt: Date | undefined;
  readonly usedAt: Date | undefined;
}

export interface VerificationRepository {
  /** False if the terminal has one under this key. */
  insert(verification: Verification): Promise<boolean>;
  findByKey(terminalId: string, key: string): Promise<Verification | undefined>;
  find(id: string): Promise<Verification | undefined>;
  /** Counts a try, before the code is compared; false if others were counted meanwhile or it is used. */
  countTry(verification: Verification): Promise<boolean>;
  noteSent(id: string, at: Date): Promise<void>;
  /** Those of an account that were not sent and could be used, oldest first. */
  unsent(of: { readonly madeBefore: Date; readonly validAt: Date }, limit: number): Promise<Verification[]>;
  /** Uses it up; false if it is so already. */
  use(id: string, at: Date): Promise<boolean>;
  /** How many the terminal asked for since. Inside a transaction, until whose end nobody else counts. */
  countSince(terminalId: string, since: Date): Promise<number>;
  /** Forgets up to `limit` that are older; returns how many. */
  forget(before: Date, limit: number): Promise<number>;
}
