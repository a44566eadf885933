import type { Collection } from '../roles/ledger/payment-provider.ts';
import { fromStripe } from './stripe-amount.ts';

/** Of a PaymentIntent (docs.stripe.com/api/payment_intents/object), what is used here. */
interface Intent {
  readonly id: string;
  readonly amount: number;
  readonly amountReceived: number;
  readonly currency: string;
  readonly status: string;
  readonly clientSecret: string | undefined;
  readonly topUpId: string | undefined;
  readonly cancellation: string | undefined;
  readonly lastError: string | undefined;
}

/** What a PaymentIntent says, from Stripe’s reply or notice; undefined if this is none. */
export function collectionOf(value: unknown): Collection | undefined {
  const intent = parse(value);
  if (intent === undefined) {
    return undefined;
  }
  const { id: reference, amount, amountReceived, currency, status, clientSecret, topUpId, cancellation, lastError } = intent;
  const common = { reference, topUpId };
  switch (status) {
    case 'succeeded':
      return { ...common, state: 'succeeded', amount: fromStripe({ amount: amountReceived, currency }) };
    case 'canceled':
      return { ...common, state: 'failed', amount: fromStripe({ amount, currency }), reason: cancellation ?? 'canceled' };
    default:
      // A try that failed is not the end: the payer may try again with the same PaymentIntent.
      return { ...common, state: 'pending', amount: fromStripe({ amount, currency }), clientSecret, reason: lastError };
  }
}

/** What an Event (docs.stripe.com/api/events/object) is of; undefined if this is none. */
export function noticeOf(value: unknown): { readonly type: string; readonly object: unknown } | undefined {
  const event = record(value);
  const type = word(event?.['type']);
  return event?.['object'] !== 'event' || type === undefined ? undefined : { type, object: record(event['data'])?.['object'] };
}

function parse(value: unknown): Intent | undefined {
  const intent = record(value);
  const [id, currency, status] = [word(intent?.['id']), word(intent?.['currency']), word(intent?.['status'])];
  const [amount, amountReceived] = [whole(intent?.['amount']), whole(intent?.['amount_received'])];
  if (intent?.['object'] !== 'payment_intent' || id === undefined || currency === undefined || status === undefined || amount === undefined || amountReceived === undefined) {
    return undefined;
  }
  const lastError = record(intent['last_payment_error']);
  return {
    id,
    amount,
    amountReceived,
    currency,
    status,
    clientSecret: word(intent['client_secret']),
    topUpId: word(record(intent['metadata'])?.['topup_id']),
    cancellation: word(intent['cancellation_reason']),
    lastError: word(lastError?.['decline_code']) ?? word(lastError?.['code']),
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

/** Ids, codes and secrets of Stripe’s have no spaces. */
function word(value: unknown): string | undefined {
  return typeof value === 'string' && /^[!-~]{1,255}$/.test(value) ? value : undefined;
}

function whole(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
