import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { firewallRuleset } from '../../src/radio/firewall/ruleset.ts';
import { requires } from '../requirements.ts';
import { machines, Site } from './site.ts';

const rules = firewallRuleset({ onboardingInterface: 'wlan0_onb', ports: [8430, 8431, 8432], bridges: ['br0'] });

/** What everybody may reach on the access point. */
const agentAt = (host: string) => ['tcp:8430', 'tcp:8431', 'tcp:8432', 'udp:67'].map((port) => port.replace(':', `:${host}:`));
const elsewhere = ['tcp:10.7.0.2:80', 'udp:10.7.0.2:67', 'tcp:10.8.0.3:80', 'udp:10.8.0.3:53'];
/** What a device on the onboarding network may not reach; on port 9999 there is nobody, which would be an answer. */
const closedToDevice = [...elsewhere, 'tcp:10.9.0.1:22', 'udp:10.9.0.1:53', 'tcp:10.9.0.1:9999', 'tcp:10.8.0.1:22', 'tcp:fd00:9::1:8430'];
/** What a restricted station may not reach. */
const closedToRestricted = [...elsewhere, 'tcp:10.8.0.1:22', 'udp:10.8.0.1:53'];

requires('nftables', 'iproute2')('packets', () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.make();
    await Promise.all([
      site.echo(['tcp:8430', 'tcp:8431', 'tcp:8432', 'tcp:22', 'udp:67', 'udp:53']),
      site.echo(['tcp:80', 'udp:67'], 'internet'),
      site.echo(['tcp:80', 'udp:53', 'udp:67'], 'neighbour'),
      site.echo(['tcp:80'], 'device'),
      site.echo(['tcp:80'], 'station'),
    ]);
  });
  beforeEach(() => site.run(['nft', 'flush', 'ruleset']));
  afterAll(() => site[Symbol.asyncDispose]());

  const load = () => site.run(['nft', '--file', '-'], rules);
  async function restrict(mac: string): Promise<void> {
    for (const family of ['inet', 'bridge']) {
      await site.run(['nft', 'add', 'element', family, 'latchkey', 'restricted', `{ ${mac} }`]);
    }
  }
  const sorted = (targets: readonly string[]) => [...targets].sort();

  test('reach everything without the rules', async () => {
    const ofDevice = [...closedToDevice, ...agentAt('10.9.0.1')];
    expect(await site.call('device', [], ofDevice)).toEqual(sorted(ofDevice));
    const ofStation = [...closedToRestricted, ...agentAt('10.8.0.1'), 'udp:10.8.0.3:67'];
    expect(await site.call('station', [], ofStation)).toEqual(sorted(ofStation));
    expect(await site.call('internet', [], ['tcp:10.9.0.2:80'])).toEqual(['tcp:10.9.0.2:80']);
  });

  test('of the onboarding network reach the agent and DHCP, and nothing reaches into it', async () => {
    await load();
    expect(await site.call('device', closedToDevice, agentAt('10.9.0.1'))).toEqual(sorted(agentAt('10.9.0.1')));
    expect(await site.call('internet', ['tcp:10.9.0.2:80'], ['tcp:10.8.0.2:80'])).toEqual(['tcp:10.8.0.2:80']);
    expect(await site.run(['nft', 'list', 'chain', 'inet', 'latchkey', 'agent_only'])).toMatch(/counter packets [1-9]\d* bytes \d+ drop/);
    expect(await site.run(['nft', 'list', 'chain', 'inet', 'latchkey', 'forward'])).toMatch(/oifname "wlan0_onb" counter packets [1-9]\d* bytes \d+ drop/);
  });

  test('of stations that are not restricted reach everything', async () => {
    await load();
    await restrict('02:00:00:00:00:99');
    const all = [...closedToRestricted, ...agentAt('10.8.0.1'), 'udp:10.8.0.3:67'];
    expect(await site.call('station', [], all)).toEqual(sorted(all));
  });

  test.each([false, true])('of a restricted station reach the agent and DHCP, also a server on the bridge; its connections are cut (br_netfilter: %s)', async (filtered) => {
    await site.filterBridged(filtered);
    await load();
    const connected = ['tcp:10.7.0.2:80', 'tcp:10.8.0.3:80', 'tcp:10.8.0.1:22'];
    expect(await site.call('station', [], connected)).toEqual(sorted(connected));
    await restrict(machines.station.mac);
    const open = [...agentAt('10.8.0.1'), 'udp:10.8.0.3:67'];
    expect(await site.call('station', closedToRestricted, open)).toEqual(sorted(open));
    expect(await site.call('neighbour', ['tcp:10.8.0.2:80'], ['tcp:10.7.0.2:80'])).toEqual(['tcp:10.7.0.2:80']);
  });

  test('pass as before when the rules are loaded again, which empties the set', async () => {
    await load();
    await restrict(machines.station.mac);
    const before = await site.run(['nft', '--stateless', 'list', 'ruleset']);
    await load();
    const after = await site.run(['nft', '--stateless', 'list', 'ruleset']);
    expect(after).toBe(before.replaceAll(/\n\t\telements = .*/g, ''));
  });
});
