import Stripe from 'stripe';
import type { Clock } from '../domain/clock.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { Amount } from '../domain/money.ts';
import type { Collecting, Collection, PaymentProvider, ProviderNotices } from '../roles/ledger/payment-provider.ts';
import { toStripe } from './stripe-amount.ts';
import { collectionOf, noticeOf } from './stripe-intent.ts';

export interface StripeOptions {
  /** A secret or restricted key: `sk_…`, `rk_…`. */
  readonly key: string;
  /** With which Stripe signs what it sends to `/v1/webhooks/stripe` (`whsec_…`); without it nothing is taken there. */
  readonly webhookSecret?: string | undefined;
  readonly clock: Clock;
  /** Another address than Stripe’s own. */
  readonly at?: { readonly host: string; readonly port: number; readonly protocol: 'http' | 'https' } | undefined;
  readonly timeoutMs?: number | undefined;
}

/** Long for Stripe, short beside what a caller waits for us. */
const usualTimeoutMs = 10_000;
/** Older notices are refused; what comes back again later Stripe signs anew. */
const toleranceS = 300;
const newsOf: readonly string[] = ['payment_intent.succeeded', 'payment_intent.payment_failed', 'payment_intent.canceled'];

/**
 * Collects by Stripe’s PaymentIntents: each top-up has one, made under its id as idempotency key and named in its
 * metadata. The payer confirms it with its client secret, on a page or in an app of whoever runs this server.
 */
export class StripeProvider implements PaymentProvider {
  readonly name = 'stripe';
  readonly isImmediate = false;
  readonly notices: ProviderNotices | undefined;
  readonly #stripe: Stripe;
  readonly #clock: Clock;

  /** Errors: `invalid_input` for a key or secret of another kind. */
  constructor({ key, webhookSecret, clock, at, timeoutMs = usualTimeoutMs }: StripeOptions) {
    if (!/^[rs]k_\w+$/.test(key)) {
      throw new LatchkeyError('invalid_input', 'This is not a secret key of Stripe (sk_… or rk_…).');
    }
    if (webhookSecret !== undefined && !/^whsec_[!-~]+$/.test(webhookSecret)) {
      throw new LatchkeyError('invalid_input', 'This is not a signing secret of Stripe (whsec_…).');
    }
    // Whatever is not answered is asked again later; more tries here would only keep the caller waiting.
    this.#stripe = new Stripe(key, { telemetry: false, maxNetworkRetries: 0, timeout: timeoutMs, ...at });
    this.#clock = clock;
    this.notices = webhookSecret === undefined ? undefined : { signatureHeader: 'stripe-signature', read: (body, signature) => this.#read(body, signature, webhookSecret) };
  }

  check(amount: Amount): void {
    toStripe(amount);
  }

  async begin({ topUpId, accountId, amount }: Collecting): Promise<Collection> {
    return this.#ask(() =>
      this.#stripe.paymentIntents.create(
        { ...toStripe(amount), automatic_payment_methods: { enabled: true }, metadata: { topup_id: topUpId, account_id: accountId } },
        { idempotencyKey: topUpId },
      ));
  }

  async find(reference: string): Promise<Collection> {
    return this.#ask(() => this.#stripe.paymentIntents.retrieve(reference));
  }

  async #ask(call: () => Promise<unknown>): Promise<Collection> {
    let reply: unknown;
    try {
      reply = await call();
    } catch (error) {
      throw failure(error);
    }
    const collection = collectionOf(reply);
    if (collection === undefined) {
      throw new LatchkeyError('bad_reply', 'Stripe’s reply is no PaymentIntent.');
    }
    return collection;
  }

  async #read(body: Uint8Array, signature: string | undefined, secret: string): Promise<Collection | undefined> {
    if (signature === undefined) {
      throw new LatchkeyError('webhook_rejected', 'The notice has no Stripe-Signature.');
    }
    let event: unknown;
    try {
      event = await this.#stripe.webhooks.constructEventAsync(body, signature, secret, toleranceS, undefined, this.#clock.now().getTime());
    } catch (error) {
      // The client's error holds the whole notice.
      throw error instanceof Stripe.errors.StripeSignatureVerificationError
        ? new LatchkeyError('webhook_rejected', 'The notice’s Stripe-Signature is wrong or too old.')
        : new LatchkeyError('invalid_input', 'The notice is signed, and no event of Stripe’s.');
    }
    const notice = noticeOf(event);
    if (notice === undefined) {
      throw new LatchkeyError('invalid_input', 'The notice is signed, and no event of Stripe’s.');
    }
    if (!newsOf.includes(notice.type)) {
      return undefined;
    }
    const collection = collectionOf(notice.object);
    if (collection === undefined) {
      throw new LatchkeyError('invalid_input', 'The notice is about no PaymentIntent.');
    }
    return collection;
  }
}

/**
 * What went wrong, in words of ours: Stripe’s own speak of keys and secrets, and so does what its errors carry. The
 * request’s id finds it in Stripe’s log.
 */
function failure(error: unknown): unknown {
  const { errors } = Stripe;
  if (!(error instanceof errors.StripeError)) {
    return error;
  }
  const { requestId, code, param, statusCode } = error;
  const at = requestId === undefined ? '' : ` (request ${requestId})`;
  if (error instanceof errors.StripeConnectionError) {
    const isLate = error.detail instanceof Error && (error.detail as NodeJS.ErrnoException).code === 'ETIMEDOUT';
    return isLate ? new LatchkeyError('timed_out', 'Stripe did not answer in time.') : new LatchkeyError('remote_unreachable', 'Stripe cannot be reached.');
  }
  if (error instanceof errors.StripeRateLimitError || statusCode === 409 || (statusCode ?? 0) >= 500) {
    return new LatchkeyError('remote_unreachable', `Stripe cannot answer now${at}.`);
  }
  if (error instanceof errors.StripeAuthenticationError || error instanceof errors.StripePermissionError) {
    return new LatchkeyError('provider_refused', `Stripe does not accept this server’s key for that${at}.`);
  }
  if (error instanceof errors.StripeCardError) {
    return new LatchkeyError('topup_failed', `Stripe did not collect it: ${error.decline_code ?? code ?? 'declined'}${at}.`);
  }
  if (error instanceof errors.StripeInvalidRequestError && (param === 'amount' || param === 'currency')) {
    return new LatchkeyError('amount_not_collectable', `Stripe does not collect this amount: ${code ?? param}${at}.`);
  }
  return error instanceof errors.StripeInvalidRequestError
    ? new LatchkeyError('provider_refused', `Stripe refuses: ${[code, param].filter((word) => word !== undefined).join(', ') || 'invalid request'}${at}.`)
    : new LatchkeyError('bad_reply', `Stripe’s reply makes no sense${at}.`);
}
