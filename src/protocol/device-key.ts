import { createHmac, hkdfSync } from 'node:crypto';
import { Buffer } from 'node:buffer';
import { uuidBytes } from './encoding.ts';

/** What both sides of a hello know (protocol.md section 1): the salt is uuid ‖ device_nonce ‖ ap_nonce, 80 bytes. */
export interface HelloContext {
  readonly uuid: string;
  readonly apId: string;
  /** 32 bytes each. */
  readonly deviceNonce: Uint8Array;
  readonly apNonce: Uint8Array;
}

function derive(passTmp: string, context: HelloContext, label: string): Buffer {
  const salt = Buffer.concat([uuidBytes(context.uuid), context.deviceNonce, context.apNonce]);
  return Buffer.from(hkdfSync('sha256', passTmp, salt, `${label}\0${context.apId}`, 32));
}

/** The TLS-PSK key of one hello, 32 bytes: equal on both sides exactly if the two pass_tmp are. */
export function devicePsk(passTmp: string, context: HelloContext): Buffer {
  return derive(passTmp, context, 'latchkey/1 device-psk');
}

/** What the device shows to the server through the AP, 32 bytes: the AP, which holds the psk alone, cannot make it. */
export function deviceProof(passTmp: string, context: HelloContext): Buffer {
  return derive(passTmp, context, 'latchkey/1 device-proof');
}

/** The four digits that device and owner compare. */
export function matchCode(psk: Uint8Array, requestId: string): string {
  const mac = createHmac('sha256', psk).update(`latchkey/1 match\0${requestId}`).digest();
  return String(mac.readUInt32BE(0) % 10_000).padStart(4, '0');
}
