import { LatchkeyError, type ErrorCode } from '../domain/errors.ts';

/** Why a wallet does not pay, as far as a register hears: it or its user refuses, or its own security check terminated. */
export const walletDeclines = ['card_refused', 'service_terminated'] as const satisfies readonly ErrorCode[];
export type WalletDecline = (typeof walletDeclines)[number];

/** What keeps a wallet from it is for its user to read. */
export function walletDecline(error: unknown): WalletDecline {
  return error instanceof LatchkeyError && error.code === 'service_terminated' ? error.code : 'card_refused';
}

/** What the register says of it. */
export function walletDeclined(reason: WalletDecline, by: 'card' | 'phone'): LatchkeyError {
  return reason === 'card_refused'
    ? new LatchkeyError(reason, `The ${by} refused.`)
    : new LatchkeyError(reason, `The ${by}’s own security check terminated the service.`, { hint: `Nothing came of it. Its holder’s screen says which check: take another ${by}, or another way to pay.` });
}
