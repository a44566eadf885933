import { Buffer } from 'node:buffer';
import { auditActions, type AuditEntry } from '../domain/audit.ts';
import { base64url } from '../protocol/encoding.ts';
import type { SignedAuditHead } from '../roles/admin/ports.ts';
import type { AuditVerification } from '../roles/store.ts';
import { pageOf, pageQuery } from './page.ts';
import { arrayOf, boolean, bytes32, digits, id, input, instant, object, oneOf, remark, uuid, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

export const auditEntrySchema = object(
  'AuditEntry',
  {
    id: digits,
    at: instant,
    actor: remark,
    action: oneOf(auditActions),
    detail: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
  },
  { uuid, ap_id: id },
);
export type AuditEntryWire = Static<typeof auditEntrySchema>;

export const auditPageSchema = pageOf('AuditPage', auditEntrySchema);
export const auditQuerySchema = input('AuditQuery', {}, { action: oneOf(auditActions), uuid, ...pageQuery });

/** A device's whole trail, oldest first. */
export const historySchema = object('History', { items: arrayOf(auditEntrySchema) });

export const auditVerificationSchema = object(
  'AuditVerification',
  { ok: boolean, unsealed: digits },
  {
    head: object('AuditHead', { id: digits, count: digits, hash: bytes32 }),
    broken: object('AuditBreak', { id: digits, detail: remark }),
  },
);
export type AuditVerificationWire = Static<typeof auditVerificationSchema>;

export const signedAuditHeadSchema = object('SignedAuditHead', {
  id: digits,
  count: digits,
  hash: remark,
  at: instant,
  public_key: remark,
  signature: remark,
});
export type SignedAuditHeadWire = Static<typeof signedAuditHeadSchema>;

export function auditEntryToWire(entry: AuditEntry): AuditEntryWire {
  return present({
    id: entry.id.toString(),
    at: instantToWire(entry.at),
    actor: entry.actor,
    action: entry.action,
    uuid: entry.uuid,
    ap_id: entry.apId,
    detail: { ...entry.detail },
  });
}

export function auditEntryFromWire(wire: AuditEntryWire): AuditEntry {
  return {
    id: BigInt(wire.id),
    at: instantFromWire(wire.at),
    actor: wire.actor,
    action: wire.action,
    uuid: wire.uuid,
    apId: wire.ap_id,
    detail: wire.detail,
  };
}

export function auditVerificationToWire(verification: AuditVerification): AuditVerificationWire {
  const { ok, head, unsealed, broken } = verification;
  return present({
    ok,
    head: head && { id: head.id.toString(), count: head.count.toString(), hash: base64url(head.hash) },
    unsealed: unsealed.toString(),
    broken: broken && { id: broken.id.toString(), detail: broken.detail },
  });
}

export function auditVerificationFromWire(wire: AuditVerificationWire): AuditVerification {
  const { ok, head, unsealed, broken } = wire;
  return {
    ok,
    head: head && { id: BigInt(head.id), count: BigInt(head.count), hash: Buffer.from(head.hash, 'base64url') },
    unsealed: BigInt(unsealed),
    broken: broken && { id: BigInt(broken.id), detail: broken.detail },
  };
}

export function signedAuditHeadToWire(head: SignedAuditHead): SignedAuditHeadWire {
  return {
    id: head.id.toString(),
    count: head.count.toString(),
    hash: head.hash,
    at: instantToWire(head.at),
    public_key: head.publicKey,
    signature: head.signature,
  };
}

export function signedAuditHeadFromWire(wire: SignedAuditHeadWire): SignedAuditHead {
  return {
    id: BigInt(wire.id),
    count: BigInt(wire.count),
    hash: wire.hash,
    at: instantFromWire(wire.at),
    publicKey: wire.public_key,
    signature: wire.signature,
  };
}
