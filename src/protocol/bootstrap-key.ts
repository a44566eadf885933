import { Buffer } from 'node:buffer';
import { createECDH } from 'node:crypto';

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

/** The point that belongs to it, compressed: 33 bytes (SEC 1, 2.3.3). */
export function bootstrapPublicKey(privateKey: Uint8Array): Uint8Array {
  const pair = createECDH(curve);
  pair.setPrivateKey(privateKey);
  return pair.getPublicKey(null, 'compressed');
}
