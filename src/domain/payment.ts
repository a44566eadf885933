import { LatchkeyError, type ErrorCode } from './errors.ts';
import type { Amount } from './money.ts';

/**
 * `held` is reserved and not yet paid; `released` was given back unpaid; `refused` and `cancelled` never moved
 * anything, and never will.
 */
export const paymentStates = ['held', 'paid', 'released', 'refused', 'cancelled'] as const;
export type PaymentState = (typeof paymentStates)[number];

export interface Payment {
  readonly id: string;
  /** The payer's. */
  readonly accountId: string;
  /** The payer's own name for it (protocol.md section 3). */
  readonly key: string;
  readonly terminalId: string;
  readonly state: PaymentState;
  readonly payeeId: string;
  readonly amount: Amount;
  /** Of the amount, in minor units. */
  readonly captured: bigint;
  /** Of what was captured, in minor units. */
  readonly refunded: bigint;
  readonly memo: string | undefined;
  readonly at: Date;
  /** Until then it is held. */
  readonly expiresAt: Date | undefined;
  readonly endedAt: Date | undefined;
  /** Why it was refused or released. */
  readonly reason: string | undefined;
  /** The credit payment code whose limit it holds; only where it is shown to who may see that code. */
  readonly codeId?: string | undefined;
}

/** What a payer knows by which it shows itself (protocol.md section 4). */
export const passwordAlgorithms = ['hmac-sha256', 'md5'] as const;
export type PasswordAlgorithm = (typeof passwordAlgorithms)[number];

/** A payment that is refused with one of these is settled: the same request gets the same answer for ever. */
export const finalRefusals = [
  'password_wrong', 'code_superseded', 'code_unknown', 'insufficient_funds', 'account_not_found', 'account_closed', 'account_full',
  'currency_mismatch', 'payee_is_payer', 'payment_cancelled', 'mandate_missing', 'mandate_exceeded', 'account_suspended',
  'share_request_over',
] as const satisfies readonly ErrorCode[];
export type FinalRefusal = (typeof finalRefusals)[number];

export function isFinalRefusal(code: ErrorCode): code is FinalRefusal {
  return (finalRefusals as readonly ErrorCode[]).includes(code);
}

export const longestHoldMs = 30 * 86_400_000;

/** Wrong passwords in a row before each further one brings a wait. */
export const freeTries = 4;
const firstWaitMs = 60_000;
const longestWaitMs = 86_400_000;

/** How long to wait after so many wrong passwords in a row: from the 5th on a minute, doubling up to a day. */
export function waitAfterWrong(wrong: number): number {
  return wrong <= freeTries ? 0 : Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(30, wrong - freeTries - 1));
}

export const verificationLifeMs = 600_000;
export const verificationTries = 5;
export const verificationsADay = 10;

/** What its payer knows by heart: 4 to 64 characters, no control characters, in Unicode's form NFC. */
export function parseIdentityCode(text: string): string {
  const length = [...text].length;
  if (length < 4 || length > 64) {
    throw new LatchkeyError('invalid_input', 'An identity code has 4 to 64 characters.');
  }
  if (/[\p{Cc}\p{Cs}]/u.test(text) || text !== text.normalize('NFC')) {
    throw new LatchkeyError('invalid_input', 'An identity code has no control characters and is in Unicode’s form NFC.');
  }
  return text;
}

/** 6 digits. */
export function parseVerificationCode(text: string): string {
  const digits = text.replace(/[ -]/g, '');
  if (!/^\d{6}$/.test(digits)) {
    throw new LatchkeyError('invalid_input', 'A verification code has 6 digits.');
  }
  return digits;
}
