import type { Clock } from '../domain/clock.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { PaymentProvider } from '../roles/ledger/payment-provider.ts';
import { readGivenSecret, type SecretSources } from './secret-input.ts';

export interface PaymentProviderFlags {
  readonly 'stripe-key-file'?: string | undefined;
  readonly 'stripe-webhook-secret-file'?: string | undefined;
}

/** Who collects beside the ledger itself: Stripe, if there is a key. Errors: `missing_input`, `invalid_input`, those of secrets. */
export async function openPaymentProviders(flags: PaymentProviderFlags, clock: Clock, sources: SecretSources): Promise<PaymentProvider[]> {
  const key = await readGivenSecret('stripe-key', flags['stripe-key-file'], { ...sources, message: 'Stripe’s secret key:' });
  const webhookSecret = await readGivenSecret('stripe-webhook-secret', flags['stripe-webhook-secret-file'], { ...sources, message: 'Signing secret of Stripe’s notices:' });
  if (key === undefined) {
    if (webhookSecret !== undefined) {
      throw new LatchkeyError('missing_input', 'Stripe’s notices are of use with its key alone: give --stripe-key-file PATH|- or set LATCHKEY_STRIPE_KEY.');
    }
    return [];
  }
  const { StripeProvider } = await import('../providers/stripe.ts');
  return [new StripeProvider({ key, webhookSecret, clock })];
}
