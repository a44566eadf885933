import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentControlClient } from '../../src/client/agent-control-client.ts';
import { newGrant } from '../../src/domain/grant.ts';
import type { Station } from '../../src/roles/agent/radio.ts';
import { Site } from './site.ts';
import { StandInRadio } from './stand-in-radio.ts';

const grantId = 'grt_guest';
const hourMs = 3_600_000;

let site: Site;
let radio: StandInRadio;

beforeEach(async () => {
  site = await Site.open({ openRadio: ({ keys }) => (radio = new StandInRadio(keys)), graceMs: hourMs });
  const control = new AgentControlClient(site.controlSocket);
  await site.stop();
  await site.start({ controlSocket: site.controlSocket });
  await expect.poll(async () => (await control.status()).server.reachable).toBe(true);
});
afterEach(() => site.close());

async function share(): Promise<void> {
  const startsAt = site.context.clock.now();
  await site.registry.transaction(async (tx) => {
    const revision = await tx.accessPoints.nextRevision(site.apId);
    await tx.grants.insert(newGrant({
      id: grantId, subject: { kind: 'terminal', id: 'tok_guest' }, network: { apId: site.apId, ssid: 'Home' }, source: 'share', startsAt, quotaBytes: 1_000_000n, policy: 'restrict', revision,
    }));
  });
  await expect.poll(() => radio.onAir).toEqual([grantId]);
}

async function increase(quotaBytes: bigint): Promise<void> {
  await site.registry.transaction(async (tx) => {
    const revision = await tx.accessPoints.nextRevision(site.apId);
    await tx.grants.increase(grantId, { endsAt: undefined, quotaBytes, revision });
  });
}

/** The guest's station, with the counters of its one association. */
async function use(bytesIn: bigint, bytesOut: bigint): Promise<void> {
  const station: Station = {
    bss: 'wlan0', mac: '02:00:00:00:05:01', grantId, bytesIn, bytesOut, seconds: 60, signalDbm: undefined, rateInKbps: undefined, rateOutKbps: undefined,
  };
  radio.on = [station];
  await site.agent.service.stations();
  site.pass(1000);
}

const metered = () => new AgentControlClient(site.controlSocket).usage(grantId);

test('a guest whose quota is spent is restricted and still let in, and is free again with the next increase, associated all the time', async () => {
  await share();
  expect(await metered()).toEqual({ bytesIn: 0n, bytesOut: 0n, seconds: 0, isRestricted: false, isConnected: false });
  await use(200_000n, 900_000n);
  await expect.poll(() => radio.restricted).toEqual([grantId]);
  expect(await metered()).toEqual({ bytesIn: 200_000n, bytesOut: 900_000n, seconds: 60, isRestricted: true, isConnected: true });
  const { password } = await site.agent.service.reveal(grantId);
  site.pass(hourMs / 2);
  await increase(2_000_000n);
  await expect.poll(() => radio.restricted).toEqual([]);
  expect(radio.on).toHaveLength(1);
  expect((await site.agent.service.reveal(grantId)).password).toBe(password);
  // Once more spent, it is restricted for as long as at first.
  await use(200_000n, 1_900_000n);
  await expect.poll(() => radio.restricted).toEqual([grantId]);
  site.pass(hourMs - 10_000);
  expect(radio.onAir).toEqual([grantId]);
  site.pass(10_001);
  await expect.poll(() => radio.onAir).toEqual([]);
});

test('what was used is known also after a restart, when the grant is over, and while the radio does not answer', async () => {
  await share();
  await use(5n, 7n);
  await expect.poll(async () => (await metered()).bytesOut).toBe(7n);
  radio.on = [];
  await site.stop();
  await site.start({ controlSocket: site.controlSocket });
  radio.isThere = false;
  expect(await metered()).toEqual({ bytesIn: 5n, bytesOut: 7n, seconds: 60, isRestricted: false, isConnected: undefined });
  radio.isThere = true;
  const revision = await site.registry.accessPoints.nextRevision(site.apId);
  await site.registry.grants.close(grantId, { state: 'ended', at: site.context.clock.now(), by: 'guest', reason: 'ended', revision });
  await expect.poll(async () => (await site.agent.service.status()).activeGrants, { timeout: 10_000 }).toBe(0);
  expect(await metered()).toMatchObject({ bytesIn: 5n, bytesOut: 7n });
});

test('a grant that is none of its own is not known', async () => {
  await expect(new AgentControlClient(site.controlSocket).usage('grt_other')).rejects.toMatchObject({ code: 'grant_not_found' });
});
