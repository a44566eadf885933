import { expect, test } from 'vitest';
import { deriveWpaKey } from '../../protocol/wpa-key.ts';
import type { GrantKey } from '../../roles/agent/store.ts';
import { GrantKeys } from './grant-keys.ts';

function memory() {
  const kept = new Map<string, GrantKey>();
  const store = {
    grantKeys: () => new Map(kept),
    saveGrantKeys: (keys: ReadonlyMap<string, GrantKey>) => keys.forEach((key, id) => kept.set(id, key)),
    grantKey: (id: string) => kept.get(id),
  };
  return { kept, store };
}

const grant = (id: string, subjectId = `subject of ${id}`) => ({ id, subject: { kind: 'device', id: subjectId } as const });
const [a, b] = [grant('a'), grant('b')];

test('each grant keeps its password over a restart, while it is off the air, and over a change of the network’s name', async () => {
  const { store } = memory();
  const keys = new GrantKeys(store);
  await keys.load([a, b], 'Home');
  const { password, psk } = keys.get('a')!;
  expect(psk).toEqual(await deriveWpaKey(password, 'Home'));
  await keys.load([b], 'Home');
  expect(keys.get('a')).toBeUndefined();
  await keys.load([a, b], 'Home');
  expect(keys.get('a')).toEqual({ ssid: 'Home', password, psk });
  const again = new GrantKeys(store);
  await again.load([a, b], 'Home');
  expect(again.get('a')).toEqual({ ssid: 'Home', password, psk });
  await again.load([a], 'Work');
  expect(again.get('a')).toEqual({ ssid: 'Work', password, psk: await deriveWpaKey(password, 'Work') });
});

test('for another subject it is looked at anew whether there is a password', async () => {
  const { kept, store } = memory();
  const keys = new GrantKeys(store);
  await keys.load([a, b], 'Home');
  const [first, other] = [keys.get('a'), keys.get('b')];
  await keys.load([grant('a', 'somebody else'), b], 'Home');
  expect(keys.get('a')).toEqual(first);
  kept.clear();
  await keys.load([grant('a', 'a third'), b], 'Home');
  expect(keys.get('a')?.password).not.toBe(first!.password);
  expect(keys.get('b')).toEqual(other);
});
