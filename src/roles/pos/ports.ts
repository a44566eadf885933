import type { Grant } from '../../domain/grant.ts';
import type { Amount } from '../../domain/money.ts';
import type { Mandate, Register, Sale } from '../../domain/sale.ts';
import type { Tariff } from '../../domain/tariff.ts';
import type { TerminationsRole } from '../card/ports.ts';
import type { Page, PageRequest } from '../page.ts';
import type { AccessPoint, GrantFilter } from '../store.ts';
import type { PaymentReply } from '../ledger/payment-request.ts';
import type { SaleFilter } from './store.ts';
import type { Identifier } from './subjects.ts';

/** A terminal's word that it is there, for the access point of one network, for a short while (protocol.md section 8). */
export interface SubjectToken {
  readonly accountId: string;
  readonly terminalId: string;
  readonly codeNumber: number;
  readonly at: Date;
  /** 32 bytes. */
  readonly mac: Uint8Array;
}

/** Who asks for access at the counter. */
export type Claim =
  | Exclude<Identifier, { readonly kind: 'terminal' | 'receipt' }>
  | { readonly kind: 'terminal'; readonly token: SubjectToken }
  /** `phoneToken`: made by who asks (`newPhoneToken`), who may so ask again when the reply is lost. */
  | { readonly kind: 'receipt'; readonly code: string; readonly phoneToken: string };

/** How a charge is paid. */
export type ChargeAuthority =
  /** What the wallet gave for this amount and payee. */
  | { readonly kind: 'wallet'; readonly accountId: string; readonly terminalId: string; readonly codeNumber: number; readonly password: string }
  /** What was tapped, and what its payer allows for it. */
  | { readonly kind: 'mandate'; readonly uid: Uint8Array }
  /** Outside of the ledger; `uid` is who gets the time, nobody if it is not there: then there is a receipt code. */
  | { readonly kind: 'cash' | 'card'; readonly uid: Uint8Array | undefined };

export interface Charge {
  readonly key: string;
  readonly amount: Amount;
  readonly memo?: string | undefined;
  readonly authority: ChargeAuthority;
}

export interface Charged {
  readonly sale: Sale;
  /** Undefined if it bought no time. */
  readonly grant: Grant | undefined;
  /** To be told to the wallet, which renews its code by it; only by `wallet`. */
  readonly reply: PaymentReply | undefined;
  /** For who has no identifier. */
  readonly receiptCode: string | undefined;
}

export interface MandateSetting {
  readonly uid: Uint8Array;
  readonly accountId: string;
  readonly perTap: Amount;
  readonly perDay: Amount;
}

/** A cash register at the server. Errors of all: `unauthorized`, `forbidden`, those of storage. */
export interface PosRole extends TerminationsRole {
  /** What the server knows of this register. Errors: `register_not_enrolled`, also if its enrolment names no account. */
  self(): Promise<Register>;
  /** Errors: `invalid_input` for what it may not say of itself and what is no key, `account_not_found`, `register_not_enrolled`. */
  describe(description: RegisterDescription): Promise<Register>;
  /** The network that it sells time on, and what enforces that. */
  network(): Promise<AccessPoint>;
  /** Undefined: it sells no time. Errors: `metric_mismatch` if it sells anything else than time. */
  setTariff(tariff: Tariff | undefined): Promise<Register>;

  /**
   * Charges, and puts who paid on the permission list, in one transaction. The same key and request get the same answer.
   * Errors: the final refusals of domain/payment.ts, `account_locked`, `not_bound`, `idempotency_mismatch`, `random_identifier`.
   */
  charge(charge: Charge): Promise<Charged>;

  /**
   * By which grant somebody may use the network now. A receipt code is bound to the phone token with which it is shown first,
   * and with that one is good for as long as the permission stands; a phone that has time left gets what it bought added.
   * Errors: `not_permitted`, `time_used_up`, `grant_paused`, `receipt_code_invalid`, `random_identifier`; `invalid_input`
   * for a phone token of another form.
   */
  access(claim: Claim): Promise<Grant>;

  /**
   * The password for a grant, sealed to this register's key (a compact JWE), as often as it is asked for; undefined if the
   * access point has not brought it by then.
   */
  accessCode(grantId: string, waitMs: number, signal?: AbortSignal): Promise<string | undefined>;
  /** It was opened: it is deleted. */
  acknowledge(grantId: string): Promise<void>;

  /** Its network's permission list, newest first. */
  permissions(filter: Pick<GrantFilter, 'subjectId' | 'state'>, page: PageRequest): Promise<Page<Grant>>;
  /** One of it. Errors: `grant_not_found`. */
  permission(grantId: string): Promise<Grant>;
  /** Gives the rest of the time to another device. Errors: `grant_not_found`, `grant_over`, `random_identifier`, `grant_conflict`. */
  move(grantId: string, to: Exclude<Identifier, { readonly kind: 'receipt' }>): Promise<Grant>;
  /** Errors: `grant_not_found`, `grant_over`, `grant_not_pausable` by its tariff, `invalid_input` if it has no end. */
  pause(grantId: string): Promise<Grant>;
  /** Errors: `grant_not_found`, `grant_over`. */
  resume(grantId: string): Promise<Grant>;
  /**
   * Ends a grant and gives back the unused part of what was paid, by the tariffs it was bought by. Errors: `grant_not_found`,
   * `grant_over`, also if it was refunded already; `refund_too_large`, `insufficient_funds` (the payee's), `account_closed`.
   */
  refund(grantId: string): Promise<Refunded>;
  /** What `refund` would give back now. Errors: `grant_not_found`, `grant_over`. */
  refundable(grantId: string): Promise<Refunded>;

  /** Newest first. */
  sales(filter: SaleFilter, page: PageRequest): Promise<Page<Sale>>;
}

export interface RegisterDescription {
  /** The network that it serves, where no access point's agent says so. */
  readonly ssid?: string | undefined;
  /** Its key, a public JWK (RFC 7517) as JSON. */
  readonly jwk?: string | undefined;
  /** By which it signs receipts for credit payment codes, Ed25519, 32 bytes. */
  readonly receiptKey?: Uint8Array | undefined;
  /** The account that it charges for, by id or name: only alone on this machine, elsewhere its enrolment says so. */
  readonly account?: string | undefined;
}

export interface Refunded {
  readonly grant: Grant;
  readonly sales: readonly { readonly sale: Sale; readonly amount: Amount }[];
  /** What was given back in the ledger, and what is to be given back by hand. */
  readonly inLedger: readonly Amount[];
  readonly byHand: readonly Amount[];
}

/** What a payer sets for cards and phones of theirs. */
export interface MandateRole {
  /**
   * In the place of an earlier one of the same account. Errors: `not_bound`, `currency_mismatch`, `random_identifier`;
   * `mandate_conflict` if another account's stands, `mandate_limit`.
   */
  setMandate(setting: MandateSetting): Promise<Mandate>;
  mandates(): Promise<readonly Mandate[]>;
  /** Errors: `mandate_not_found` if there is none of an account of this terminal. */
  endMandate(subjectId: string): Promise<Mandate>;
}
