import type { AccessRequest } from '../domain/access-request.ts';

/** What somebody outside is told of a request, in the wire's names; no secret is in it, and no match code. */
export function noticeOf(event: string, request: AccessRequest) {
  return {
    event,
    request_id: request.id,
    uuid: request.uuid,
    ap_id: request.apId,
    status: request.status,
    label: request.label ?? null,
    model: request.model ?? null,
    batch: request.batch ?? null,
    device_label: request.deviceLabel ?? null,
    weak: request.weak,
    plain: request.plain,
    created_at: request.createdAt.toISOString(),
    expires_at: request.expiresAt.toISOString(),
    decided_by: request.decidedBy ?? null,
    reason: request.reason ?? null,
  };
}
