import { Buffer } from 'node:buffer';
import { base64url } from '../protocol/encoding.ts';
import type { Verification } from '../roles/ap/ports.ts';
import { bytes32, input, object, oneOf, uuid, type Static } from './schema.ts';

/** What an access point asks about a uuid (protocol.md section 1). */
export const verificationInputSchema = input('VerificationInput', { uuid, device_nonce: bytes32 });
export type VerificationInputWire = Static<typeof verificationInputSchema>;

export const verificationStatus = oneOf(['known', 'unknown', 'revoked', 'spent']);

export const verificationSchema = object(
  'Verification',
  {
    status: verificationStatus,
    ap_nonce: { ...bytes32, description: 'For this hello alone; good for a request within 120 s.' },
  },
  { psk: { ...bytes32, description: 'Only for `known`.' } },
);
export type VerificationWire = Static<typeof verificationSchema>;

interface Hello {
  readonly uuid: string;
  readonly deviceNonce: Uint8Array;
}

export function helloToWire({ uuid, deviceNonce }: Hello): VerificationInputWire {
  return { uuid, device_nonce: base64url(deviceNonce) };
}

export function helloFromWire(wire: VerificationInputWire): Hello {
  return {
    uuid: wire.uuid,
    deviceNonce: Buffer.from(wire.device_nonce, 'base64url'),
  };
}

export function verificationToWire({ status, psk, apNonce }: Verification): VerificationWire {
  const common = { status, ap_nonce: base64url(apNonce) };
  return psk === undefined ? common : { ...common, psk: base64url(psk) };
}

export function verificationFromWire({ status, psk, ap_nonce: apNonce }: VerificationWire): Verification {
  return {
    status,
    psk: psk === undefined ? undefined : Buffer.from(psk, 'base64url'),
    apNonce: Buffer.from(apNonce, 'base64url'),
  };
}
