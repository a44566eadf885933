import { Buffer } from 'node:buffer';
import { createCipheriv, createDecipheriv, randomFillSync, type KeyObject } from 'node:crypto';

const algorithm = 'aes-256-gcm';
const nonceLength = 12;
const tagLength = 16;
const options = { authTagLength: tagLength };

/** Bytes that encryption adds: nonce and tag. */
export const overhead = nonceLength + tagLength;

/**
 * AES-256-GCM (NIST SP 800-38D) under a fresh random nonce: header ‖ nonce ‖ ciphertext ‖ tag. Random nonces of
 * 96 bits are good for 2³² boxes a key.
 */
export function encrypt(
  key: KeyObject,
  plaintext: string | Uint8Array,
  associatedData: Uint8Array,
  header: Uint8Array,
): Buffer {
  const nonce = nextNonce();
  const cipher = createCipheriv(algorithm, key, nonce, options).setAAD(associatedData);
  const ciphertext = typeof plaintext === 'string' ? cipher.update(plaintext, 'utf8') : cipher.update(plaintext);
  cipher.final();
  return Buffer.concat([header, nonce, ciphertext, cipher.getAuthTag()]);
}

/** Asking for twelve random bytes takes nearly as long as for thousands. A nonce is no secret, and none is given twice. */
const nonces = Buffer.allocUnsafe(341 * nonceLength);
let noncesUsed = nonces.length;

function nextNonce(): Buffer {
  if (noncesUsed === nonces.length) {
    randomFillSync(nonces);
    noncesUsed = 0;
  }
  return nonces.subarray(noncesUsed, (noncesUsed += nonceLength));
}

/** The plaintext of a box behind a header of that length; undefined if key, box or associated data are not right. */
export function decrypt(
  key: KeyObject,
  box: Uint8Array,
  associatedData: Uint8Array,
  headerLength: number,
): Buffer | undefined {
  const ciphertextStart = headerLength + nonceLength;
  const tagStart = box.length - tagLength;
  if (tagStart < ciphertextStart) {
    return undefined;
  }
  const decipher = createDecipheriv(algorithm, key, box.subarray(headerLength, ciphertextStart), options)
    .setAAD(associatedData)
    .setAuthTag(box.subarray(tagStart));
  const plaintext = decipher.update(box.subarray(ciphertextStart, tagStart));
  try {
    decipher.final();
  } catch {
    // The only thing that final() refuses here is the tag.
    return undefined;
  }
  return plaintext;
}
