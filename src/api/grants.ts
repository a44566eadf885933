import { grantSources, grantStates, type Grant } from '../domain/grant.ts';
import { pageOf, pageQuery } from './page.ts';
import { arrayOf, count, digits, id, input, instant, name, object, oneOf, recordedActor, remark, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

const subjectKinds = ['device', 'nfc', 'terminal'] as const;
const policies = ['cut', 'restrict'] as const;

export const grantSchema = object(
  'Grant',
  {
    grant_id: id,
    subject: object('Subject', { kind: oneOf(subjectKinds), id: name }),
    network: object('GrantedNetwork', {
      ap_id: id,
      ssid: { type: 'string', maxLength: 32, description: 'Empty if the access point had not said what it serves.' },
    }),
    source: oneOf(grantSources),
    starts_at: instant,
    policy: oneOf(policies),
    state: oneOf(grantStates),
    revision: count,
  },
  {
    request_id: id,
    ends_at: instant,
    quota_bytes: digits,
    closed_at: instant,
    closed_by: recordedActor,
    reason: remark,
  },
);
export type GrantWire = Static<typeof grantSchema>;

export const grantPageSchema = pageOf('GrantPage', grantSchema);
export const grantQuerySchema = input(
  'GrantQuery',
  {},
  {
    ap_id: { ...arrayOf(id), maxItems: 100 },
    subject_id: name,
    source: oneOf(grantSources),
    state: oneOf(grantStates),
    ...pageQuery,
  },
);

export function grantToWire(grant: Grant): GrantWire {
  return present({
    grant_id: grant.id,
    subject: { kind: grant.subject.kind, id: grant.subject.id },
    network: { ap_id: grant.network.apId, ssid: grant.network.ssid },
    source: grant.source,
    request_id: grant.requestId,
    starts_at: instantToWire(grant.startsAt),
    ends_at: instantToWire(grant.endsAt),
    quota_bytes: grant.quotaBytes?.toString(),
    policy: grant.policy,
    state: grant.state,
    closed_at: instantToWire(grant.closedAt),
    closed_by: grant.closedBy,
    reason: grant.reason,
    revision: grant.revision,
  });
}

export function grantFromWire(wire: GrantWire): Grant {
  return {
    id: wire.grant_id,
    subject: { kind: wire.subject.kind, id: wire.subject.id },
    network: { apId: wire.network.ap_id, ssid: wire.network.ssid },
    source: wire.source,
    requestId: wire.request_id,
    startsAt: instantFromWire(wire.starts_at),
    endsAt: instantFromWire(wire.ends_at),
    quotaBytes: wire.quota_bytes === undefined ? undefined : BigInt(wire.quota_bytes),
    policy: wire.policy,
    state: wire.state,
    closedAt: instantFromWire(wire.closed_at),
    closedBy: wire.closed_by,
    reason: wire.reason,
    revision: wire.revision,
  };
}
