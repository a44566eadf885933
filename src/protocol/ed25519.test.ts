import { Buffer } from 'node:buffer';
import { hash, sign, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { ed25519Public, newEd25519, newEd25519Public } from './ed25519.ts';

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

test('what somebody names as their key is a point, and of no small order', () => {
  for (let index = 0; index < 50; index += 1) {
    const { publicKey: own } = newEd25519(hash('sha256', String(index), 'buffer'));
    expect(newEd25519Public(own).equals(ed25519Public(own))).toBe(true);
  }
  const refused = [
    '01'.padEnd(64, '0'), '00'.repeat(32), '00'.repeat(31) + '80', 'ec' + 'ff'.repeat(30) + '7f',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    // Not below the prime, and no point.
    'ed' + 'ff'.repeat(30) + '7f', 'ff'.repeat(32), '02'.padEnd(64, '0'),
  ];
  for (const hex of refused) expect(() => newEd25519Public(Buffer.from(hex, 'hex')), hex).toThrow('This is no public key of Ed25519.');
});

test.each([0, 31, 33])('%i bytes are no key', (length) => {
  expect(() => newEd25519(Buffer.alloc(length))).toThrow(RangeError);
  expect(() => ed25519Public(Buffer.alloc(length))).toThrow('A public key of Ed25519 has 32 bytes.');
});
