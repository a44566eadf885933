import { Buffer } from 'node:buffer';
import { sign, verify, type KeyObject } from 'node:crypto';
import { LatchkeyError } from '../domain/errors.ts';
import type { MeterReading } from '../domain/meter.ts';
import { ed25519Public } from './ed25519.ts';

const signatureBytes = 64;

/** What of a reading is signed; its time counts in whole seconds. */
type Read = Omit<MeterReading, 'signature'>;

/**
 * What a side signs by its meter key: `latchkey/1 meter`, the grant's id, the side, bytes in, bytes out, seconds, the time
 * (RFC 3339, UTC, whole seconds) and `final` or `running`, with a zero byte between each and the next.
 */
export function meterMessage({ grantId, side, bytesIn, bytesOut, seconds, at, isFinal }: Read): Uint8Array {
  const time = at.toISOString().replace(/\.\d{3}Z$/, 'Z');
  return Buffer.from(['latchkey/1 meter', grantId, side, bytesIn, bytesOut, seconds, time, isFinal ? 'final' : 'running'].join('\0'));
}

/** 64 bytes. */
export function signReading(reading: Read, key: KeyObject): Uint8Array {
  return sign(null, meterMessage(reading), key);
}

/** `publicKey`: Ed25519, 32 bytes. Errors: `signature_invalid`. */
export function verifyReading({ signature, ...reading }: MeterReading, publicKey: Uint8Array): void {
  if (signature.length !== signatureBytes || !verify(null, meterMessage(reading), ed25519Public(publicKey), signature)) {
    throw new LatchkeyError('signature_invalid', 'The signature of the meter reading does not fit.');
  }
}
