import type { Amount } from './money.ts';

/** Who collects what comes from outside; `ledger` believes whoever tops up that the money is there. */
export const topUpProviders = ['ledger', 'stripe'] as const;
export type TopUpProvider = (typeof topUpProviders)[number];

/**
 * `pending` until the payer has paid; `posted` is on the account; `failed` was never collected; `refund_due` was
 * collected and cannot be posted, so that somebody has to give it back at the provider.
 */
export const topUpStates = ['pending', 'posted', 'failed', 'refund_due'] as const;
export type TopUpState = (typeof topUpStates)[number];

/** Money that comes from outside into an account. */
export interface TopUp {
  readonly id: string;
  readonly accountId: string;
  readonly amount: Amount;
  readonly provider: TopUpProvider;
  /** What the provider calls it; undefined until it has answered. */
  readonly reference: string | undefined;
  readonly state: TopUpState;
  /** While it is `posted`. */
  readonly postingId: string | undefined;
  /** As `recordedActor` writes it. */
  readonly actor: string;
  readonly memo: string | undefined;
  readonly at: Date;
  readonly endedAt: Date | undefined;
  /** Why it is not posted: a code of the table of errors, or `stripe: ` and the provider’s own word for what the payer’s last try came to. */
  readonly reason: string | undefined;
}

const firstAskMs = 60_000;

/** When the provider is asked what came of it, if nobody brings news: after a minute, then at twice its age. */
export function nextAsk({ at }: Pick<TopUp, 'at'>, now: Date): Date {
  return new Date(now.getTime() + Math.max(firstAskMs, now.getTime() - at.getTime()));
}
