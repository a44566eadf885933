import { Buffer } from 'node:buffer';
import { base64url } from '../protocol/encoding.ts';
import type { Verification } from '../roles/ap/ports.ts';
import { bytes32, id, input, object, oneOf, uuid, type Static } from './schema.ts';
import { present } from './wire.ts';

/** What an access point asks about a uuid (protocol.md section 1). */
export const verificationInputSchema = input('VerificationInput', { uuid, device_nonce: bytes32, ap_nonce: bytes32 });
export type VerificationInputWire = Static<typeof verificationInputSchema>;

export const verificationSchema = object(
  'Verification',
  { status: oneOf(['known', 'unknown', 'revoked', 'spent']) },
  {
    psk: { ...bytes32, description: 'Only for `known`.' },
    verification_id: { ...id, description: 'For the request that follows; only for `known`.' },
  },
);
export type VerificationWire = Static<typeof verificationSchema>;

interface Hello {
  readonly uuid: string;
  readonly deviceNonce: Uint8Array;
  readonly apNonce: Uint8Array;
}

export function helloToWire({ uuid, deviceNonce, apNonce }: Hello): VerificationInputWire {
  return { uuid, device_nonce: base64url(deviceNonce), ap_nonce: base64url(apNonce) };
}

export function helloFromWire(wire: VerificationInputWire): Hello {
  return {
    uuid: wire.uuid,
    deviceNonce: Buffer.from(wire.device_nonce, 'base64url'),
    apNonce: Buffer.from(wire.ap_nonce, 'base64url'),
  };
}

export function verificationToWire({ status, psk, verificationId }: Verification): VerificationWire {
  return present({ status, psk: psk === undefined ? undefined : base64url(psk), verification_id: verificationId });
}

export function verificationFromWire({ status, psk, verification_id: verificationId }: VerificationWire): Verification {
  return { status, psk: psk === undefined ? undefined : Buffer.from(psk, 'base64url'), verificationId };
}
