import { Buffer } from 'node:buffer';
import { auditActions, type AuditEntry } from '../domain/audit.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { base64url } from '../protocol/encoding.ts';
import type { SignedAuditHead } from '../roles/admin/ports.ts';
import type { AuditHead, AuditVerification } from '../roles/store.ts';
import { pageOf, pageQuery } from './page.ts';
import { arrayOf, boolean, bytes32, digits, id, input, instant, object, oneOf, recordedActor, remark, uuid, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

export const auditEntrySchema = object(
  'AuditEntry',
  {
    id: digits,
    at: instant,
    actor: recordedActor,
    action: oneOf(auditActions),
    detail: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
  },
  { uuid, ap_id: id, asked: arrayOf(object('AskedDevice', { uuid, at: instant, status: remark })) },
);
export type AuditEntryWire = Static<typeof auditEntrySchema>;

export const auditPageSchema = pageOf('AuditPage', auditEntrySchema);
export const auditQuerySchema = input('AuditQuery', {}, { action: oneOf(auditActions), uuid, ...pageQuery });

/** A page of a device's trail. */
export const historySchema = pageOf('History', auditEntrySchema);
export const historyQuerySchema = input('HistoryQuery', {}, pageQuery);

export const auditVerificationSchema = object(
  'AuditVerification',
  { ok: boolean, unsealed: digits },
  {
    head: object('AuditHead', { id: digits, count: digits, hash: bytes32 }),
    broken: object('AuditBreak', { id: digits, detail: remark }),
  },
);
export type AuditVerificationWire = Static<typeof auditVerificationSchema>;

/** A head that was exported earlier, which the chain must still contain: all of it or nothing. */
export const exportedHeadQuerySchema = input('ExportedHeadQuery', {}, { id: digits, count: digits, hash: bytes32 });
export type ExportedHeadQuery = Static<typeof exportedHeadQuerySchema>;

export const signedAuditHeadSchema = object('SignedAuditHead', {
  id: digits,
  count: digits,
  hash: bytes32,
  at: instant,
  public_key: bytes32,
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
    asked: entry.asked?.map(({ uuid, at, status }) => ({ uuid, at: instantToWire(at), status })),
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
    asked: wire.asked?.map(({ uuid, at, status }) => ({ uuid, at: instantFromWire(at), status })),
  };
}

export function headToWire(head: AuditHead): Required<ExportedHeadQuery> {
  return { id: head.id.toString(), count: head.count.toString(), hash: base64url(head.hash) };
}

function headFromWire({ id, count, hash }: Required<ExportedHeadQuery>): AuditHead {
  return { id: BigInt(id), count: BigInt(count), hash: Buffer.from(hash, 'base64url') };
}

/** Errors: `invalid_input` if only a part of it is there. */
export function exportedHeadFromWire({ id, count, hash }: ExportedHeadQuery): AuditHead | undefined {
  if (id !== undefined && count !== undefined && hash !== undefined) {
    return headFromWire({ id, count, hash });
  }
  if (id === undefined && count === undefined && hash === undefined) {
    return undefined;
  }
  throw new LatchkeyError('invalid_input', 'An exported head is id, count and hash.');
}

export function auditVerificationToWire(verification: AuditVerification): AuditVerificationWire {
  const { ok, head, unsealed, broken } = verification;
  return present({
    ok,
    head: head && headToWire(head),
    unsealed: unsealed.toString(),
    broken: broken && { id: broken.id.toString(), detail: broken.detail },
  });
}

export function auditVerificationFromWire(wire: AuditVerificationWire): AuditVerification {
  const { ok, head, unsealed, broken } = wire;
  return {
    ok,
    head: head && headFromWire(head),
    unsealed: BigInt(unsealed),
    broken: broken && { id: BigInt(broken.id), detail: broken.detail },
  };
}

export function signedAuditHeadToWire(head: SignedAuditHead): SignedAuditHeadWire {
  return {
    ...headToWire(head),
    at: instantToWire(head.at),
    public_key: head.publicKey,
    signature: head.signature,
  };
}

export function signedAuditHeadFromWire(wire: SignedAuditHeadWire): SignedAuditHead {
  return {
    ...headFromWire(wire),
    at: instantFromWire(wire.at),
    publicKey: wire.public_key,
    signature: wire.signature,
  };
}
