import { Buffer } from 'node:buffer';
import { LatchkeyError } from '../../domain/errors.ts';
import type { FinalRefusal } from '../../domain/payment.ts';
import { base64url } from '../../protocol/encoding.ts';
import type { PaymentReply } from './payment-request.ts';

/** What a payment came to: its reply, or why it was refused. */
export type Outcome = { readonly reply: PaymentReply } | { readonly refusal: FinalRefusal; readonly message: string };

/** Errors: the refusal. */
export function replyOf(outcome: Outcome): PaymentReply {
  if ('refusal' in outcome) {
    throw new LatchkeyError(outcome.refusal, outcome.message);
  }
  return outcome.reply;
}

/** As it is kept, for ever. */
export function outcomeText(outcome: Outcome): string {
  if ('refusal' in outcome) {
    return JSON.stringify(outcome);
  }
  const { amount, at, expiresAt, renewal, ...reply } = outcome.reply;
  return JSON.stringify({
    ...reply,
    minor: amount.minor.toString(),
    currency: amount.currency,
    at: at.getTime(),
    expiresAt: expiresAt?.getTime(),
    rotation: renewal !== undefined && 'rotation' in renewal ? base64url(renewal.rotation) : undefined,
    nextCode: renewal !== undefined && 'nextCode' in renewal ? base64url(renewal.nextCode) : undefined,
  });
}

export function outcomeFrom(text: string): Outcome {
  const kept = JSON.parse(text);
  if ('refusal' in kept) {
    return kept;
  }
  const { minor, currency, at, expiresAt, rotation, nextCode, ...reply } = kept;
  return {
    reply: {
      ...reply,
      amount: { minor: BigInt(minor), currency },
      at: new Date(at),
      expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt),
      renewal: rotation !== undefined ? { rotation: Buffer.from(rotation, 'base64url') } : nextCode !== undefined ? { nextCode: Buffer.from(nextCode, 'base64url') } : undefined,
    },
  };
}
