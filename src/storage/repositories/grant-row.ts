import type { Insertable, Selectable } from 'kysely';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Grant, GrantPolicy, GrantSource, GrantState, SubjectKind } from '../../domain/grant.ts';
import { mostTraffic } from '../../domain/traffic.ts';
import { date, optionalDate, type GrantTable } from '../tables.ts';

export type GrantRow = Selectable<GrantTable>;

export function toGrant(row: GrantRow): Grant {
  return {
    id: row.id,
    subject: { kind: row.subject_kind as SubjectKind, id: row.subject_id },
    network: { apId: row.ap_id, ssid: row.ssid },
    source: row.source as GrantSource,
    requestId: row.request_id ?? undefined,
    startsAt: date(row.starts_at),
    endsAt: optionalDate(row.ends_at),
    allowedMs: row.allowed_ms === null ? undefined : Number(row.allowed_ms),
    waitingMs: row.waiting_ms === null ? undefined : Number(row.waiting_ms),
    quotaBytes: row.quota_bytes === null ? undefined : BigInt(row.quota_bytes),
    policy: row.policy as GrantPolicy,
    vlan: row.vlan === null ? undefined : Number(row.vlan),
    usage: { bytesIn: BigInt(row.bytes_in), bytesOut: BigInt(row.bytes_out), seconds: Number(row.seconds) },
    state: row.state as GrantState,
    closedAt: optionalDate(row.closed_at),
    closedBy: row.closed_by ?? undefined,
    reason: row.reason ?? undefined,
    revision: Number(row.revision),
  };
}

export function toGrantRow(grant: Grant): Insertable<GrantTable> {
  return {
    ap_id: grant.network.apId,
    id: grant.id,
    subject_kind: grant.subject.kind,
    subject_id: grant.subject.id,
    ssid: grant.network.ssid,
    source: grant.source,
    request_id: grant.requestId ?? null,
    starts_at: grant.startsAt,
    ends_at: grant.endsAt ?? null,
    allowed_ms: grant.allowedMs ?? null,
    waiting_ms: grant.waitingMs ?? null,
    quota_bytes: grant.quotaBytes === undefined ? null : countable(grant.quotaBytes),
    policy: grant.policy,
    vlan: grant.vlan ?? null,
    bytes_in: countable(grant.usage.bytesIn),
    bytes_out: countable(grant.usage.bytesOut),
    seconds: grant.usage.seconds,
    state: grant.state,
    closed_at: grant.closedAt ?? null,
    closed_by: grant.closedBy ?? null,
    reason: grant.reason ?? null,
    revision: grant.revision,
  };
}

/** SQLite's numbers are read as doubles: 8 PiB are counted exactly, more is no traffic. */
export function countable(bytes: bigint): bigint {
  if (bytes < 0n || bytes > mostTraffic) {
    throw new LatchkeyError('invalid_input', `Traffic is counted up to ${mostTraffic} bytes.`);
  }
  return bytes;
}
