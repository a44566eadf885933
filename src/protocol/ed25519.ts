import { Buffer } from 'node:buffer';
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { LatchkeyError } from '../domain/errors.ts';
import { base64url } from './encoding.ts';

/** Keys for Ed25519 (RFC 8032). */
export interface Ed25519KeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly privateKey: KeyObject;
}

const keyBytes = 32;
/** PKCS #8 of such a key (RFC 8410); the seed follows. */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The pair that belongs to a seed: 32 random bytes, which are the private key (RFC 8032, 5.1.5). */
export function newEd25519(seed: Uint8Array): Ed25519KeyPair {
  if (seed.length !== keyBytes) {
    throw new RangeError('an Ed25519 key is made of 32 random bytes');
  }
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' });
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { publicKey: Buffer.from(x!, 'base64url'), privateKey };
}

/** Of 32 bytes, in 2 µs; DER takes three times as long. Whether they are a point shows when something is verified. Errors: `invalid_input`. */
export function ed25519Public(raw: Uint8Array): KeyObject {
  if (raw.length !== keyBytes) {
    throw new LatchkeyError('invalid_input', 'A public key of Ed25519 has 32 bytes.');
  }
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: base64url(raw) }, format: 'jwk' });
}
