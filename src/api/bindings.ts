import { Buffer } from 'node:buffer';
import { passwordAlgorithms } from '../domain/payment.ts';
import { base64url } from '../protocol/encoding.ts';
import type { BindingStatus, BindRequest, NewBinding, VerificationSent } from '../roles/wallet/ports.ts';
import { currency, minor } from './money.ts';
import { arrayOf, bytes32, count, id, input, instant, object, oneOf, text, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

export const verificationRequestSchema = input('VerificationRequest', { account: { ...text, description: 'Its id, name or card reference.' }, name: text });
export const verificationSentSchema = object('VerificationSent', { verification_id: id, expires_at: instant });

export const bindRequestSchema = input(
  'BindRequest',
  {
    verification_id: id,
    verification_code: { type: 'string', pattern: '^[0-9]{6}$' },
    identity_code: { type: 'string', minLength: 4, maxLength: 64 },
  },
  { algorithm: oneOf(passwordAlgorithms) },
);
export type BindRequestWire = Static<typeof bindRequestSchema>;

export const newBindingSchema = object('NewBinding', {
  account_id: id,
  name: text,
  currency,
  terminal_id: id,
  algorithm: oneOf(passwordAlgorithms),
  temporary_code: bytes32,
  code_number: count,
});
export type NewBindingWire = Static<typeof newBindingSchema>;

export const bindingStatusSchema = object(
  'BindingStatus',
  {
    account_id: id,
    terminal_id: id,
    name: text,
    currency,
    available: minor,
    held: minor,
    credit: minor,
    algorithm: oneOf(passwordAlgorithms),
    code_number: count,
    wrong: { ...count, description: 'Wrong passwords in a row.' },
    other_terminals: count,
    bound_at: instant,
  },
  { locked_until: instant, superseded_at: instant, suspended_at: instant },
);
export type BindingStatusWire = Static<typeof bindingStatusSchema>;
export const bindingListSchema = object('BindingList', { bindings: arrayOf(bindingStatusSchema) });

export function verificationSentToWire({ verificationId, expiresAt }: VerificationSent): Static<typeof verificationSentSchema> {
  return { verification_id: verificationId, expires_at: instantToWire(expiresAt) };
}

export function verificationSentFromWire(wire: Static<typeof verificationSentSchema>): VerificationSent {
  return { verificationId: wire.verification_id, expiresAt: instantFromWire(wire.expires_at) };
}

export function bindRequestToWire(request: BindRequest): BindRequestWire {
  return present({
    verification_id: request.verificationId,
    verification_code: request.verificationCode,
    identity_code: request.identityCode,
    algorithm: request.algorithm,
  });
}

export function bindRequestFromWire(wire: BindRequestWire): BindRequest {
  return {
    verificationId: wire.verification_id,
    verificationCode: wire.verification_code,
    identityCode: wire.identity_code,
    algorithm: wire.algorithm,
  };
}

export function newBindingToWire({ accountId, temporaryCode, terminalId, ...binding }: NewBinding): NewBindingWire {
  return {
    account_id: accountId,
    ...binding,
    terminal_id: terminalId,
    temporary_code: base64url(temporaryCode.code),
    code_number: temporaryCode.number,
  };
}

export function newBindingFromWire(wire: NewBindingWire): NewBinding {
  return {
    accountId: wire.account_id,
    name: wire.name,
    currency: wire.currency,
    terminalId: wire.terminal_id,
    algorithm: wire.algorithm,
    temporaryCode: { number: wire.code_number, code: Buffer.from(wire.temporary_code, 'base64url') },
  };
}

export function bindingStatusToWire(status: BindingStatus): BindingStatusWire {
  return present({
    account_id: status.accountId,
    terminal_id: status.terminalId,
    name: status.name,
    currency: status.currency,
    available: status.available.toString(),
    held: status.held.toString(),
    credit: status.credit.toString(),
    suspended_at: instantToWire(status.suspendedAt),
    algorithm: status.algorithm,
    code_number: status.codeNumber,
    wrong: status.wrong,
    locked_until: instantToWire(status.lockedUntil),
    superseded_at: instantToWire(status.supersededAt),
    other_terminals: status.otherTerminals,
    bound_at: instantToWire(status.boundAt),
  });
}

export function bindingStatusFromWire(wire: BindingStatusWire): BindingStatus {
  return {
    accountId: wire.account_id,
    terminalId: wire.terminal_id,
    name: wire.name,
    currency: wire.currency,
    available: BigInt(wire.available),
    held: BigInt(wire.held),
    credit: BigInt(wire.credit),
    suspendedAt: instantFromWire(wire.suspended_at),
    algorithm: wire.algorithm,
    codeNumber: wire.code_number,
    wrong: wire.wrong,
    lockedUntil: instantFromWire(wire.locked_until),
    supersededAt: instantFromWire(wire.superseded_at),
    otherTerminals: wire.other_terminals,
    boundAt: instantFromWire(wire.bound_at),
  };
}
