import { Buffer } from 'node:buffer';
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { LatchkeyError } from '../domain/errors.ts';

/** Keys for Ed25519 (RFC 8032). */
export interface Ed25519KeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly privateKey: KeyObject;
}

const keyBytes = 32;

/** The pair that belongs to a seed: 32 random bytes, which are the private key (RFC 8032, 5.1.5). */
export function newEd25519(seed: Uint8Array): Ed25519KeyPair {
  if (seed.length !== keyBytes) {
    throw new RangeError('an Ed25519 key is made of 32 random bytes');
  }
  const privateKey = createPrivateKey({ key: Buffer.from(seed), format: 'raw-private', asymmetricKeyType: 'ed25519' });
  return { publicKey: createPublicKey(privateKey).export({ format: 'raw-public' }), privateKey };
}

/** Of the curve −x² + y² = 1 − 121665/121666 x²y² over this field (RFC 8032, 5.1). */
const prime = 2n ** 255n - 19n;

/**
 * As `ed25519Public`, of a key that somebody names as their own. Refused is what is no point, and what is one of the eight of
 * small order: by those a signature can be made without a private key, and is right for anything. Takes 0.2 ms.
 * Errors: `invalid_input`.
 */
export function newEd25519Public(raw: Uint8Array): KeyObject {
  const key = ed25519Public(raw);
  const y = BigInt(`0x${Buffer.from(raw).reverse().toString('hex')}`) % 2n ** 255n;
  const square = (y * y) % prime;
  // x² is the first by the second, by the curve.
  const above = square - 1n;
  const below = 121666n - 121665n * square;
  const isOfSmallOrder = y === 0n || above === 0n || (above * 121666n + square * below) % prime === 0n;
  if (y >= prime || isOfSmallOrder || !isSquare(above * below * 121666n)) {
    throw new LatchkeyError('invalid_input', 'This is no public key of Ed25519.');
  }
  return key;
}

/** By Euler's criterion. */
function isSquare(value: bigint): boolean {
  let [result, base] = [1n, ((value % prime) + prime) % prime];
  for (let exponent = (prime - 1n) / 2n; exponent > 0n; exponent /= 2n) {
    if (exponent % 2n === 1n) result = (result * base) % prime;
    base = (base * base) % prime;
  }
  return result === 1n;
}

/** Of 32 bytes. Whether they are a point shows when something is verified. Errors: `invalid_input`. */
export function ed25519Public(raw: Uint8Array): KeyObject {
  if (raw.length !== keyBytes) {
    throw new LatchkeyError('invalid_input', 'A public key of Ed25519 has 32 bytes.');
  }
  return createPublicKey({ key: Buffer.from(raw), format: 'raw-public', asymmetricKeyType: 'ed25519' });
}
