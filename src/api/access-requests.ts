import { Buffer } from 'node:buffer';
import { requestStatuses, type AccessRequest } from '../domain/access-request.ts';
import { base64url } from '../protocol/encoding.ts';
import type { DppAnswer, ProvenRequest } from '../roles/ap/ports.ts';
import { termsProperties } from './grants.ts';
import { verificationStatus } from './verifications.ts';
import { pageOf, pageQuery } from './page.ts';
import { arrayOf, boolean, bytes32, compressedPoint, count, id, input, instant, object, oneOf, recordedActor, remark, text, uuid, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

export const accessRequestSchema = object(
  'AccessRequest',
  {
    request_id: id,
    uuid,
    ap_id: id,
    status: oneOf(requestStatuses),
    weak: boolean,
    plain: boolean,
    dpp: { ...boolean, description: 'It announced itself by Wi-Fi Easy Connect, and proves who it is when it takes the password.' },
    created_at: instant,
    expires_at: instant,
    revision: { ...count, description: 'The access point’s revision at which it last changed.' },
  },
  {
    device_label: { ...remark, description: 'What the device says of itself.' },
    match_code: { type: 'string', pattern: '^[0-9]{4}$' },
    model: text,
    batch: text,
    label: text,
    decided_at: instant,
    decided_by: recordedActor,
    reason: remark,
    grant_id: id,
    delivered_at: instant,
    joined_at: instant,
  },
);
export type AccessRequestWire = Static<typeof accessRequestSchema>;

export const accessRequestPageSchema = pageOf('AccessRequestPage', accessRequestSchema);
export const accessRequestQuerySchema = input(
  'AccessRequestQuery',
  {},
  { uuid, ap_id: { ...arrayOf(id), maxItems: 100 }, status: { ...arrayOf(oneOf(requestStatuses)), maxItems: 10 }, ...pageQuery },
);

/** What an access point sends once a device has proven itself to it (protocol.md section 1). */
export const provenRequestSchema = input(
  'ProvenRequest',
  { uuid, device_proof: bytes32, device_nonce: bytes32, ap_nonce: bytes32, shows_code: boolean, plain: boolean },
  { label: text },
);
export type ProvenRequestWire = Static<typeof provenRequestSchema>;

/** What an access point hears of a device that speaks DPP. */
export const dppRequestSchema = input('DppRequest', { hash: { ...bytes32, description: 'Of the chirp: SHA-256 of "chirp" and the key as it is in the URI.' } });
export const dppAnswerSchema = object(
  'DppAnswer',
  { status: verificationStatus },
  { request: accessRequestSchema, public_key: { ...compressedPoint, description: 'Only for `known`.' } },
);
export type DppAnswerWire = Static<typeof dppAnswerSchema>;

const by = { ...oneOf(['local', 'auto']), description: 'How the access point decided; for its token alone.' } as const;
export const approvalSchema = input('Approval', {}, { by, ...termsProperties });
export const denialSchema = input('Denial', {}, { by, reason: text });

export function accessRequestToWire(request: AccessRequest): AccessRequestWire {
  return present({
    request_id: request.id,
    uuid: request.uuid,
    ap_id: request.apId,
    status: request.status,
    device_label: request.deviceLabel,
    match_code: request.matchCode,
    model: request.model,
    batch: request.batch,
    label: request.label,
    weak: request.weak,
    plain: request.plain,
    dpp: request.dpp,
    created_at: instantToWire(request.createdAt),
    expires_at: instantToWire(request.expiresAt),
    decided_at: instantToWire(request.decidedAt),
    decided_by: request.decidedBy,
    reason: request.reason,
    grant_id: request.grantId,
    delivered_at: instantToWire(request.deliveredAt),
    joined_at: instantToWire(request.joinedAt),
    revision: request.revision,
  });
}

export function accessRequestFromWire(wire: AccessRequestWire): AccessRequest {
  return {
    id: wire.request_id,
    uuid: wire.uuid,
    apId: wire.ap_id,
    status: wire.status,
    deviceLabel: wire.device_label,
    matchCode: wire.match_code,
    model: wire.model,
    batch: wire.batch,
    label: wire.label,
    weak: wire.weak,
    plain: wire.plain,
    dpp: wire.dpp,
    createdAt: instantFromWire(wire.created_at),
    expiresAt: instantFromWire(wire.expires_at),
    decidedAt: instantFromWire(wire.decided_at),
    decidedBy: wire.decided_by,
    reason: wire.reason,
    grantId: wire.grant_id,
    deliveredAt: instantFromWire(wire.delivered_at),
    joinedAt: instantFromWire(wire.joined_at),
    revision: wire.revision,
  };
}

export function provenRequestToWire(proven: ProvenRequest): ProvenRequestWire {
  return present({
    uuid: proven.uuid,
    device_proof: base64url(proven.deviceProof),
    device_nonce: base64url(proven.deviceNonce),
    ap_nonce: base64url(proven.apNonce),
    label: proven.deviceLabel,
    shows_code: proven.showsCode,
    plain: proven.plain,
  });
}

export function provenRequestFromWire(wire: ProvenRequestWire): ProvenRequest {
  return {
    uuid: wire.uuid,
    deviceProof: Buffer.from(wire.device_proof, 'base64url'),
    deviceNonce: Buffer.from(wire.device_nonce, 'base64url'),
    apNonce: Buffer.from(wire.ap_nonce, 'base64url'),
    deviceLabel: wire.label,
    showsCode: wire.shows_code,
    plain: wire.plain,
  };
}

export function dppAnswerToWire({ status, asked }: DppAnswer): DppAnswerWire {
  return asked === undefined ? { status } : { status, request: accessRequestToWire(asked.request), public_key: base64url(asked.publicKey) };
}

export function dppAnswerFromWire({ status, request, public_key: publicKey }: DppAnswerWire): DppAnswer {
  const isAsked = request !== undefined && publicKey !== undefined;
  return { status, asked: isAsked ? { request: accessRequestFromWire(request), publicKey: Buffer.from(publicKey, 'base64url') } : undefined };
}
