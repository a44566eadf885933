import { createECDH, createPrivateKey } from 'node:crypto';

/** A scalar of P-256 as wpa_supplicant takes it: an ECPrivateKey (RFC 5915) in DER. */
export function ecPrivateKey(scalar: Uint8Array): Buffer {
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(scalar);
  const point = pair.getPublicKey();
  const base64 = (part: Uint8Array) => Buffer.from(part).toString('base64url');
  const key = { kty: 'EC', crv: 'P-256', x: base64(point.subarray(1, 33)), y: base64(point.subarray(33)), d: base64(scalar) };
  return createPrivateKey({ format: 'jwk', key }).export({ format: 'der', type: 'sec1' });
}
