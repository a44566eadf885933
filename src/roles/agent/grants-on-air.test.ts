import { expect, test } from 'vitest';
import { noUsage, timeGraceMs, type Grant } from '../../domain/grant.ts';
import { GrantsOnAir } from './grants-on-air.ts';
import type { GrantOnAir, PushedRadio, Shortfall } from './radio.ts';
import type { UsageMeter } from './usage-meter.ts';

const meter = {} as UsageMeter;
const usual = { meter, now: () => new Date(1), graceMs: 0, vlanOf: () => undefined, macOf: () => undefined, log: () => {}, count: async () => {}, onNew: () => {}, onWaiting: () => {} };

function grant(id: string): Grant {
  return {
    id, subject: { kind: 'device', id: 'd' }, network: { apId: 'ap_1', ssid: 'Home' }, source: 'device', requestId: undefined, startsAt: new Date(0),
    endsAt: undefined, allowedMs: undefined, waitingMs: undefined, quotaBytes: undefined, policy: 'cut', vlan: undefined, usage: noUsage, state: 'active', closedAt: undefined, closedBy: undefined,
    reason: undefined, revision: 1,
  };
}

test('what the radio keeps off the air is shown to nobody until it is on, and told of meanwhile', async () => {
  let shortfall: Shortfall | undefined = { detail: 'no VLANs', hint: 'make some', offAir: new Set(['grt_2']) };
  const news: string[] = [];
  const grants = new GrantsOnAir({
    ...usual,
    radio: { kind: 'hostapd', enforcement: 'per-grant', converge: async () => shortfall } as unknown as PushedRadio,
    onNew: (added) => news.push(...added.map(({ id }) => id)),
  });
  grants.take([grant('grt_1'), grant('grt_2')]);
  await grants.converge();
  expect([grants.onAir('grt_1')?.id, grants.onAir('grt_2')?.id]).toEqual(['grt_1', undefined]);
  expect(news).toEqual(['grt_1']);
  expect(grants.status().trouble).toMatchObject({ detail: 'no VLANs', hint: 'make some' });
  expect(grants.due().isBehind).toBe(false);
  shortfall = undefined;
  await grants.converge();
  expect(grants.onAir('grt_2')?.id).toBe('grt_2');
  expect(news).toEqual(['grt_1', 'grt_2']);
  expect(grants.status().trouble).toBeUndefined();
});

test('time waits for the radio that has this very grant, not for one that had an earlier one or keeps it off the air', async () => {
  let isThere = true;
  let offAir = new Set(['grt_2']);
  const begun: string[] = [];
  const converge = async (): Promise<Shortfall | undefined> => {
    if (!isThere) throw new Error('gone');
    return offAir.size === 0 ? undefined : { detail: 'no VLANs', hint: 'make some', offAir };
  };
  const grants = new GrantsOnAir({
    ...usual,
    radio: { kind: 'hostapd', enforcement: 'per-grant', converge } as unknown as PushedRadio,
    onWaiting: (waiting) => begun.push(...waiting.map(({ id, revision }) => `${id} ${revision}`)),
  });
  const waiting = (id: string, revision: number): Grant => ({ ...grant(id), waitingMs: 60_000, allowedMs: 60_000, revision });
  grants.take([waiting('grt_1', 1), waiting('grt_2', 1)]);
  expect(begun).toEqual([]);
  await grants.converge();
  expect(begun).toEqual(['grt_1 1']);
  grants.take([{ ...grant('grt_1'), endsAt: new Date(60_001) }]);
  offAir = new Set();
  await grants.converge();
  expect(begun).toEqual(['grt_1 1', 'grt_2 1']);

  isThere = false;
  grants.take([{ ...grant('grt_1'), state: 'paused' }, { ...grant('grt_2'), endsAt: new Date(60_001) }]);
  await grants.converge();
  grants.take([waiting('grt_1', 3)]);
  await grants.converge();
  expect(begun).toHaveLength(2);
  isThere = true;
  await grants.converge();
  expect(begun).toEqual(['grt_1 1', 'grt_2 1', 'grt_1 3']);
});

test('whoever is put off the air, or is to reach the agent alone, is counted right before; nobody else is for that', async () => {
  const done: string[] = [];
  let used = 0n;
  const grants = new GrantsOnAir({
    ...usual,
    graceMs: 1000,
    meter: { usage: () => ({ ...noUsage, bytesIn: used, spentAt: undefined }), setSpent: () => {} } as unknown as UsageMeter,
    radio: {
      kind: 'hostapd',
      enforcement: 'per-grant',
      converge: async (wanted: readonly GrantOnAir[]) => void done.push(wanted.map(({ grant: { id }, restricted }) => (restricted ? `${id} restricted` : id)).join()),
    } as unknown as PushedRadio,
    count: async () => void done.push('count'),
  });
  grants.take([grant('grt_1'), { ...grant('grt_2'), quotaBytes: 10n, policy: 'restrict' }]);
  await grants.converge();
  grants.take([grant('grt_3')]);
  await grants.converge();
  grants.take([{ ...grant('grt_1'), state: 'revoked' }]);
  await grants.converge();
  used = 10n;
  grants.reconsider();
  await grants.converge();
  expect(done).toEqual(['grt_1,grt_2', 'grt_1,grt_2,grt_3', 'count', 'grt_2,grt_3', 'count', 'grt_2 restricted,grt_3']);
});

test('whose time is used up reaches the agent alone for a while, where its policy is to restrict, and is free again when there is more', async () => {
  let now = 1000;
  const seen: string[] = [];
  const grants = new GrantsOnAir({
    ...usual,
    now: () => new Date(now),
    radio: {
      kind: 'hostapd',
      enforcement: 'per-grant',
      converge: async (wanted: readonly GrantOnAir[]) => void seen.push(wanted.map(({ grant: { id }, restricted }) => (restricted ? `${id} restricted` : id)).join()),
    } as unknown as PushedRadio,
  });
  const bought = (allowedMs: number): Grant => ({ ...grant('grt_1'), source: 'share', policy: 'restrict', allowedMs, endsAt: new Date(1000 + allowedMs + timeGraceMs) });
  const cut: Grant = { ...grant('grt_2'), source: 'payment', allowedMs: 60_000, endsAt: new Date(61_000) };
  grants.take([bought(60_000), cut]);
  await grants.converge();
  expect(grants.due()).toMatchObject({ over: [], nextAt: 61_000, isBehind: false });
  now = 61_000;
  expect(grants.due()).toMatchObject({ over: [{ grant: { id: 'grt_2' } }], nextAt: 61_000 + timeGraceMs, isBehind: true });
  await grants.converge();
  expect([grants.isRestricted('grt_1'), grants.onAir('grt_1')?.id]).toEqual([true, 'grt_1']);
  now = 70_000;
  grants.take([bought(120_000)]);
  await grants.converge();
  expect(grants.isRestricted('grt_1')).toBe(false);
  now = 121_000 + timeGraceMs;
  expect(grants.due().over.map(({ grant: { id } }) => id)).toContain('grt_1');
  expect(seen).toEqual(['grt_1,grt_2', 'grt_1 restricted', 'grt_1']);
});
