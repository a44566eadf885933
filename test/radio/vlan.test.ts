import { afterAll, beforeAll, expect, test } from 'vitest';
import { latchkey } from './lab/lab.ts';
import { Station } from './lab/station.ts';
import { suiteLab } from './lab/suite-lab.ts';
import { mainAddress, networkOf, RadioSite, type Granted } from './site.ts';

const lab = suiteLab({ radios: 3 });
let site: RadioSite;
let inVlan: Station;
let other: Station;
let granted: Granted;
let otherGranted: Granted;

beforeAll(async () => {
  site = await RadioSite.open(lab(), { config: ['--vlan'] });
  inVlan = await Station.make(lab(), { name: 'in-vlan', radio: 1 });
  other = await Station.make(lab(), { name: 'other', radio: 2 });
});
afterAll(() => site?.close());

test('a grant’s VLAN is where its station is, and the untagged network is not', async () => {
  const camera = await site.device('--model', 'camera');
  const asking = await site.ask(inVlan, camera);
  const { request_id: requestId } = await site.pending(camera);
  await site.approve(requestId, '--vlan', '20');
  granted = await site.given(asking);
  await site.join(inVlan, networkOf(granted));
  await inVlan.address('10.1.0.11/24');
  expect(await lab().do('ls /sys/class/net')).toContain('wlan0.20');
  expect(await inVlan.reaches(mainAddress)).toBe(false);
  otherGranted = await site.letIn(other, '10.1.0.12');
  expect(await other.reaches(mainAddress)).toBe(true);
});

test('without VLANs at hostapd it gets onto nothing, which is said, and others get on', async () => {
  site.agent.kill('TERM');
  await site.agent.ended;
  site.hostapd.process.kill('TERM');
  await site.hostapd.process.ended;
  const file = 'hostapd/hostapd.conf';
  lab().write(file, lab().read(file).replace('dynamic_vlan=1\n', ''));
  await site.startHostapd();
  await site.addresses();
  await site.startAgent();
  await inVlan.start(networkOf(granted));
  await site.refused(inVlan);
  const { items: [status] } = JSON.parse(await lab().do(`${latchkey} ap status --json`, { env: site.agentEnvironment })) as { items: { agent: { radio: Record<string, string> } }[] };
  expect(status?.agent.radio['trouble']).toBe(`Grant ${granted.grant_id} for VLAN 20 is off the air: hostapd’s configuration has no dynamic_vlan=1 in the section of wlan0.`);
  await site.join(other, networkOf(otherGranted));
  expect(await other.reaches(mainAddress)).toBe(true);
});
