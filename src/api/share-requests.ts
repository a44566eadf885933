import { Buffer } from 'node:buffer';
import type { GrantUsage } from '../domain/grant.ts';
import { meterSides, type MeterReading } from '../domain/meter.ts';
import { approvals, longestAnswerMs } from '../domain/offer.ts';
import { parseQuantity, quantityText, type Allowance, type Quantity } from '../domain/quantity.ts';
import { shareRequestStates, type Party, type ShareRequest } from '../domain/share-request.ts';
import { parseTariff, tariffToJson } from '../domain/tariff-json.ts';
import { base64url } from '../protocol/encoding.ts';
import type { AccessOrder, HourOfTraffic, ShareRequestFilter, Usage } from '../roles/sharing/ports.ts';
import { grantFromWire, grantSchema, grantToWire } from './grants.ts';
import { amountFromWire, amountSchema, amountToWire, minor } from './money.ts';
import { pageOf, pageQuery } from './page.ts';
import { arrayOf, boolean, bytes32, count, digits, id, input, instant, object, oneOf, remark, text, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

const longestJwk = 512;
const longestJwe = 4096;

const quantity = { type: 'string', minLength: 2, maxLength: 32, description: 'Time such as `10min` or traffic such as `500MB`.' } as const;
const allowance = { type: 'string', maxLength: 32, description: 'Time such as `10min`, traffic such as `500MB`, `0 time`, `0 traffic` or `unlimited`.' } as const;
const jwk = { type: 'string', maxLength: longestJwk, description: 'A public key on P-256 (RFC 7517), as JSON.' } as const;
const meterKey = { ...bytes32, description: 'A public key of Ed25519, 32 bytes in base64url.' } as const;
const sealed = { type: 'string', maxLength: longestJwe, pattern: '^[A-Za-z0-9_.-]+$', description: 'A compact JWE that only the guest opens (RFC 7516).' } as const;
const signature = { type: 'string', pattern: '^[A-Za-z0-9_-]{86}$', description: 'Ed25519, 64 bytes in base64url.' } as const;
const tariff = { type: 'object', additionalProperties: true, description: 'As `latchkey pos tariff show --json` prints it.' } as const;
const thumbprint = { ...bytes32, description: 'RFC 7638, SHA-256.' } as const;

export const accessOrderSchema = input('AccessOrder', { quantity, jwk, meter_key: meterKey }, { account: { ...text, description: 'Who pays, by id or name; the terminal’s only one if left out.' } });
export type AccessOrderWire = Static<typeof accessOrderSchema>;
export const increaseOrderSchema = input('IncreaseOrder', { quantity });

const party = object('ShareParty', { account_id: id, terminal_id: id });
export const shareRequestSchema = object(
  'ShareRequest',
  {
    request_id: id,
    kind: oneOf(['access', 'increase']),
    access_id: id,
    offer_id: id,
    network_id: id,
    ap_id: id,
    guest: party,
    sharer: party,
    meter_key: meterKey,
    tariff,
    approval: oneOf(approvals),
    answer_ms: { type: 'integer', minimum: 1, maximum: longestAnswerMs },
    quantity: allowance,
    bought: allowance,
    fee: amountSchema,
    state: oneOf(shareRequestStates),
    created_at: instant,
    returned: minor,
    owed: minor,
  },
  { jwk, payment_id: id, grant_id: id, due_at: instant, paid_at: instant, ended_at: instant, reason: remark },
);
export type ShareRequestWire = Static<typeof shareRequestSchema>;
export const shareRequestPageSchema = pageOf('ShareRequestPage', shareRequestSchema);
export const shareRequestQuerySchema = input(
  'ShareRequestQuery',
  {},
  { side: oneOf(meterSides), network_id: id, state: { ...arrayOf(oneOf(shareRequestStates)), maxItems: shareRequestStates.length }, ...pageQuery },
);
export type ShareRequestQueryWire = Static<typeof shareRequestQuerySchema>;

export const accessCodeInputSchema = input('AccessCodeInput', { access_code: sealed });
export const accessCodeSchema = object('SealedAccessCode', {}, { access_code: sealed });
export const mismatchSchema = input('KeyMismatch', { thumbprint });
export const warningSchema = input('LowWarning', { threshold: { ...text, description: 'Such as `80%` or `50MB`.' }, remaining: quantity });

const usageMembers = { bytes_in: { ...digits, description: 'Bytes that came from the guest.' }, bytes_out: { ...digits, description: 'Bytes that went to it.' }, seconds: count } as const;
const readingMembers = { ...usageMembers, at: instant, final: boolean, signature } as const;
export const readingInputSchema = input('MeterReadingInput', readingMembers);
export type ReadingInputWire = Static<typeof readingInputSchema>;
const readingSchema = object('MeterReading', { grant_id: id, side: oneOf(meterSides), ...readingMembers });
export const shareUsageSchema = object('ShareUsage', { request: shareRequestSchema, grant: grantSchema, used: object('CountedUsage', usageMembers) }, { guest: readingSchema, sharer: readingSchema });
export type ShareUsageWire = Static<typeof shareUsageSchema>;

export const trafficQuerySchema = input('TrafficQuery', { from: instant, to: instant }, { network_id: id });
const { bytes_in: bytesInSchema, bytes_out: bytesOutSchema } = usageMembers;
export const trafficSchema = object('SharedTraffic', { hours: arrayOf(object('HourOfTraffic', { hour: instant, bytes_in: bytesInSchema, bytes_out: bytesOutSchema })) });
export type TrafficWire = Static<typeof trafficSchema>;

export function accessOrderToWire({ quantity: wanted, jwk: key, meterKey: meter, account }: AccessOrder): AccessOrderWire {
  return present({ quantity: quantityText(wanted), jwk: key, meter_key: base64url(meter), account });
}

/** Errors: `invalid_input`. */
export function accessOrderFromWire(offerId: string, wire: AccessOrderWire): AccessOrder {
  return { offerId, quantity: parseQuantity(wire.quantity), jwk: wire.jwk, meterKey: bytes(wire.meter_key), account: wire.account };
}

export function shareRequestToWire(request: ShareRequest): ShareRequestWire {
  return present({
    request_id: request.id,
    kind: request.kind,
    access_id: request.accessId,
    offer_id: request.offerId,
    network_id: request.networkId,
    ap_id: request.apId,
    guest: partyToWire(request.guest),
    sharer: partyToWire(request.sharer),
    jwk: request.jwk,
    meter_key: base64url(request.meterKey),
    tariff: { ...tariffToJson(request.tariff) },
    approval: request.approval,
    answer_ms: request.answerMs,
    quantity: allowanceToWire(request.quantity),
    bought: allowanceToWire(request.bought),
    fee: amountToWire(request.fee),
    state: request.state,
    payment_id: request.paymentId,
    grant_id: request.grantId,
    created_at: instantToWire(request.createdAt),
    due_at: instantToWire(request.dueAt),
    paid_at: instantToWire(request.paidAt),
    ended_at: instantToWire(request.endedAt),
    reason: request.reason,
    returned: request.returned.toString(),
    owed: request.owed.toString(),
  });
}

export function shareRequestFromWire(wire: ShareRequestWire): ShareRequest {
  return {
    id: wire.request_id,
    kind: wire.kind,
    accessId: wire.access_id,
    offerId: wire.offer_id,
    networkId: wire.network_id,
    apId: wire.ap_id,
    guest: partyFromWire(wire.guest),
    sharer: partyFromWire(wire.sharer),
    jwk: wire.jwk,
    meterKey: bytes(wire.meter_key),
    tariff: parseTariff(wire.tariff),
    approval: wire.approval,
    answerMs: wire.answer_ms,
    quantity: allowanceFromWire(wire.quantity),
    bought: allowanceFromWire(wire.bought),
    fee: amountFromWire(wire.fee),
    state: wire.state,
    paymentId: wire.payment_id,
    grantId: wire.grant_id,
    createdAt: instantFromWire(wire.created_at),
    dueAt: instantFromWire(wire.due_at),
    paidAt: instantFromWire(wire.paid_at),
    endedAt: instantFromWire(wire.ended_at),
    reason: wire.reason,
    returned: BigInt(wire.returned),
    owed: BigInt(wire.owed),
  };
}

export function shareRequestQueryToWire({ side, networkId, states }: ShareRequestFilter): ShareRequestQueryWire {
  return present({ side, network_id: networkId, state: states && [...states] });
}

export function shareRequestQueryFromWire(wire: ShareRequestQueryWire): ShareRequestFilter {
  return { side: wire.side, networkId: wire.network_id, states: wire.state };
}

type SignedReading = Omit<MeterReading, 'side' | 'grantId'>;

export function readingToWire({ bytesIn, bytesOut, seconds, at, isFinal, signature: signed }: SignedReading): ReadingInputWire {
  return { ...usageToWire({ bytesIn, bytesOut, seconds }), at: instantToWire(at), final: isFinal, signature: base64url(signed) };
}

export function readingFromWire(wire: ReadingInputWire): SignedReading {
  return { ...usageFromWire(wire), at: instantFromWire(wire.at), isFinal: wire.final, signature: bytes(wire.signature) };
}

export function shareUsageToWire({ request, grant, guest, sharer, used }: Usage): ShareUsageWire {
  return present({
    request: shareRequestToWire(request),
    grant: grantToWire(grant),
    guest: guest && { ...readingToWire(guest), grant_id: guest.grantId, side: guest.side },
    sharer: sharer && { ...readingToWire(sharer), grant_id: sharer.grantId, side: sharer.side },
    used: usageToWire(used),
  });
}

export function shareUsageFromWire(wire: ShareUsageWire): Usage {
  return {
    request: shareRequestFromWire(wire.request),
    grant: grantFromWire(wire.grant),
    guest: wire.guest && { ...readingFromWire(wire.guest), grantId: wire.guest.grant_id, side: wire.guest.side },
    sharer: wire.sharer && { ...readingFromWire(wire.sharer), grantId: wire.sharer.grant_id, side: wire.sharer.side },
    used: usageFromWire(wire.used),
  };
}

export function trafficToWire(hours: readonly HourOfTraffic[]): TrafficWire {
  return { hours: hours.map(({ hour, bytesIn, bytesOut }) => ({ hour: instantToWire(hour), bytes_in: bytesIn.toString(), bytes_out: bytesOut.toString() })) };
}

export function trafficFromWire({ hours }: TrafficWire): readonly HourOfTraffic[] {
  return hours.map(({ hour, bytes_in: bytesIn, bytes_out: bytesOut }) => ({ hour: instantFromWire(hour), bytesIn: BigInt(bytesIn), bytesOut: BigInt(bytesOut) }));
}

function usageToWire({ bytesIn, bytesOut, seconds }: GrantUsage) {
  return { bytes_in: bytesIn.toString(), bytes_out: bytesOut.toString(), seconds };
}

function usageFromWire({ bytes_in: bytesIn, bytes_out: bytesOut, seconds }: { readonly bytes_in: string; readonly bytes_out: string; readonly seconds: number }): GrantUsage {
  return { bytesIn: BigInt(bytesIn), bytesOut: BigInt(bytesOut), seconds };
}

function partyToWire({ accountId, terminalId }: Party) {
  return { account_id: accountId, terminal_id: terminalId };
}

function partyFromWire({ account_id: accountId, terminal_id: terminalId }: { readonly account_id: string; readonly terminal_id: string }): Party {
  return { accountId, terminalId };
}

/** What is free is bought as nothing, which no quantity says. */
const nothing = { time: '0 time', traffic: '0 traffic' } as const;

export function allowanceToWire(of: Allowance): string {
  return of === 'unlimited' ? of : of.size === 0n ? nothing[of.metric] : quantityText(of);
}

export function allowanceFromWire(of: string): Allowance {
  if (of === 'unlimited') {
    return of;
  }
  const none: Quantity | undefined = of === nothing.time ? { metric: 'time', size: 0n } : of === nothing.traffic ? { metric: 'traffic', size: 0n } : undefined;
  return none ?? parseQuantity(of);
}

function bytes(of: string): Uint8Array {
  return Buffer.from(of, 'base64url');
}
