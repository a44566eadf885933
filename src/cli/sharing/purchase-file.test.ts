import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseQuantity } from '../../domain/quantity.ts';
import { newAccessKey } from '../../protocol/access-code.ts';
import type { GuestOrder } from '../../roles/guest/ports.ts';
import type { SecretStore } from '../../roles/secret-store.ts';
import { StoredGuestKeys } from './guest-keys.ts';
import { interfaceCounters } from './interface-counters.ts';
import { PurchaseFile } from './purchase-file.ts';
import { UseFile } from './use-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-share-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const order: GuestOrder = { kind: 'access', offerId: 'off_1', quantity: parseQuantity('500MB'), account: 'Anna' };
const begun = { key: 'k1', at: 'local', order, begunAt: new Date('2026-12-01T08:00:00.000Z') };
const increase = { key: 'k2', at: 'https://latchkey.example', order: { kind: 'increase', accessId: 'srq_1', quantity: parseQuantity('1h') } as GuestOrder, begunAt: begun.begunAt };

test('what was written down is there for the next process, with all that was found out', async () => {
  const file = new PurchaseFile(folder);
  await file.begin(begun);
  await file.begin(increase);
  await file.note('k1', { requestId: 'srq_1' });
  await file.note('k1', { compared: { isSame: false, thumbprint: 'T'.repeat(43) } });
  await file.note('k2', { isOver: true });
  const both = [
    { ...begun, requestId: 'srq_1', compared: { isSame: false, thumbprint: 'T'.repeat(43) }, isOver: false },
    { ...increase, requestId: undefined, compared: undefined, isOver: true },
  ];
  expect(await file.all()).toEqual(both);
  expect(await new PurchaseFile(folder).all()).toEqual(both);
  expect(readFileSync(join(folder, 'purchases.ndjson'), 'utf8')).not.toMatch(/password|seed|"d"/);
});

test('a torn last line was not written; a damaged one is said', async () => {
  await new PurchaseFile(folder).begin(begun);
  appendFileSync(join(folder, 'purchases.ndjson'), '{"key":"k1","requ');
  expect(await new PurchaseFile(folder).all()).toMatchObject([{ key: 'k1', requestId: undefined }]);
  appendFileSync(join(folder, 'purchases.ndjson'), '\n');
  await expect(new PurchaseFile(folder).all()).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringMatching(/journal of purchases .* is damaged/) });
});

test('what was counted is kept for the next process, and counts from nothing where it is damaged', async () => {
  const file = new UseFile('srq_1', folder);
  expect(await file.get()).toEqual({ meter: undefined, lastEvent: undefined });
  const meter = { interface: 'wlan0', counters: { received: 2n ** 60n, sent: 7n }, at: begun.begunAt, bytesIn: 5n, bytesOut: 6n, seconds: 8 };
  await file.set({ meter, lastEvent: 12 });
  expect(await new UseFile('srq_1', folder).get()).toEqual({ meter, lastEvent: 12 });
  appendFileSync(join(folder, 'srq_1.meter.json'), '}');
  expect(await new UseFile('srq_1', folder).get()).toEqual({ meter: undefined, lastEvent: undefined });
  await file.remove();
  await file.remove();
});

test('keys and the opened code are kept as one secret, and what is none says its name alone', async () => {
  const secrets = new Map<string, string>();
  const store: SecretStore = { kind: 'file', get: async (name) => secrets.get(name), set: async (name, value) => void secrets.set(name, value), delete: async (name) => secrets.delete(name), names: async () => [...secrets.keys()] };
  const keys = new StoredGuestKeys(store);
  const kept = { accessKey: newAccessKey(), meterSeed: new Uint8Array(32).fill(3) };
  await keys.set('-k', kept);
  expect({ ...(await keys.get('-k'))!, meterSeed: [...(await keys.get('-k'))!.meterSeed] }).toEqual({ ...kept, meterSeed: [...kept.meterSeed] });
  const code = { ssid: 'Home', password: 'only-for-this-guest', security: 'wpa3-sae' as const };
  await keys.set('-k', { ...kept, code });
  expect((await keys.get('-k'))?.code).toEqual(code);
  for (const other of ['no JSON', '{}', 'null', JSON.stringify({ access_key: kept.accessKey, meter_seed: 'AA', code: { ssid: 'Home' } })]) {
    secrets.set('share/purchase/key.-k', other);
    await expect(keys.get('-k')).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining('share/purchase/key.-k') });
  }
  await keys.remove('-k');
  expect(await keys.get('-k')).toBeUndefined();
});

test('an interface that is not there has its own error', async () => {
  await expect(interfaceCounters('wlan99', folder)).rejects.toMatchObject({ code: 'interface_not_found' });
});
