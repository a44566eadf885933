import { parseSubjectToken } from '../protocol/subject-token.ts';
import { walletDeclines } from '../protocol/wallet-decline.ts';
import { isErrorCode, LatchkeyError } from '../domain/errors.ts';
import type { Served } from '../roles/pos/counter.ts';
import type { TapCharge, WaitingEvent } from '../roles/pos/counter-desk.ts';
import type { OpenCounter, PhoneClaim, PhoneServed, Portal } from '../roles/pos/phone-counter.ts';
import { credentialFromWire, credentialSchema, credentialToWire } from './agent-control.ts';
import { checker } from './check.ts';
import { grantFromWire, grantSchema, grantToWire } from './grants.ts';
import { amountFromWire, amountInputSchema, amountSchema, amountToWire } from './money.ts';
import { problemFromWire, problemSchema, problemToWire } from './problem.ts';
import { paymentReplyFromWire, paymentReplySchema, paymentReplyToWire } from './payments.ts';
import { saleFromWire, saleSchema, saleToWire } from './registers.ts';
import { boolean, count, id, input, instant, name, object, oneOf, remark, ssid, text, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

// What the agent of a cash register says to phones over HTTP, and to the commands beside it over its Unix socket.

const troubleSchema = object('CounterTrouble', { code: { type: 'string', maxLength: 64 } }, { message: remark, hint: remark });

export const openCounterSchema = object(
  'OpenCounter',
  { register_id: id, ap_id: id },
  { network: ssid, charge: object('OpenCharge', { payee_id: id, amount: amountSchema, idempotency_key: id }, { memo: text }) },
);
export type OpenCounterWire = Static<typeof openCounterSchema>;

export const phonePaymentSchema = input('PhonePayment', { account_id: id, terminal_id: id, code_number: { ...count, minimum: 1 }, password: name });
export const checkPhonePayment = checker(phonePaymentSchema);

export const phoneDeclineSchema = input('PhoneDecline', { reason: oneOf(walletDeclines) });
export const checkPhoneDecline = checker(phoneDeclineSchema);

const handedOver = {
  grant_id: id,
  ends_at: instant,
  left_s: { ...count, description: 'Seconds left; absent if there is no end to it.' },
  credential: credentialSchema,
  wifi_uri: { type: 'string', description: 'The text of its QR code.' },
  trouble: troubleSchema,
} as const;
export const phoneServedSchema = object('PhoneServed', {}, { payment: paymentReplySchema, phone_token: name, qr_svg: { type: 'string', description: 'With ?qr=true.' }, ...handedOver });
export type PhoneServedWire = Static<typeof phoneServedSchema>;

/** One of them, a receipt code with the token that the phone has from then on; in the place of a token that is left out goes that of the cookie. */
export const phoneAccessSchema = input('PhoneAccess', {}, { subject_token: { type: 'string', maxLength: 256 }, receipt_code: text, phone_token: name });
export type PhoneAccessWire = Static<typeof phoneAccessSchema>;
export const checkPhoneAccess = checker(phoneAccessSchema);

/** The keys are those of RFC 8908, section 5. */
export function portalToWire({ isCaptive, leftMs }: Portal, url: string): object {
  return present({
    captive: isCaptive,
    'user-portal-url': url,
    'can-extend-session': true,
    'seconds-remaining': isCaptive || leftMs === undefined ? undefined : Math.floor(leftMs / 1000),
  });
}

export function openCounterToWire({ registerId, apId, network, order }: OpenCounter): OpenCounterWire {
  return present({
    register_id: registerId,
    ap_id: apId,
    network,
    charge: order && present({ payee_id: order.payeeId, amount: amountToWire(order.amount), idempotency_key: order.key, memo: order.memo }),
  });
}

export function openCounterFromWire({ register_id: registerId, ap_id: apId, network, charge }: OpenCounterWire): OpenCounter {
  return {
    registerId,
    apId,
    network,
    order: charge && { payeeId: charge.payee_id, amount: amountFromWire(charge.amount), key: charge.idempotency_key, memo: charge.memo },
  };
}

/** Errors: `invalid_input` unless it says one thing, or nothing and the cookie does; for a receipt code without a token. */
export function phoneClaimFromWire({ subject_token: subject, receipt_code: receipt, phone_token: token }: PhoneAccessWire, cookie: string | undefined): PhoneClaim {
  const claims: PhoneClaim[] = [
    ...(subject === undefined ? [] : [{ kind: 'terminal', token: parseSubjectToken(subject) } as const]),
    ...(receipt === undefined ? [] : [{ kind: 'receipt', code: receipt, phoneToken: tokenToRedeem(token ?? cookie) } as const]),
    ...(token === undefined || receipt !== undefined ? [] : [{ kind: 'phone', token } as const]),
  ];
  const [claim] = claims.length === 0 && cookie !== undefined ? [{ kind: 'phone', token: cookie } as const] : claims;
  if (claim === undefined || claims.length > 1) {
    throw new LatchkeyError('invalid_input', 'Access is asked for by one of subject_token, receipt_code and phone_token.');
  }
  return claim;
}

function tokenToRedeem(token: string | undefined): string {
  if (token === undefined) {
    // No hint goes over the wire.
    throw new LatchkeyError('invalid_input', 'A receipt code goes with a token of the phone: open the register’s page and allow its cookie, or send a phone_token of 16 random bytes in base64url.');
  }
  return token;
}

export function phoneServedToWire({ reply, grant, leftMs, phoneToken, credential, trouble }: PhoneServed, pictures: { readonly uri: string | undefined; readonly svg: string | undefined }): PhoneServedWire {
  return present({
    payment: reply && paymentReplyToWire(reply),
    phone_token: phoneToken,
    grant_id: grant?.id,
    ends_at: instantToWire(grant?.endsAt),
    left_s: leftMs === undefined ? undefined : Math.floor(leftMs / 1000),
    credential: credential && credentialToWire(credential),
    wifi_uri: pictures.uri,
    qr_svg: pictures.svg,
    trouble: trouble && troubleToWire(trouble),
  });
}

/** What the phone's program makes of it. */
export function phoneServedFromWire(wire: PhoneServedWire) {
  return {
    reply: wire.payment && paymentReplyFromWire(wire.payment),
    phoneToken: wire.phone_token,
    endsAt: instantFromWire(wire.ends_at),
    leftMs: wire.left_s === undefined ? undefined : wire.left_s * 1000,
    credential: wire.credential && credentialFromWire(wire.credential),
    trouble: wire.trouble && troubleFromWire(wire.trouble),
  };
}

/** What the register's agent says of itself. */
export const checkServedCounter = checker(object('ServedCounter', {}, { phone_url: { type: 'string', maxLength: 2048 } }));

const tapChargeSchema = input('TapCharge', { amount: amountInputSchema, takes_mandate: boolean }, { key: id, memo: text });
export const checkTapCharge = checker(tapChargeSchema);
export const checkTap = checker(input('TapRequest', { writes_tag: boolean }));

const servedSchema = object('Served', { is_delivered: boolean }, {
  sale: saleSchema, receipt_code: text, grant: grantSchema, credential: credentialSchema, trouble: troubleSchema,
});
export type ServedWire = Static<typeof servedSchema>;

/** One line of what is said to who waits: what happens, and at last what came of it. */
const waitingLineSchema = {
  anyOf: [
    object('Waits', { event: oneOf(['waiting']), for: oneOf(['charge', 'access', 'tag']), has_reader: boolean }),
    object('Refused', { event: oneOf(['refused']), by: oneOf(['card', 'phone']), trouble: troubleSchema }),
    object('ReaderState', { event: oneOf(['reader']) }, { trouble: troubleSchema }),
    object('Ended', { event: oneOf(['served']), served: servedSchema }),
    object('Failed', { event: oneOf(['failed']), problem: problemSchema }),
  ],
} as const;
export type WaitingLineWire = Static<typeof waitingLineSchema>;
export const checkWaitingLine = checker(waitingLineSchema);

export function waitingEventToWire(event: WaitingEvent): WaitingLineWire {
  switch (event.kind) {
    case 'waiting':
      return { event: event.kind, for: event.for, has_reader: event.hasReader };
    case 'refused':
      return { event: event.kind, by: event.by, trouble: heardToWire(event.error) };
    case 'reader':
      return present({ event: event.kind, trouble: event.state.kind === 'away' ? heardToWire(event.state.error) : undefined });
  }
}

export function servedLineToWire(served: Served): WaitingLineWire {
  return { event: 'served', served: servedToWire(served) };
}

export function failedLineToWire(error: LatchkeyError): WaitingLineWire {
  return { event: 'failed', problem: problemToWire(error) };
}

/** What happened, or what came of it; an error that came of it is thrown. */
export function waitingLineFromWire(line: WaitingLineWire): WaitingEvent | Served {
  switch (line.event) {
    case 'waiting':
      return { kind: line.event, for: line.for, hasReader: line.has_reader };
    case 'refused':
      return { kind: line.event, by: line.by, error: troubleFromWire(line.trouble) };
    case 'reader':
      return { kind: line.event, state: line.trouble === undefined ? { kind: 'ready' } : { kind: 'away', error: troubleFromWire(line.trouble) } };
    case 'served':
      return servedFromWire(line.served);
    case 'failed':
      throw problemFromWire(line.problem) ?? new LatchkeyError('bad_reply', 'The agent fails with a problem that is not known here.');
  }
}

export function tapChargeToWire({ key, amount, memo, takesMandate }: TapCharge): Static<typeof tapChargeSchema> {
  return present({ key, amount: amountToWire(amount), memo, takes_mandate: takesMandate });
}

export function tapChargeFromWire({ key, amount, memo, takes_mandate: takesMandate }: Static<typeof tapChargeSchema>): TapCharge {
  return { key, amount: amountFromWire(amount), memo, takesMandate };
}

function servedToWire({ charged, grant, credential, isDelivered, trouble }: Served): ServedWire {
  return present({
    is_delivered: isDelivered,
    sale: charged && saleToWire(charged.sale),
    receipt_code: charged?.receiptCode,
    grant: grant && grantToWire(grant),
    credential: credential && credentialToWire(credential),
    trouble: trouble && troubleToWire(trouble),
  });
}

function servedFromWire(wire: ServedWire): Served {
  const grant = wire.grant && grantFromWire(wire.grant);
  return {
    charged: wire.sale && { sale: saleFromWire(wire.sale), grant, reply: undefined, receiptCode: wire.receipt_code },
    grant,
    credential: wire.credential && credentialFromWire(wire.credential),
    isDelivered: wire.is_delivered,
    trouble: wire.trouble && troubleFromWire(wire.trouble),
  };
}

function troubleToWire({ code, message }: LatchkeyError): Static<typeof troubleSchema> {
  return { code, message: message.slice(0, remark.maxLength) };
}

/** On this machine also with what can be done. */
function heardToWire(error: LatchkeyError): Static<typeof troubleSchema> {
  return { ...troubleToWire(error), hint: error.hint.slice(0, remark.maxLength) };
}

function troubleFromWire({ code, message, hint }: Static<typeof troubleSchema>): LatchkeyError {
  return new LatchkeyError(isErrorCode(code) ? code : 'bad_reply', message, hint === undefined ? {} : { hint });
}
