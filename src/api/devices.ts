import { Buffer } from 'node:buffer';
import { deviceStates, type Device } from '../domain/device.ts';
import { base64url } from '../protocol/encoding.ts';
import type { BootstrapKey, ClaimedIdentity, Identity, Registration } from '../roles/factory/ports.ts';
import { pageOf, pageQuery } from './page.ts';
import { arrayOf, boolean, bytes32, compressedPoint, id, input, instant, mac, object, oneOf, ssid, text, uuid, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

const known = { uuid, ssid, state: oneOf(deviceStates), weak: boolean, created_at: instant } as const;
const perhaps = {
  model: text,
  batch: text,
  label: text,
  mac,
  spent_by: { ...id, description: 'The access request whose approval spent the pass_tmp.' },
  registered_at: instant,
  flashed_at: instant,
  revoked_at: instant,
} as const;
const passTmp = { type: 'string', minLength: 1, maxLength: 64 } as const;

export const deviceSchema = object('Device', known, perhaps);
export type DeviceWire = Static<typeof deviceSchema>;

/** What the flashing step needs; the only reply that holds a pass_tmp. */
export const identitySchema = object('Identity', { ...known, pass_tmp: passTmp }, { ...perhaps, dpp_key: bytes32 });
export type IdentityWire = Static<typeof identitySchema>;

export const registrationSchema = input(
  'Registration',
  { ssid },
  { uuid, pass_tmp: passTmp, model: text, batch: text, label: text, mac, allow_weak: boolean },
);
export type RegistrationWire = Static<typeof registrationSchema>;

export const identitiesQuerySchema = input('IdentitiesQuery', { uuids: { ...arrayOf(uuid), maxItems: 1000 } });
export const identitiesSchema = object('Identities', { items: arrayOf(identitySchema) });

export const bootstrapKeysQuerySchema = input('BootstrapKeysQuery', { uuids: { ...arrayOf(uuid), maxItems: 1000 } });
export const bootstrapKeySchema = object('BootstrapKey', { uuid, public_key: compressedPoint, made_at: instant });
export const bootstrapKeysSchema = object('BootstrapKeys', { items: arrayOf(bootstrapKeySchema) });
export type BootstrapKeyWire = Static<typeof bootstrapKeySchema>;
/** What was read back from a device; as it may be wrong, it is bounded by what NVS holds, not by what is right. */
const claimed = { type: 'string', maxLength: 4000 } as const;
export const claimSchema = input('ClaimedIdentity', {}, { ssid: claimed, pass_tmp: claimed });
export const comparisonSchema = object('IdentityComparison', { differing: arrayOf(oneOf(['ssid', 'pass_tmp'])), state: oneOf(deviceStates) });

export const devicePageSchema = pageOf('DevicePage', deviceSchema);
export const deviceQuerySchema = input(
  'DeviceQuery',
  {},
  { model: text, batch: text, state: oneOf(deviceStates), ...pageQuery },
);

export function deviceToWire(device: Device): DeviceWire {
  return present({
    uuid: device.uuid,
    ssid: device.ssid,
    model: device.model,
    batch: device.batch,
    label: device.label,
    mac: device.mac,
    state: device.state,
    weak: device.weak,
    spent_by: device.spentBy,
    created_at: instantToWire(device.createdAt),
    registered_at: instantToWire(device.registeredAt),
    flashed_at: instantToWire(device.flashedAt),
    revoked_at: instantToWire(device.revokedAt),
  });
}

export function deviceFromWire(wire: DeviceWire): Device {
  return {
    uuid: wire.uuid,
    ssid: wire.ssid,
    model: wire.model,
    batch: wire.batch,
    label: wire.label,
    mac: wire.mac,
    state: wire.state,
    weak: wire.weak,
    spentBy: wire.spent_by,
    createdAt: instantFromWire(wire.created_at),
    registeredAt: instantFromWire(wire.registered_at),
    flashedAt: instantFromWire(wire.flashed_at),
    revokedAt: instantFromWire(wire.revoked_at),
  };
}

export function identityToWire({ device, passTmp, dppKey }: Identity): IdentityWire {
  const { uuid, ssid, ...rest } = deviceToWire(device);
  return { uuid, ssid, pass_tmp: passTmp, ...rest, ...(dppKey === undefined ? {} : { dpp_key: base64url(dppKey) }) };
}

export function identityFromWire(wire: IdentityWire): Identity {
  const dppKey = wire.dpp_key === undefined ? undefined : Buffer.from(wire.dpp_key, 'base64url');
  return { device: deviceFromWire(wire), passTmp: wire.pass_tmp, dppKey };
}

export function bootstrapKeyToWire({ uuid, publicKey, madeAt }: BootstrapKey): BootstrapKeyWire {
  return { uuid, public_key: base64url(publicKey), made_at: instantToWire(madeAt) };
}

export function bootstrapKeyFromWire(wire: BootstrapKeyWire): BootstrapKey {
  return { uuid: wire.uuid, publicKey: Buffer.from(wire.public_key, 'base64url'), madeAt: instantFromWire(wire.made_at) };
}

export function registrationToWire(registration: Registration): RegistrationWire {
  return present({
    uuid: registration.uuid,
    pass_tmp: registration.passTmp,
    ssid: registration.ssid,
    model: registration.model,
    batch: registration.batch,
    label: registration.label,
    mac: registration.mac,
    allow_weak: registration.allowWeak,
  });
}

export function claimToWire({ ssid, passTmp }: ClaimedIdentity): Static<typeof claimSchema> {
  return present({ ssid, pass_tmp: passTmp });
}

export function claimFromWire(wire: Static<typeof claimSchema>): ClaimedIdentity {
  return { ssid: wire.ssid, passTmp: wire.pass_tmp };
}

export function registrationFromWire(wire: RegistrationWire): Registration {
  return {
    uuid: wire.uuid,
    passTmp: wire.pass_tmp,
    ssid: wire.ssid,
    model: wire.model,
    batch: wire.batch,
    label: wire.label,
    mac: wire.mac,
    allowWeak: wire.allow_weak,
  };
}
