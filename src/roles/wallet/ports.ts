import type { Payee } from '../../domain/account.ts';
import type { PasswordAlgorithm } from '../../domain/payment.ts';
import type { TerminationsRole } from '../card/ports.ts';
import type { PaymentReply, PaymentRequest } from '../ledger/payment-request.ts';

/** A payer's terminal at the server (protocol.md section 4). Errors of all: `unauthorized`, `forbidden`, those of storage. */
export interface WalletRole extends TerminationsRole {
  /**
   * Has a verification code sent to whom the account belongs to. `account`: its id, its name or its card reference;
   * `name`: what the account is called, which has to fit. If they are not right, no code is sent and nothing else
   * tells: a server sends after its answer. The same key does it once, and again if the code could not be sent.
   * Errors: `verification_limit`; `verification_unavailable` where no code leaves at all, or, alone on this machine, if
   * this one could not be sent.
   */
  requestVerification(request: VerificationRequest): Promise<VerificationSent>;

  /**
   * Binds this terminal to the account, or binds it anew, with a first temporary code.
   * Errors: `verification_code_wrong`, `verification_code_over`, `algorithm_disabled`, `invalid_input`.
   */
  bind(request: BindRequest): Promise<NewBinding>;

  /** This terminal's bindings. */
  bindings(): Promise<readonly BindingStatus[]>;

  /** Whom a payment could go to, by id; by name a shop that has a cash register, or an account of this terminal. Errors: `account_not_found`, `account_closed`. */
  payee(reference: string): Promise<Payee>;

  /**
   * Pays, or holds what is to be paid. The same key and request get the same answer for ever, refusals included, so
   * that it may be repeated until there is one.
   * Errors: the final refusals of domain/payment.ts; `account_locked`, `not_bound`, `idempotency_mismatch`.
   */
  pay(request: PaymentRequest): Promise<PaymentReply>;

  /**
   * Gives a payment up: the first of payment and cancellation wins. Undefined once nothing will ever be charged under
   * this key; else what the payment came to, with the errors of `pay` if it was refused.
   * Errors: `not_bound`.
   */
  cancel(payment: { readonly accountId: string; readonly key: string }): Promise<PaymentReply | undefined>;
}

export interface VerificationRequest {
  readonly key: string;
  readonly account: string;
  readonly name: string;
}

export interface VerificationSent {
  readonly verificationId: string;
  readonly expiresAt: Date;
}

export interface BindRequest {
  readonly verificationId: string;
  /** 6 digits. */
  readonly verificationCode: string;
  readonly identityCode: string;
  /** Chosen at the first binding; `hmac-sha256` if left out, and never downgraded. */
  readonly algorithm?: PasswordAlgorithm | undefined;
}

/** A temporary code, and which of its binding's it is: the first has number 1. */
export interface TemporaryCode {
  readonly number: number;
  /** 32 bytes. */
  readonly code: Uint8Array;
}

export interface NewBinding {
  readonly accountId: string;
  readonly name: string;
  readonly currency: string;
  readonly terminalId: string;
  readonly algorithm: PasswordAlgorithm;
  readonly temporaryCode: TemporaryCode;
}

export interface BindingStatus {
  readonly accountId: string;
  readonly terminalId: string;
  readonly name: string;
  readonly currency: string;
  /** Minor units that can be paid. */
  readonly available: bigint;
  readonly held: bigint;
  /** How far the balance may go below 0, in minor units; what can be paid has it in it. */
  readonly credit: bigint;
  /** Since then it is issued no credit payment codes. */
  readonly suspendedAt: Date | undefined;
  readonly algorithm: PasswordAlgorithm;
  readonly codeNumber: number;
  /** Wrong passwords in a row. */
  readonly wrong: number;
  /** Until then nothing is taken from this terminal. */
  readonly lockedUntil: Date | undefined;
  /** When a payment last came under a code that was used already: another terminal may hold this one's. */
  readonly supersededAt: Date | undefined;
  /** Bound to the account, without this one. */
  readonly otherTerminals: number;
  readonly boundAt: Date;
}

/** How verification codes leave the server. Errors: `verification_unavailable`. */
export interface VerificationSender {
  send(message: VerificationMessage): Promise<void>;
}

export interface VerificationMessage {
  readonly contact: string | undefined;
  readonly accountName: string;
  /** 6 digits; a secret. */
  readonly code: string;
  readonly expiresAt: Date;
}
