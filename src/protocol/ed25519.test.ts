import { Buffer } from 'node:buffer';
import { sign, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { ed25519Public, newEd25519 } from './ed25519.ts';

/** RFC 8032, 7.1, test 2. */
const seed = Buffer.from('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', 'hex');
const publicKey = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c';
const signature = '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00';

test('a seed gives the pair of RFC 8032, and that its signature', () => {
  const pair = newEd25519(seed);
  expect(Buffer.from(pair.publicKey).toString('hex')).toBe(publicKey);
  expect(sign(null, Buffer.from([0x72]), pair.privateKey).toString('hex')).toBe(signature);
});

test('a raw public key verifies', () => {
  expect(verify(null, Buffer.from([0x72]), ed25519Public(Buffer.from(publicKey, 'hex')), Buffer.from(signature, 'hex'))).toBe(true);
  expect(verify(null, Buffer.from([0x73]), ed25519Public(Buffer.from(publicKey, 'hex')), Buffer.from(signature, 'hex'))).toBe(false);
});

test('32 bytes that are no point verify nothing', () => {
  expect(verify(null, Buffer.from([0x72]), ed25519Public(Buffer.alloc(32, 255)), Buffer.from(signature, 'hex'))).toBe(false);
});

test.each([0, 31, 33])('%i bytes are no key', (length) => {
  expect(() => newEd25519(Buffer.alloc(length))).toThrow(RangeError);
  expect(() => ed25519Public(Buffer.alloc(length))).toThrow('A public key of Ed25519 has 32 bytes.');
});
