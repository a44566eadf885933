import { createDecipheriv, createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { ErrorCode } from '../domain/errors.ts';
import { KeyringSealer } from './seal.ts';

const withCode = (code: ErrorCode) => expect.objectContaining({ code });
const older = new Uint8Array(32).fill(1);
const newer = new Uint8Array(32).fill(2);
const place = { table: 'devices', row: '9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d', column: 'pass_tmp' };

test('what was sealed opens at its place, text and bytes', () => {
  const sealer = new KeyringSealer([older]);

  expect(sealer.openText(sealer.seal('pässwörd 🔑', place), place)).toBe('pässwörd 🔑');
  expect([...sealer.open(sealer.seal(Uint8Array.of(0, 255, 128), place), place)]).toEqual([0, 255, 128]);
  expect(sealer.openText(sealer.seal('', place), place)).toBe('');
});

test('a box is version, key id, nonce, ciphertext and tag, bound to table, row and column', () => {
  const box = new KeyringSealer([older]).seal('open sesame', place);

  expect(box[0]).toBe(1);
  expect([...box.subarray(1, 5)]).toEqual([...createHash('sha256').update(older).digest().subarray(0, 4)]);
  const decipher = createDecipheriv('aes-256-gcm', older, box.subarray(5, 17))
    .setAAD(Buffer.from(`devices\0${place.row}\0pass_tmp`))
    .setAuthTag(box.subarray(-16));
  expect(decipher.update(box.subarray(17, -16), undefined, 'utf8') + decipher.final('utf8')).toBe('open sesame');
});

test('the same secret is never sealed to the same box', () => {
  const sealer = new KeyringSealer([older]);
  const nonces = Array.from({ length: 100 }, () => Buffer.from(sealer.seal('same', place)).toString('hex', 5, 17));

  expect(new Set(nonces).size).toBe(100);
});

test.each([
  ['table', { ...place, table: 'grants' }],
  ['row', { ...place, row: '00000000-0000-4000-8000-000000000000' }],
  ['column', { ...place, column: 'password' }],
])('a box copied to another %s does not open', (_, elsewhere) => {
  const sealer = new KeyringSealer([older]);

  expect(() => sealer.open(sealer.seal('secret', place), elsewhere)).toThrow(withCode('storage_corrupt'));
});

test('a change of any byte is found out', () => {
  const sealer = new KeyringSealer([older]);
  const box = sealer.seal('secret', place);
  for (let at = 0; at < box.length; at += 1) {
    const changed = Uint8Array.from(box);
    changed[at]! ^= 1;
    const inKeyId = at >= 1 && at < 5;
    expect(() => sealer.open(changed, place)).toThrow(withCode(inKeyId ? 'storage_key_missing' : 'storage_corrupt'));
  }
});

test('a box cut short is damaged, however short', () => {
  const sealer = new KeyringSealer([older]);
  const box = sealer.seal('', place);
  for (let length = 0; length < box.length; length += 1) {
    expect(() => sealer.open(box.subarray(0, length), place)).toThrow(withCode('storage_corrupt'));
    expect(() => sealer.isCurrent(box.subarray(0, length))).not.toThrow();
  }
});

test('another key is missing, not damaged', () => {
  const box = new KeyringSealer([older]).seal('secret', place);

  expect(() => new KeyringSealer([newer]).open(box, place)).toThrow(withCode('storage_key_missing'));
});

test('with several keys the newest seals and any opens', () => {
  const before = new KeyringSealer([older]).seal('secret', place);
  const ring = new KeyringSealer([newer, older]);

  expect(ring.openText(before, place)).toBe('secret');
  expect(ring.isCurrent(before)).toBe(false);
  const after = ring.seal(ring.open(before, place), place);
  expect(ring.isCurrent(after)).toBe(true);
  expect(new KeyringSealer([newer]).openText(after, place)).toBe('secret');
});

test('no error says anything of what is sealed', () => {
  const sealer = new KeyringSealer([older]);
  const box = sealer.seal('open sesame', place);
  box[20]! ^= 1;

  expect(() => sealer.open(box, place)).toThrow(/^(?!.*(open|sesame)).*pass_tmp.*devices/);
});
