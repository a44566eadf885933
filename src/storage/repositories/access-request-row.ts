import type { Insertable, Selectable } from 'kysely';
import type { AccessRequest, RequestStatus } from '../../domain/access-request.ts';
import { date, optionalDate, type AccessRequestTable } from '../tables.ts';

export type AccessRequestRow = Selectable<AccessRequestTable>;

export function toRequest(row: AccessRequestRow): AccessRequest {
  return {
    id: row.id,
    uuid: row.uuid,
    apId: row.ap_id,
    status: row.status as RequestStatus,
    deviceLabel: row.device_label ?? undefined,
    matchCode: row.match_code ?? undefined,
    model: row.model ?? undefined,
    batch: row.batch ?? undefined,
    label: row.label ?? undefined,
    weak: Boolean(row.weak),
    plain: Boolean(row.plain),
    dpp: Boolean(row.dpp),
    createdAt: date(row.created_at),
    expiresAt: date(row.expires_at),
    decidedAt: optionalDate(row.decided_at),
    decidedBy: row.decided_by ?? undefined,
    reason: row.reason ?? undefined,
    grantId: row.grant_id ?? undefined,
    deliveredAt: optionalDate(row.delivered_at),
    joinedAt: optionalDate(row.joined_at),
    revision: Number(row.revision),
  };
}

export function toAccessRequestRow(request: AccessRequest): Insertable<AccessRequestTable> {
  return {
    ap_id: request.apId,
    id: request.id,
    uuid: request.uuid,
    status: request.status,
    device_label: request.deviceLabel ?? null,
    match_code: request.matchCode ?? null,
    model: request.model ?? null,
    batch: request.batch ?? null,
    label: request.label ?? null,
    weak: request.weak,
    plain: request.plain,
    dpp: request.dpp,
    created_at: request.createdAt,
    expires_at: request.expiresAt,
    decided_at: request.decidedAt ?? null,
    decided_by: request.decidedBy ?? null,
    reason: request.reason ?? null,
    grant_id: request.grantId ?? null,
    delivered_at: request.deliveredAt ?? null,
    joined_at: request.joinedAt ?? null,
    revision: request.revision,
  };
}
