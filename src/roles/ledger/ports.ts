import type { Account } from '../../domain/account.ts';
import type { Amount } from '../../domain/money.ts';
import type { Payment } from '../../domain/payment.ts';
import type { Posting, StatementLine } from '../../domain/posting.ts';
import type { TopUp, TopUpProvider } from '../../domain/top-up.ts';
import type { Page, PageRequest } from '../page.ts';
import type { LedgerVerification, PaymentFilter, TopUpFilter } from './store.ts';

export interface AccountOpening {
  readonly name: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly cardReference?: string | undefined;
  /** Where its verification codes go. */
  readonly contact?: string | undefined;
}

export interface Unlocked {
  readonly account: Account;
  /** How many of its terminals had to wait, and may pay at once now. */
  readonly terminals: number;
}

/** What moves money may be named, so that repeating it moves nothing again. */
export interface Movement {
  readonly memo?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

export interface TopUpRequest extends Movement {
  /** `ledger` if not given. */
  readonly provider?: TopUpProvider | undefined;
}

export interface OpenTopUp extends TopUp {
  /** While it is pending, what its payer, and nobody else, pays with; kept nowhere. */
  readonly clientSecret: string | undefined;
}

/**
 * Accounts and what moves between them. An account is named by its id or, while it is open, its name; where nothing is
 * moved, or it is only closed or unlocked, its card reference will do as well. A terminal sees
 * the accounts that it is bound to and their payments, a cash register its payee's; an admin everything. Where a code
 * paid, whoever is paid sees the code's id in the place of its payer's.
 * Errors of all: `unauthorized`, `forbidden`, those of storage.
 */
export interface LedgerRole {
  /** Errors: `account_exists`, `invalid_input`, `card_number_refused`, `currency_unknown`. */
  open(opening: AccountOpening, idempotencyKey?: string): Promise<Account>;
  /** Newest first. */
  accounts(page: PageRequest): Promise<Page<Account>>;
  /** Errors: `account_not_found`. */
  account(reference: string): Promise<Account>;
  /** Newest first. Errors: `account_not_found`. */
  statement(reference: string, page: PageRequest): Promise<Page<StatementLine>>;
  /**
   * From outside into the account: at once, or when the provider has collected it. One that does not answer leaves the
   * top-up pending, with its error as the reason. Errors: `account_not_found`, `account_closed`, `currency_mismatch`,
   * `account_full`, `provider_unavailable`, `amount_not_collectable`.
   */
  topUp(reference: string, amount: Amount, request?: TopUpRequest): Promise<OpenTopUp>;
  /** Asks the provider what came of it, if it is pending. Errors: `topup_not_found`, `provider_unavailable`. */
  resumeTopUp(id: string): Promise<OpenTopUp>;
  /** Newest first. */
  topUps(filter: TopUpFilter, page: PageRequest): Promise<Page<TopUp>>;
  /** Out of the account. Errors: `account_not_found`, `account_closed`, `currency_mismatch`, `insufficient_funds`. */
  payOut(reference: string, amount: Amount, movement?: Movement): Promise<Posting>;
  /** Closed already is as good. Errors: `account_not_found`, `account_not_empty`. */
  close(reference: string): Promise<Account>;
  /**
   * How far its balance may go below 0; nothing, too. A payout never draws on it.
   * Errors: `account_not_found`, `account_closed`, `currency_mismatch`, `credit_in_use`, `amount_too_large`.
   */
  setCredit(reference: string, credit: Amount, idempotencyKey?: string): Promise<Account>;
  /** Lets an account that was suspended have credit payment codes again; one that was not is as good. Errors: `account_not_found`. */
  reinstate(reference: string): Promise<Account>;
  /** Ends the waits after wrong passwords, of all its terminals. Errors: `account_not_found`. */
  unlock(reference: string): Promise<Unlocked>;

  /** Oldest first. */
  postings(page: PageRequest): Promise<Page<Posting>>;
  /** Adds everything up anew. */
  verify(): Promise<LedgerVerification>;

  /** Newest first; of those that hold a code's limit with the code. */
  payments(filter: PaymentFilter, page: PageRequest): Promise<Page<Payment>>;
  /** Errors: `payment_not_found`. */
  payment(id: string): Promise<Payment>;
  /**
   * Takes what is held, or less of it: the rest is given back. Errors: `payment_not_found`, `payment_not_held`,
   * `amount_too_large`, `payment_of_code`.
   */
  capture(id: string, amount?: Amount): Promise<Payment>;
  /** Gives back what is held. Errors: `payment_not_found`, `payment_not_held`, `payment_of_code`. */
  release(id: string, reason?: string): Promise<Payment>;
  /**
   * Gives back what was paid, or a part of it: all that is left if no amount is given.
   * Errors: `payment_not_found`, `refund_too_large`, `insufficient_funds` (the payee’s), `account_closed`, `payment_of_code`.
   */
  refund(id: string, amount: Amount | undefined, movement?: Movement): Promise<Payment>;
}
