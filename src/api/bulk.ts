import { parseDeviceFields, parsePassTmp } from '../domain/device.ts';
import { isErrorCode, LatchkeyError } from '../domain/errors.ts';
import type { BulkException, NewIdentity } from '../roles/factory/ports.ts';
import { arrayOf, boolean, count, input, mac, object, oneOf, remark, ssid, text, uuid, type Static } from './schema.ts';
import { present } from './wire.ts';

/** Devices in one request: more would hold up others for long. */
export const mostInPart = 1000;
/** Of a thousand devices, whatever their texts are in UTF-8. */
export const chunkBytes = 2_097_152;

const passTmp = { type: 'string', minLength: 1, maxLength: 64 } as const;

/** The number of a run in a path: who begins one makes it up, of 53 random bits. */
export const runText = { type: 'string', pattern: '^(0|[1-9][0-9]{0,15})$' } as const;

const newIdentitySchema = input(
  'NewIdentity',
  { uuid, ssid, pass_tmp: passTmp },
  {
    model: text,
    batch: text,
    label: text,
    mac,
    made: { ...boolean, description: 'The pass_tmp was made up: if the run has reserved the device before, the one made then counts.' },
  },
);
type NewIdentityWire = Static<typeof newIdentitySchema>;

const identityList = { devices: { ...arrayOf(newIdentitySchema), maxItems: mostInPart } } as const;
const place = { number: { ...count, description: 'Names the chunk: the same for all its parts, higher for later ones.' } } as const;

export const identityListSchema = input('IdentityList', identityList);
export const chunkPlaceSchema = input('ChunkPlace', place);
export const chunkSchema = input('Chunk', { ...place, ...identityList });
export const runSchema = object('Run', { registered: { ...count, description: 'How many devices of the run are registered.' } });

const bulkExceptionSchema = object(
  'BulkException',
  { index: { ...count, description: 'Place in the list that was sent.' }, kind: oneOf(['resumed', 'known', 'refused']) },
  { pass_tmp: passTmp, registered: boolean, code: { type: 'string', minLength: 1, maxLength: 64 }, reason: remark },
);
export type BulkExceptionWire = Static<typeof bulkExceptionSchema>;
export const bulkExceptionsSchema = object('BulkExceptions', { exceptions: arrayOf(bulkExceptionSchema) });

export function newIdentityToWire(identity: NewIdentity): NewIdentityWire {
  return present({
    uuid: identity.uuid,
    ssid: identity.ssid,
    pass_tmp: identity.passTmp,
    model: identity.model,
    batch: identity.batch,
    label: identity.label,
    mac: identity.mac,
    made: identity.made || undefined,
  });
}

/** Whether it is weak is not the sender's to say. Errors: those of `parseDeviceFields`. */
export function newIdentityFromWire({ uuid, pass_tmp: passTmp, made = false, ...fields }: NewIdentityWire): NewIdentity {
  return { ...parseDeviceFields({ ...fields, passTmp }, { allowWeak: true }), uuid, passTmp, made };
}

export function bulkExceptionToWire(exception: BulkException): BulkExceptionWire {
  const { kind, index } = exception;
  switch (kind) {
    case 'resumed':
      return { index, kind, pass_tmp: exception.passTmp };
    case 'known':
      return { index, kind, registered: exception.registered };
    case 'refused':
      return { index, kind, code: exception.code, reason: exception.reason };
  }
}

/** Errors: `bad_reply`. */
export function bulkExceptionFromWire(wire: BulkExceptionWire): BulkException {
  const { index, kind, pass_tmp: passTmp, registered, code, reason } = wire;
  if (kind === 'resumed' && passTmp !== undefined) return { kind, index, passTmp: parsePassTmp(passTmp, { allowWeak: true }).passTmp };
  if (kind === 'known' && registered !== undefined) return { kind, index, registered };
  if (kind === 'refused' && isErrorCode(code) && reason !== undefined) return { kind, index, code, reason };
  throw new LatchkeyError('bad_reply', 'The reply is not what this call gives: an exception is not whole.');
}
