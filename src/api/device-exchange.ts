import { Buffer } from 'node:buffer';
import { requestStatuses } from '../domain/access-request.ts';
import { securities } from '../domain/ssid.ts';
import { base64url } from '../protocol/encoding.ts';
import { checker } from './check.ts';
import { boolean, bytes32, id, input, instant, object, oneOf, remark, ssid, text, uuid, type Static } from './schema.ts';

// What a device and an AP agent say to each other, protocol.md section 1, shapes.

/**
 * A passphrase, or a key in hex, of printable ASCII (IEEE 802.11, J.4.1): it goes into the files of others, where a line
 * break would begin a setting of its own.
 */
export const wifiPassword = { type: 'string', pattern: '^[ -~]{1,64}$' } as const;
const passTmp = { type: 'string', minLength: 1, maxLength: 64 } as const;

/** POST /v1/hello, on the hello port. */
const helloInputSchema = input('HelloInput', { uuid, onboarding_ssid: ssid, device_nonce: bytes32 });
export const checkHelloInput = checker(helloInputSchema);

const helloSchema = object('Hello', {
  hello_id: id,
  ap_id: id,
  ap_name: remark,
  ap_nonce: bytes32,
  secure_port: { type: 'integer', minimum: 1, maximum: 65535 },
  expires_in: { type: 'integer', minimum: 1, maximum: 3600 },
});
export type HelloWire = Static<typeof helloSchema>;
export const checkHello = checker(helloSchema);

/** POST /v1/access-requests, on the secure port. */
const deviceRequestInputSchema = input(
  'DeviceRequestInput',
  { uuid, device_proof: bytes32, shows_code: boolean },
  { label: text },
);
export const checkDeviceRequestInput = checker(deviceRequestInputSchema);

/** POST /v1/access-requests, on the hello port, where the literal exchange is allowed. */
const plainInputSchema = input('PlainInput', { uuid, onboarding_ssid: ssid, pass_tmp: passTmp });
export type PlainInputWire = Static<typeof plainInputSchema>;
export const checkPlainInput = checker(plainInputSchema);

/** GET /v1/access-requests/{request_id}; the optional members are there when it is approved, `reason` when denied. */
const deviceRequestSchema = object(
  'DeviceRequest',
  { request_id: id, status: oneOf(requestStatuses) },
  {
    reason: remark,
    uuid,
    ssid,
    password: wifiPassword,
    password_id: id,
    security: oneOf(securities),
    grant_id: id,
    expires_at: instant,
    joined_url: { type: 'string', minLength: 1, maxLength: 256 },
  },
);
export type DeviceRequestWire = Static<typeof deviceRequestSchema>;
export const checkDeviceRequest = checker(deviceRequestSchema);

/** 32 bytes from a member that its schema has checked, and back. */
export function bytesFromWire(text: string): Buffer {
  return Buffer.from(text, 'base64url');
}

export const bytesToWire = base64url;
