import { createPrivateKey, createPublicKey, ECDH } from 'node:crypto';
import { expect, test } from 'vitest';
import { bootstrapPublicKey, newBootstrapKey } from './bootstrap-key.ts';

test('a key always has 32 bytes, and no two are the same', () => {
  const keys = Array.from({ length: 1000 }, newBootstrapKey);
  expect(new Set(keys.map((key) => key.length))).toEqual(new Set([32]));
  expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1000);
});

test('the public key is that of the private one', () => {
  const privateKey = Buffer.from(newBootstrapKey());
  const point = Buffer.from(ECDH.convertKey(bootstrapPublicKey(privateKey), 'prime256v1', undefined, undefined, 'uncompressed') as Buffer);
  const jwk = { kty: 'EC', crv: 'P-256', d: privateKey.toString('base64url'), x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') };
  const derived = createPublicKey(createPrivateKey({ key: jwk, format: 'jwk' })).export({ format: 'jwk' });
  expect([derived.x, derived.y]).toEqual([jwk.x, jwk.y]);
});
