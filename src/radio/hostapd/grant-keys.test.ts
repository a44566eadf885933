import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { GrantKey } from '../../roles/agent/ports.ts';
import { GrantKeys, newPassword, pskOf } from './grant-keys.ts';

function memory() {
  const kept = new Map<string, GrantKey>();
  const store = {
    grantKeys: () => new Map(kept),
    saveGrantKeys: (keys: ReadonlyMap<string, GrantKey>) => keys.forEach((key, id) => kept.set(id, key)),
    removeGrantKeys: (ids: readonly string[]) => ids.forEach((id) => kept.delete(id)),
  };
  return { kept, store };
}

test('keys follow from passwords as in the vectors', async () => {
  const { vectors } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../test/vectors/wpa-psk.json'), 'utf8')) as {
    vectors: { passphrase: string; ssid: string; psk_hex: string }[];
  };
  expect(vectors.length).toBeGreaterThan(0);
  for (const { passphrase, ssid, psk_hex: expected } of vectors) {
    expect((await pskOf(passphrase, ssid)).toString('hex')).toBe(expected);
  }
});

test('a password has 130 bits, and each is another', () => {
  const passwords = Array.from({ length: 1000 }, newPassword);
  expect(new Set(passwords).size).toBe(1000);
  expect(passwords.every((password) => /^[a-z2-7]{26}$/.test(password))).toBe(true);
  expect(new Set(passwords.join('')).size).toBe(32);
});

test('each grant keeps its password over a restart, and over a change of the network’s name', async () => {
  const { kept, store } = memory();
  const keys = new GrantKeys(store);
  await keys.keepFor(['a', 'b'], 'Home');
  const { password, psk } = keys.get('a')!;
  expect(psk).toEqual(await pskOf(password, 'Home'));
  const again = new GrantKeys(store);
  await again.keepFor(['a', 'b'], 'Home');
  expect(again.get('a')).toEqual({ ssid: 'Home', password, psk });
  await again.keepFor(['a'], 'Work');
  expect(again.get('a')).toEqual({ ssid: 'Work', password, psk: await pskOf(password, 'Work') });
  expect([...kept.keys()]).toEqual(['a']);
  expect(again.get('b')).toBeUndefined();
});
