import { createECDH, createPrivateKey, createPublicKey } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dppUri, parseDppUri } from './dpp-uri.ts';

const ecdh = createECDH('prime256v1');
ecdh.setPrivateKey(Buffer.alloc(32, 7));
const publicKey = Uint8Array.from(ecdh.getPublicKey(null, 'compressed'));
const plain = { channels: ['81/1'], mac: '5a:4e:00:00:00:01', info: 'lamp-2', publicKey };

test('is what configurators scan', () => {
  const [, key] = /^DPP:C:81\/1;M:5a4e00000001;I:lamp-2;V:2;K:([^;]+);;$/.exec(dppUri(plain)) ?? [];
  const spki = createPublicKey({ key: Buffer.from(key!, 'base64'), format: 'der', type: 'spki' });
  const [x, y] = [ecdh.getPublicKey().subarray(1, 33), ecdh.getPublicKey().subarray(33)];
  expect(spki.export({ format: 'jwk' })).toMatchObject({ crv: 'P-256', x: x.toString('base64url'), y: y.toString('base64url') });
  const d = Buffer.alloc(32, 7).toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', d, x: x.toString('base64url'), y: y.toString('base64url') };
  expect(createPublicKey(createPrivateKey({ key: jwk, format: 'jwk' })).equals(spki)).toBe(true);
});

test('leaves out what is not known', () => {
  expect(dppUri({ channels: [], mac: undefined, info: undefined, publicKey })).toMatch(/^DPP:V:2;K:[A-Za-z0-9+/]+=*;;$/);
});

test('whatever is written is read back', () => {
  const hex = fc.stringMatching(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
  const info = fc.stringMatching(/^[\x20-\x3a\x3c-\x7e]{1,60}$/);
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => {
    const pair = createECDH('prime256v1');
    pair.setPrivateKey(Buffer.from(bytes).fill(1, 0, 4));
    return Uint8Array.from(pair.getPublicKey(null, 'compressed'));
  });
  const nil = { nil: undefined };
  fc.assert(fc.property(fc.option(hex, nil), fc.option(info, nil), key, fc.subarray(['81/1', '115/36', '124/149']), (mac, text, point, channels) => {
    const bootstrapping = { channels, mac, info: text, publicKey: point };
    expect(parseDppUri(dppUri(bootstrapping))).toEqual(bootstrapping);
  }), { numRuns: 50 });
});

test.each([
  [{ info: 'a;b' }, 'without ";"'],
  [{ info: 'Lämpchen' }, 'printable ASCII'],
  [{ info: '' }, 'printable ASCII'],
  [{ mac: '5a:4e' }, 'MAC'],
  [{ channels: ['81'] }, '81/1'],
  [{ channels: ['81/1;M:0'] }, '81/1'],
  [{ publicKey: publicKey.with(0, 4) }, 'P-256'],
  [{ publicKey: publicKey.slice(1) }, 'P-256'],
  [{ publicKey: new Uint8Array(33).fill(255).with(0, 2) }, 'P-256'],
])('refuses %o', (part, message) => {
  expect(() => dppUri({ ...plain, ...part })).toThrow(expect.objectContaining({ code: 'invalid_input', message: expect.stringContaining(message) }));
});

test.each([
  ['', ''],
  ['V:2;', ''],
  ['V:2;', 'V:1;'],
  [';;', ';'],
  ['I:lamp-2', 'X:lamp-2'],
  ['M:5a', 'M:'],
  ['K:MDk', 'K:MDo'],
  ['K:', 'K:\n'],
])('parsing refuses a URI with %j as %j', (from, to) => {
  const text = from === '' ? to : dppUri(plain).replace(from, to);
  expect(() => parseDppUri(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});
