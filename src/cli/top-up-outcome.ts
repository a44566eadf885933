import { LatchkeyError, errorTable, isErrorCode } from '../domain/errors.ts';
import type { TopUp } from '../domain/top-up.ts';

/** What is wrong with a top-up as it is; undefined if it is posted or waits for its payer. */
export function topUpFailure({ id, state, reason }: TopUp): LatchkeyError | undefined {
  const why = isErrorCode(reason) ? errorTable[reason].title : reason;
  switch (state) {
    case 'posted':
      return undefined;
    case 'pending':
      return isErrorCode(reason)
        ? new LatchkeyError(reason, `${why}: top-up ${id} is pending, and nothing is lost.`, { hint: `Go on with it: \`latchkey account topup --resume ${id}\`. A server asks again by itself, too.` })
        : undefined;
    case 'failed':
      return isErrorCode(reason) ? new LatchkeyError(reason) : new LatchkeyError('topup_failed', `Top-up ${id} was not collected (${why}).`);
    case 'refund_due':
      return new LatchkeyError('topup_not_posted', `Top-up ${id} was collected and cannot be posted (${why}).`);
  }
}
