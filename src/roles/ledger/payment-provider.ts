import type { Amount } from '../../domain/money.ts';
import type { TopUpProvider } from '../../domain/top-up.ts';

/** What is to be collected. The id names it for ever: the same one is collected once. */
export interface Collecting {
  readonly topUpId: string;
  readonly accountId: string;
  readonly amount: Amount;
}

/** What has come of it so far. */
export interface Collection {
  /** What the provider calls it. */
  readonly reference: string;
  readonly state: 'pending' | 'succeeded' | 'failed';
  /** What was collected, as the provider says; if nothing yet, what is to be. */
  readonly amount: Amount;
  /** The top-up that it is for, if it says so itself. */
  readonly topUpId?: string | undefined;
  /** With it the payer, and nobody else, pays. Kept nowhere. */
  readonly clientSecret?: string | undefined;
  /** The provider's word for what the payer's last try came to. */
  readonly reason?: string | undefined;
}

/** Brings money from outside. */
export interface PaymentProvider {
  readonly name: TopUpProvider;
  /** It asks nobody: what it begins has succeeded. */
  readonly isImmediate: boolean;
  /** Errors: `amount_not_collectable`. */
  check(amount: Amount): void;
  /**
   * Begins to collect; again with the same id it resolves to the same collection. Errors: `amount_not_collectable` and
   * `topup_failed` for good; `remote_unreachable`, `timed_out`, `provider_refused`, `bad_reply` leave open what came of it.
   */
  begin(collecting: Collecting): Promise<Collection>;
  /** Errors: as of `begin`, those that leave it open. */
  find(reference: string): Promise<Collection>;
  /** How it brings news by itself, if it does. */
  readonly notices?: ProviderNotices | undefined;
}

export interface ProviderNotices {
  /** The header that signs a notice, in lower case. */
  readonly signatureHeader: string;
  /**
   * Reads a notice, in the bytes that were signed; undefined if it is of nothing that is collected here.
   * Errors: `webhook_rejected` for a signature that is missing, wrong or old; `invalid_input`.
   */
  read(body: Uint8Array, signature: string | undefined): Promise<Collection | undefined>;
}

/** Whoever tops up says that the money is there: cash at the counter, a transfer that has arrived. */
export const ledgerProvider: PaymentProvider = {
  name: 'ledger',
  isImmediate: true,
  check() {},
  async begin({ topUpId, amount }) {
    return { reference: topUpId, state: 'succeeded', amount };
  },
  async find() {
    throw new Error('What is immediate is never asked for again.');
  },
};
