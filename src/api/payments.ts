import { Buffer } from 'node:buffer';
import { longestHoldMs, paymentStates, type Payment } from '../domain/payment.ts';
import type { PaymentReply, PaymentRequest } from '../roles/ledger/payment-request.ts';
import { base64url } from '../protocol/encoding.ts';
import { codeOrderFromWire, codeOrderSchema, codeOrderToWire } from './codes.ts';
import { payeeFromWire, payeeSchema, payeeToWire } from './accounts.ts';
import { amountFromWire, amountInputSchema, amountSchema, amountToWire, minor } from './money.ts';
import { pageOf, pageQuery } from './page.ts';
import { arrayOf, bytes32, count, id, input, instant, name, object, oneOf, remark, text, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

const holdS = { type: 'integer', minimum: 1, maximum: longestHoldMs / 1000, description: 'Seconds.' } as const;

/** The key is the `Idempotency-Key` of the request. */
export const paymentInputSchema = input(
  'PaymentInput',
  { payee_id: id, amount: amountInputSchema, password: { ...name, description: 'The transaction password (protocol.md section 4).' } },
  { account_id: id, code_number: { ...count, minimum: 1 }, memo: text, hold_s: holdS, register_id: { ...id, description: 'The cash register that asked for it, and that gives time on a network for it.' }, code: codeOrderSchema, request_id: { ...id, description: 'The request for access to a shared network that it pays.' } },
);
export type PaymentInputWire = Static<typeof paymentInputSchema>;

export const paymentReplySchema = object(
  'PaymentReply',
  { payment_id: id, state: oneOf(['paid', 'held']), account_id: id, payee: payeeSchema, amount: amountSchema, at: instant },
  { expires_at: instant, rotation: bytes32, next_code: bytes32 },
);
export type PaymentReplyWire = Static<typeof paymentReplySchema>;

/** What a cancellation came to: `cancelled`, or what had been paid before. */
export const cancellationSchema = object('Cancellation', { state: oneOf(['cancelled', 'paid', 'held']) }, { payment: paymentReplySchema });

export const paymentSchema = object(
  'Payment',
  {
    payment_id: id,
    account_id: id,
    key: id,
    terminal_id: id,
    state: oneOf(paymentStates),
    payee_id: id,
    amount: amountSchema,
    captured: minor,
    refunded: minor,
    at: instant,
  },
  {
    memo: text, expires_at: instant, ended_at: instant, reason: remark,
    code_id: { ...id, description: 'The credit payment code whose limit it holds.' },
  },
);
export type PaymentWire = Static<typeof paymentSchema>;
export const paymentPageSchema = pageOf('PaymentPage', paymentSchema);
export const paymentQuerySchema = input(
  'PaymentQuery',
  {},
  { account_id: { ...arrayOf(id), maxItems: 100 }, payee_id: { ...arrayOf(id), maxItems: 100 }, terminal_id: id, state: oneOf(paymentStates), ...pageQuery },
);

export const captureSchema = input('Capture', {}, { amount: amountInputSchema });
export const refundSchema = input('Refund', {}, { amount: amountInputSchema, memo: text });

export function paymentInputToWire(request: PaymentRequest): PaymentInputWire {
  return present({
    account_id: request.accountId,
    payee_id: request.payeeId,
    amount: amountToWire(request.amount),
    password: request.password,
    code_number: request.codeNumber,
    memo: request.memo,
    hold_s: request.holdMs === undefined ? undefined : Math.max(1, Math.round(request.holdMs / 1000)),
    register_id: request.purchase?.registerId,
    code: request.code && codeOrderToWire(request.code),
    request_id: request.shareRequestId,
  });
}

export function paymentInputFromWire(wire: PaymentInputWire, key: string): PaymentRequest {
  return {
    key,
    accountId: wire.account_id,
    payeeId: wire.payee_id,
    amount: amountFromWire(wire.amount),
    password: wire.password,
    codeNumber: wire.code_number,
    memo: wire.memo,
    holdMs: wire.hold_s === undefined ? undefined : wire.hold_s * 1000,
    purchase: wire.register_id === undefined ? undefined : { registerId: wire.register_id },
    code: wire.code && codeOrderFromWire(wire.code),
    shareRequestId: wire.request_id,
  };
}

export function paymentReplyToWire({ renewal, ...reply }: PaymentReply): PaymentReplyWire {
  return present({
    payment_id: reply.paymentId,
    state: reply.state,
    account_id: reply.accountId,
    payee: payeeToWire(reply.payee),
    amount: amountToWire(reply.amount),
    at: instantToWire(reply.at),
    expires_at: instantToWire(reply.expiresAt),
    rotation: renewal !== undefined && 'rotation' in renewal ? base64url(renewal.rotation) : undefined,
    next_code: renewal !== undefined && 'nextCode' in renewal ? base64url(renewal.nextCode) : undefined,
  });
}

export function paymentReplyFromWire(wire: PaymentReplyWire): PaymentReply {
  const { rotation, next_code: nextCode } = wire;
  return {
    paymentId: wire.payment_id,
    state: wire.state,
    accountId: wire.account_id,
    payee: payeeFromWire(wire.payee),
    amount: amountFromWire(wire.amount),
    at: instantFromWire(wire.at),
    expiresAt: instantFromWire(wire.expires_at),
    renewal: renewalFrom(rotation, nextCode),
  };
}

function renewalFrom(rotation: string | undefined, nextCode: string | undefined): PaymentReply['renewal'] {
  if (rotation !== undefined) {
    return { rotation: Buffer.from(rotation, 'base64url') };
  }
  return nextCode === undefined ? undefined : { nextCode: Buffer.from(nextCode, 'base64url') };
}

export function paymentToWire(payment: Payment): PaymentWire {
  return present({
    payment_id: payment.id,
    account_id: payment.accountId,
    key: payment.key,
    terminal_id: payment.terminalId,
    state: payment.state,
    payee_id: payment.payeeId,
    amount: amountToWire(payment.amount),
    captured: payment.captured.toString(),
    refunded: payment.refunded.toString(),
    memo: payment.memo,
    at: instantToWire(payment.at),
    expires_at: instantToWire(payment.expiresAt),
    ended_at: instantToWire(payment.endedAt),
    reason: payment.reason,
    code_id: payment.codeId,
  });
}

export function paymentFromWire(wire: PaymentWire): Payment {
  return {
    id: wire.payment_id,
    accountId: wire.account_id,
    key: wire.key,
    terminalId: wire.terminal_id,
    state: wire.state,
    payeeId: wire.payee_id,
    amount: amountFromWire(wire.amount),
    captured: BigInt(wire.captured),
    refunded: BigInt(wire.refunded),
    memo: wire.memo,
    at: instantFromWire(wire.at),
    expiresAt: instantFromWire(wire.expires_at),
    endedAt: instantFromWire(wire.ended_at),
    reason: wire.reason,
    codeId: wire.code_id,
  };
}
