import { enforcements } from '../domain/grant.ts';
import type { ApChanges } from '../roles/ap/ports.ts';
import type { AccessPoint } from '../roles/store.ts';
import { accessRequestFromWire, accessRequestSchema, accessRequestToWire } from './access-requests.ts';
import { grantFromWire, grantSchema, grantToWire } from './grants.ts';
import { pageOf, pageQuery } from './page.ts';
import { arrayOf, count, id, input, instant, object, oneOf, ssid, text, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

export const accessPointSchema = object(
  'AccessPoint',
  { ap_id: id, name: text, created_at: instant, revision: count },
  { ssid, onboarding_ssid: ssid, last_seen_at: instant, enforcement: oneOf(enforcements) },
);
export type AccessPointWire = Static<typeof accessPointSchema>;

export const accessPointPageSchema = pageOf('AccessPointPage', accessPointSchema);
export const accessPointQuerySchema = input('AccessPointQuery', {}, pageQuery);

export const selfSchema = object('Self', { ap_id: id, name: text });
export const announcementSchema = input('Announcement', { ssid, onboarding_ssid: ssid, enforcement: oneOf(enforcements) });

export const changesQuerySchema = input(
  'ChangesQuery',
  { revision: { ...count, description: 'The revision that the caller knows.' } },
  { wait: { type: 'number', minimum: 0, maximum: 30, default: 0, description: 'Seconds to wait for a change.' } },
);
export const changesSchema = object('Changes', {
  revision: count,
  now: { ...instant, description: 'The server’s time.' },
  requests: arrayOf(accessRequestSchema),
  grants: arrayOf(grantSchema),
  access_codes: { ...arrayOf(object('WantedAccessCode', { grant_id: id, register_id: id })), description: 'All that cash registers want now.' },
});
export type ChangesWire = Static<typeof changesSchema>;

export function accessPointToWire(ap: AccessPoint): AccessPointWire {
  return present({
    ap_id: ap.id,
    name: ap.name,
    ssid: ap.ssid,
    onboarding_ssid: ap.onboardingSsid,
    created_at: instantToWire(ap.createdAt),
    last_seen_at: instantToWire(ap.lastSeenAt),
    revision: ap.revision,
    enforcement: ap.enforcement,
  });
}

export function accessPointFromWire(wire: AccessPointWire): AccessPoint {
  return {
    id: wire.ap_id,
    name: wire.name,
    ssid: wire.ssid,
    onboardingSsid: wire.onboarding_ssid,
    createdAt: instantFromWire(wire.created_at),
    lastSeenAt: instantFromWire(wire.last_seen_at),
    revision: wire.revision,
    enforcement: wire.enforcement,
  };
}

export function changesToWire(changes: ApChanges): ChangesWire {
  return {
    revision: changes.revision,
    now: instantToWire(changes.now),
    requests: changes.requests.map(accessRequestToWire),
    grants: changes.grants.map(grantToWire),
    access_codes: changes.accessCodes.map(({ grantId, registerId }) => ({ grant_id: grantId, register_id: registerId })),
  };
}

export function changesFromWire(wire: ChangesWire): ApChanges {
  return {
    revision: wire.revision,
    now: instantFromWire(wire.now),
    requests: wire.requests.map(accessRequestFromWire),
    grants: wire.grants.map(grantFromWire),
    accessCodes: wire.access_codes.map((wanted) => ({ grantId: wanted.grant_id, registerId: wanted.register_id })),
  };
}
