import { expect, test } from 'vitest';
import { noUsage, type Grant } from '../../domain/grant.ts';
import { GrantsOnAir } from './grants-on-air.ts';
import type { PushedRadio, Shortfall } from './radio.ts';
import type { UsageMeter } from './usage-meter.ts';

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
    radio: { kind: 'hostapd', enforcement: 'per-grant', converge: async () => shortfall } as unknown as PushedRadio,
    meter: {} as UsageMeter,
    now: () => new Date(1),
    graceMs: 0,
    vlanOf: () => undefined,
    macOf: () => undefined,
    log: () => {},
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
