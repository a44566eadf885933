import { deviceStates, type Device } from '../domain/device.ts';
import type { Identity, Registration } from '../roles/factory/ports.ts';
import { pageOf, pageQuery } from './page.ts';
import { boolean, id, input, instant, object, oneOf, ssid, text, uuid, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

const known = { uuid, ssid, state: oneOf(deviceStates), weak: boolean, created_at: instant } as const;
const perhaps = {
  model: text,
  batch: text,
  label: text,
  spent_by: { ...id, description: 'The access request whose approval spent the pass_tmp.' },
  registered_at: instant,
  revoked_at: instant,
} as const;
const passTmp = { type: 'string', minLength: 1, maxLength: 64 } as const;

export const deviceSchema = object('Device', known, perhaps);
export type DeviceWire = Static<typeof deviceSchema>;

/** What the flashing step needs; the only reply that holds a pass_tmp. */
export const identitySchema = object('Identity', { ...known, pass_tmp: passTmp }, perhaps);
export type IdentityWire = Static<typeof identitySchema>;

export const registrationSchema = input(
  'Registration',
  { ssid },
  { uuid, pass_tmp: passTmp, model: text, batch: text, label: text, allow_weak: boolean },
);
export type RegistrationWire = Static<typeof registrationSchema>;

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
    state: device.state,
    weak: device.weak,
    spent_by: device.spentBy,
    created_at: instantToWire(device.createdAt),
    registered_at: instantToWire(device.registeredAt),
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
    state: wire.state,
    weak: wire.weak,
    spentBy: wire.spent_by,
    createdAt: instantFromWire(wire.created_at),
    registeredAt: instantFromWire(wire.registered_at),
    revokedAt: instantFromWire(wire.revoked_at),
  };
}

export function identityToWire({ device, passTmp }: Identity): IdentityWire {
  const { uuid, ssid, ...rest } = deviceToWire(device);
  return { uuid, ssid, pass_tmp: passTmp, ...rest };
}

export function identityFromWire(wire: IdentityWire): Identity {
  return { device: deviceFromWire(wire), passTmp: wire.pass_tmp };
}

export function registrationToWire(registration: Registration): RegistrationWire {
  return present({
    uuid: registration.uuid,
    pass_tmp: registration.passTmp,
    ssid: registration.ssid,
    model: registration.model,
    batch: registration.batch,
    label: registration.label,
    allow_weak: registration.allowWeak,
  });
}

export function registrationFromWire(wire: RegistrationWire): Registration {
  return {
    uuid: wire.uuid,
    passTmp: wire.pass_tmp,
    ssid: wire.ssid,
    model: wire.model,
    batch: wire.batch,
    label: wire.label,
    allowWeak: wire.allow_weak,
  };
}
