import type { Batch, BatchDetails, BatchDevice, BatchMoment, BatchRevocation, Period, Yield } from '../domain/batch.ts';
import { deviceStates } from '../domain/device.ts';
import type { RevocationStep } from '../roles/batches/ports.ts';
import { pageOf, pageQuery } from './page.ts';
import { arrayOf, boolean, count, input, instant, mac, object, oneOf, remark, ssid, text, uuid, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

const revocation = { revoked_at: instant, reason: text } as const;
const counts = {
  batch: text,
  devices: count,
  reserved: count,
  registered: count,
  revoked: count,
  flashed: { ...count, description: 'Of the registered ones.' },
  used: { ...count, description: 'Of the registered ones: their pass_tmp is spent.' },
  unreached: { ...count, description: 'Revoked with their batch; what they have open is not closed yet.' },
} as const;

export const batchSchema = object('Batch', { ...counts, first_at: instant, last_at: instant }, revocation);
export type BatchWire = Static<typeof batchSchema>;
export const batchPageSchema = pageOf('BatchPage', batchSchema);
export const batchPageQuerySchema = input('BatchPageQuery', {}, pageQuery);

const shares = arrayOf(object('Share', { devices: count }, { name: remark }));
const yieldMembers = {
  tries: count,
  devices: { ...count, description: 'Devices that were tried.' },
  ok: { ...count, description: 'Devices that were flashed right.' },
  first: { ...count, description: 'Devices whose first try of all this was.' },
  first_ok: { ...count, description: 'Devices that were flashed right at their first try.' },
  failures: arrayOf(object('Failure', { result: remark, tries: count })),
} as const;
const period = object('Period', { first: instant, last: instant });
const momentMembers = { at: instant, reserved: count, registered: count, flashed: count, revoked: count } as const;

export const batchDetailsSchema = object(
  'BatchDetails',
  {
    ...counts,
    models: shares,
    other_models: { ...count, description: 'Devices of models that are not listed.' },
    ssids: shares,
    other_ssids: count,
    created: period,
    yield: object('Yield', yieldMembers),
    stations: arrayOf(object('StationYield', { station: remark, ...yieldMembers })),
    timeline: arrayOf(object('BatchMoment', momentMembers)),
  },
  { ...revocation, registered_in: period, flashed_in: period, revoked_in: period },
);
export type BatchDetailsWire = Static<typeof batchDetailsSchema>;

export const batchDeviceSchema = object(
  'BatchDevice',
  {
    uuid,
    ssid,
    state: oneOf(deviceStates),
    used: boolean,
    created_at: instant,
    tries: arrayOf(object('FlashTry', { station: remark, operator: remark, result: remark })),
  },
  { model: text, label: text, mac, registered_at: instant, flashed_at: instant, revoked_at: instant },
);
export type BatchDeviceWire = Static<typeof batchDeviceSchema>;
export const batchDevicePageSchema = pageOf('BatchDevicePage', batchDeviceSchema);

export const batchQuerySchema = input('BatchQuery', { batch: text });
export const batchDeviceQuerySchema = input('BatchDeviceQuery', { batch: text }, pageQuery);
export const batchRevocationInputSchema = input('BatchRevocationInput', { batch: text }, { reason: text });
export const batchRevocationSchema = object('BatchRevocation', { revoked_at: instant }, { reason: text });
export type BatchRevocationWire = Static<typeof batchRevocationSchema>;
export const revocationStepInputSchema = input('RevocationStepInput', { batch: text }, { after: uuid });
export const revocationStepSchema = object('RevocationStep', { revoked: count }, { next: uuid });
export type RevocationStepWire = Static<typeof revocationStepSchema>;

export function batchToWire(batch: Batch): BatchWire {
  return present({ ...countsToWire(batch), first_at: instantToWire(batch.firstAt), last_at: instantToWire(batch.lastAt) });
}

export function batchFromWire(wire: BatchWire): Batch {
  return { ...countsFromWire(wire), firstAt: instantFromWire(wire.first_at), lastAt: instantFromWire(wire.last_at) };
}

type Counts = Omit<Batch, 'firstAt' | 'lastAt'>;

function countsToWire({ name, devices, reserved, registered, revoked, flashed, used, unreached, revocation }: Counts) {
  const since = { revoked_at: instantToWire(revocation?.at), reason: revocation?.reason };
  return { batch: name, devices, reserved, registered, revoked, flashed, used, unreached, ...since };
}

function countsFromWire({ batch, devices, reserved, registered, revoked, flashed, used, unreached, revoked_at, reason }: Omit<BatchWire, 'first_at' | 'last_at'>): Counts {
  const revocation = revoked_at === undefined ? undefined : { at: instantFromWire(revoked_at), reason };
  return { name: batch, devices, reserved, registered, revoked, flashed, used, unreached, revocation };
}

export function batchDetailsToWire(details: BatchDetails): BatchDetailsWire {
  return present({
    ...countsToWire(details),
    models: details.models.map(present),
    other_models: details.otherModels,
    ssids: details.ssids.map(present),
    other_ssids: details.otherSsids,
    created: periodToWire(details.created),
    registered_in: details.registeredIn && periodToWire(details.registeredIn),
    flashed_in: details.flashedIn && periodToWire(details.flashedIn),
    revoked_in: details.revokedIn && periodToWire(details.revokedIn),
    yield: yieldToWire(details.yield),
    stations: details.stations.map(({ station, ...rest }) => ({ station, ...yieldToWire(rest) })),
    timeline: details.timeline.map((moment) => ({ ...moment, at: instantToWire(moment.at) })),
  });
}

export function batchDetailsFromWire(wire: BatchDetailsWire): BatchDetails {
  return {
    ...countsFromWire(wire),
    models: wire.models.map(({ name, devices }) => ({ name, devices })),
    otherModels: wire.other_models,
    ssids: wire.ssids.map(({ name, devices }) => ({ name, devices })),
    otherSsids: wire.other_ssids,
    created: periodFromWire(wire.created),
    registeredIn: wire.registered_in && periodFromWire(wire.registered_in),
    flashedIn: wire.flashed_in && periodFromWire(wire.flashed_in),
    revokedIn: wire.revoked_in && periodFromWire(wire.revoked_in),
    yield: yieldFromWire(wire.yield),
    stations: wire.stations.map(({ station, ...rest }) => ({ station, ...yieldFromWire(rest) })),
    timeline: wire.timeline.map(({ at, reserved, registered, flashed, revoked }): BatchMoment => ({ at: instantFromWire(at), reserved, registered, flashed, revoked })),
  };
}

function yieldToWire({ tries, devices, ok, first, firstOk, failures }: Yield): BatchDetailsWire['yield'] {
  return { tries, devices, ok, first, first_ok: firstOk, failures: failures.map((failure) => ({ ...failure })) };
}

function yieldFromWire({ tries, devices, ok, first, first_ok: firstOk, failures }: BatchDetailsWire['yield']): Yield {
  return { tries, devices, ok, first, firstOk, failures: failures.map(({ result, tries }) => ({ result, tries })) };
}

function periodToWire({ first, last }: Period): BatchDetailsWire['created'] {
  return { first: instantToWire(first), last: instantToWire(last) };
}

function periodFromWire({ first, last }: BatchDetailsWire['created']): Period {
  return { first: instantFromWire(first), last: instantFromWire(last) };
}

export function batchDeviceToWire(device: BatchDevice): BatchDeviceWire {
  return present({
    uuid: device.uuid,
    ssid: device.ssid,
    model: device.model,
    label: device.label,
    mac: device.mac,
    state: device.state,
    used: device.used,
    created_at: instantToWire(device.createdAt),
    registered_at: instantToWire(device.registeredAt),
    flashed_at: instantToWire(device.flashedAt),
    revoked_at: instantToWire(device.revokedAt),
    tries: device.tries.map(({ station, operator, result }) => ({ station, operator, result })),
  });
}

export function batchDeviceFromWire(wire: BatchDeviceWire): BatchDevice {
  return {
    uuid: wire.uuid,
    ssid: wire.ssid,
    model: wire.model,
    label: wire.label,
    mac: wire.mac,
    state: wire.state,
    used: wire.used,
    createdAt: instantFromWire(wire.created_at),
    registeredAt: instantFromWire(wire.registered_at),
    flashedAt: instantFromWire(wire.flashed_at),
    revokedAt: instantFromWire(wire.revoked_at),
    tries: wire.tries.map(({ station, operator, result }) => ({ station, operator, result })),
  };
}

export function batchRevocationToWire({ at, reason }: BatchRevocation): BatchRevocationWire {
  return present({ revoked_at: instantToWire(at), reason });
}

export function batchRevocationFromWire({ revoked_at, reason }: BatchRevocationWire): BatchRevocation {
  return { at: instantFromWire(revoked_at), reason };
}

export function revocationStepToWire(step: RevocationStep): RevocationStepWire {
  return present(step);
}

export function revocationStepFromWire({ revoked, next }: RevocationStepWire): RevocationStep {
  return { revoked, next };
}
