import { Buffer } from 'node:buffer';
import { createECDH, hash } from 'node:crypto';

const curve = 'prime256v1';
const scalarBytes = 32;

/** The private key of a device's DPP bootstrapping (Wi-Fi Easy Connect, 5.2): a scalar of P-256, 32 bytes, the highest first. */
export function newBootstrapKey(): Uint8Array {
  const pair = createECDH(curve);
  pair.generateKeys();
  const scalar = pair.getPrivateKey();
  // It comes without leading zeros.
  return Buffer.concat([Buffer.alloc(scalarBytes - scalar.length), scalar]);
}

/** Of a SubjectPublicKeyInfo (RFC 5480) of a compressed point on P-256; the point follows. */
const spkiPrefix = Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex');

/** A compressed point as a DPP URI has it: DER of its SubjectPublicKeyInfo (Wi-Fi Easy Connect, 5.2.1). */
export function bootstrapKeyInfo(publicKey: Uint8Array): Uint8Array {
  return Buffer.concat([spkiPrefix, publicKey]);
}

/** By what a device names its key when it announces itself: 32 bytes (Wi-Fi Easy Connect, 6.2.1.1). */
export function chirpHash(publicKey: Uint8Array): Uint8Array {
  return hash('sha256', Buffer.concat([Buffer.from('chirp'), bootstrapKeyInfo(publicKey)]), 'buffer');
}

/** The point that belongs to it, compressed: 33 bytes (SEC 1, 2.3.3). */
export function bootstrapPublicKey(privateKey: Uint8Array): Uint8Array {
  const pair = createECDH(curve);
  pair.setPrivateKey(privateKey);
  return pair.getPublicKey(null, 'compressed');
}
