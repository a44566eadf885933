import { LatchkeyError } from '../domain/errors.ts';
import { grantPolicies, grantSources, grantStates, highestVlan, subjectKinds, type Grant, type GrantIncrease, type GrantTerms, type GrantUsage } from '../domain/grant.ts';
import { mostTraffic } from '../domain/traffic.ts';
import type { GrantReport } from '../roles/ap/ports.ts';
import { pageOf, pageQuery } from './page.ts';
import { arrayOf, count, digits, id, input, instant, name, note, object, oneOf, recordedActor, remark, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

const usageSchema = object('GrantUsage', {
  bytes_in: { ...digits, description: 'Bytes that came from the subject.' },
  bytes_out: { ...digits, description: 'Bytes that went to it.' },
  seconds: { ...count, description: 'How long it was connected.' },
});
const vlan = { type: 'integer', minimum: 1, maximum: highestVlan } as const;

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
    policy: oneOf(grantPolicies),
    usage: usageSchema,
    state: oneOf(grantStates),
    revision: count,
  },
  {
    request_id: id,
    ends_at: instant,
    allowed_ms: { ...count, description: 'All the time that was ever allowed, where it is counted.' },
    waiting_ms: { ...count, description: 'What is left of it while it does not run.' },
    quota_bytes: digits,
    vlan,
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

/** 10 years. */
const longestS = 315_360_000;
const validS = { type: 'integer', minimum: 1, maximum: longestS, description: 'Seconds.' } as const;

/** Members of an approval: what its grant is bounded by. */
export const termsProperties = { valid_s: validS, quota_bytes: digits, policy: oneOf(grantPolicies), vlan } as const;
const termsSchema = input('GrantTerms', {}, termsProperties);
export type GrantTermsWire = Static<typeof termsSchema>;

export const increaseSchema = input('GrantIncrease', {}, { valid_s: validS, quota_bytes: digits });
export type GrantIncreaseWire = Static<typeof increaseSchema>;

const reportSchema = input(
  'GrantReport',
  { grant_id: id, usage: { ...usageSchema, additionalProperties: false as const } },
  { ended: input('GrantEnd', { at: instant, reason: note }, { revision: count }), begun: input('GrantBegin', { at: instant, revision: count }) },
);
export type GrantReportWire = Static<typeof reportSchema>;
export const grantReportsSchema = input('GrantReports', { reports: { ...arrayOf(reportSchema), minItems: 1, maxItems: 1000 } });

export function termsToWire({ validMs, quotaBytes, policy, vlan }: GrantTerms): GrantTermsWire {
  return present({ valid_s: seconds(validMs), quota_bytes: quotaBytes?.toString(), policy, vlan });
}

export function termsFromWire(wire: GrantTermsWire): GrantTerms {
  return { ...increaseFromWire(wire), policy: wire.policy, vlan: wire.vlan };
}

export function increaseToWire({ validMs, quotaBytes }: GrantIncrease): GrantIncreaseWire {
  return present({ valid_s: seconds(validMs), quota_bytes: quotaBytes?.toString() });
}

/** Errors: `invalid_input` (more traffic than is counted). */
export function increaseFromWire(wire: GrantIncreaseWire): GrantIncrease {
  const quotaBytes = wire.quota_bytes === undefined ? undefined : BigInt(wire.quota_bytes);
  if (quotaBytes !== undefined && (quotaBytes < 1n || quotaBytes > mostTraffic)) {
    const detail = `is from 1 to ${mostTraffic}`;
    throw new LatchkeyError('invalid_input', `"quota_bytes" ${detail}.`, { problems: [{ pointer: '/quota_bytes', detail }] });
  }
  return { validMs: wire.valid_s === undefined ? undefined : wire.valid_s * 1000, quotaBytes };
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.max(1, Math.round(ms / 1000));
}

export function grantReportToWire({ grantId, usage, ended, begun }: GrantReport): GrantReportWire {
  return present({
    grant_id: grantId,
    usage: usageToWire(usage),
    ended: ended && present({ at: instantToWire(ended.at), reason: ended.reason, revision: ended.revision }),
    begun: begun && { at: instantToWire(begun.at), revision: begun.revision },
  });
}

export function grantReportFromWire({ grant_id: grantId, usage, ended, begun }: GrantReportWire): GrantReport {
  return {
    grantId,
    usage: usageFromWire(usage),
    ended: ended && { at: instantFromWire(ended.at), reason: ended.reason, revision: ended.revision },
    begun: begun && { at: instantFromWire(begun.at), revision: begun.revision },
  };
}

function usageToWire({ bytesIn, bytesOut, seconds: connected }: GrantUsage) {
  return { bytes_in: bytesIn.toString(), bytes_out: bytesOut.toString(), seconds: connected };
}

function usageFromWire({ bytes_in: bytesIn, bytes_out: bytesOut, seconds: connected }: Static<typeof usageSchema>): GrantUsage {
  return { bytesIn: BigInt(bytesIn), bytesOut: BigInt(bytesOut), seconds: connected };
}

export function grantToWire(grant: Grant): GrantWire {
  return present({
    grant_id: grant.id,
    subject: { kind: grant.subject.kind, id: grant.subject.id },
    network: { ap_id: grant.network.apId, ssid: grant.network.ssid },
    source: grant.source,
    request_id: grant.requestId,
    starts_at: instantToWire(grant.startsAt),
    ends_at: instantToWire(grant.endsAt),
    allowed_ms: grant.allowedMs,
    waiting_ms: grant.waitingMs,
    quota_bytes: grant.quotaBytes?.toString(),
    policy: grant.policy,
    vlan: grant.vlan,
    usage: usageToWire(grant.usage),
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
    allowedMs: wire.allowed_ms,
    waitingMs: wire.waiting_ms,
    quotaBytes: wire.quota_bytes === undefined ? undefined : BigInt(wire.quota_bytes),
    policy: wire.policy,
    vlan: wire.vlan,
    usage: usageFromWire(wire.usage),
    state: wire.state,
    closedAt: instantFromWire(wire.closed_at),
    closedBy: wire.closed_by,
    reason: wire.reason,
    revision: wire.revision,
  };
}
