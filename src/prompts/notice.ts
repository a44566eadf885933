import type { AccessRequest } from '../domain/access-request.ts';
import { shown } from '../domain/shown-text.ts';

/**
 * What somebody outside is told of a request, in the wire's names; no secret is in it, and no match code. Most of it
 * ends on a screen: what others wrote is as people may see it.
 */
export function noticeOf(event: string, request: AccessRequest) {
  return {
    event,
    request_id: request.id,
    uuid: request.uuid,
    ap_id: request.apId,
    status: request.status,
    label: text(request.label),
    model: text(request.model),
    batch: text(request.batch),
    device_label: text(request.deviceLabel),
    weak: request.weak,
    plain: request.plain,
    dpp: request.dpp,
    created_at: request.createdAt.toISOString(),
    expires_at: request.expiresAt.toISOString(),
    decided_by: text(request.decidedBy),
    reason: text(request.reason),
  };
}

function text(value: string | undefined): string | null {
  return value === undefined ? null : shown(value);
}
