import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { latchkey } from './lab/lab.ts';
import type { LabProcess } from './lab/lab-process.ts';
import { Station } from './lab/station.ts';
import { suiteLab } from './lab/suite-lab.ts';
import { mainAddress, onboardingAddress, onboardingSsid, openNetwork, RadioSite, ssid, type Granted, type Identity } from './site.ts';

const lab = suiteLab({ radios: 2 });
let site: RadioSite;
let station: Station;
let lamp: Identity;

beforeAll(async () => {
  site = await RadioSite.open(lab());
  station = await Station.make(lab(), { name: 'lamp', radio: 1 });
  // Where busybox's udhcpc looks for what is to do with an address.
  await lab().do('mkdir -p /etc/udhcpc && cp /lab/dhcp-client.sh /etc/udhcpc/default.script');
  await lab().do('mkfifo /run/prompted /run/go');
  lab().write('hold', 'echo > /run/prompted\ncat /run/go\n');
  await site.enter(station, openNetwork, ['update_config=1']);
});
afterAll(() => site?.close());

beforeEach(async () => {
  // The agent takes a device that associates with its own key for joined, which it then cannot be again.
  lamp = await site.lamp();
});

/** `device join` on the lamp, which has no other answer to who the access point is than its default router. */
async function join(...flags: string[]): Promise<LabProcess> {
  const file = lab().write('lamp/pass_tmp', lamp.pass_tmp);
  const args = ['--uuid', lamp.uuid, '--ssid', onboardingSsid, '--pass-tmp-file', file, '--apply', 'wpa_supplicant', '--interface', station.face, '--json'];
  return lab().start('device join', `${latchkey} device join ${[...args, ...flags].join(' ')}`, { namespace: station.name });
}

/** The same, with something done between the answer of the access point and the joining. */
async function joinAfter(change: () => Promise<unknown>): Promise<LabProcess> {
  const joining = await join('--prompt', `'exec:sh /lab/hold'`);
  await lab().do('cat /run/prompted', { timeoutMs: 60_000 });
  await change();
  await lab().do('echo > /run/go');
  return joining;
}

async function failure(joining: LabProcess): Promise<{ exit: number; code: string; message: string }> {
  const exit = await joining.ended;
  const [line = ''] = /\{"code".*\}/.exec(joining.output()) ?? [];
  return { ...JSON.parse(line), exit };
}

/** What the main network is called on the air; the station's radio forgets what it heard before. */
async function callNetwork(name: string): Promise<void> {
  await site.hostapd.command('wlan0', `SET ssid ${name}`);
  await site.hostapd.command('wlan0', 'UPDATE_BEACON');
  await station.command('BSS_FLUSH 0');
  await station.command('SCAN TYPE=ONLY freq=2412 passive=1 only_new=1');
  await lab().do(`until wpa_cli -p /run/wpa_supplicant -i ${station.face} scan_results | grep -q '${name}$'; do :; done`);
}

async function isBack(): Promise<void> {
  expect(await station.command('STATUS')).toMatch(new RegExp(`^ssid=${onboardingSsid}$`, 'm'));
  expect((await station.command('LIST_NETWORKS')).split('\n')).toHaveLength(2);
  expect(await lab().do('ip route', { namespace: station.name })).toContain(`default via ${onboardingAddress}`);
  // The firewall lets no ping through there.
  await lab().do(`arping -c 1 -w 5 -I ${station.face} ${onboardingAddress}`, { namespace: station.name });
}

test('where no address comes it goes back and says so', async () => {
  const started = performance.now();
  expect(await failure(await join('--yes'))).toMatchObject({ code: 'wifi_no_address', exit: 8, message: expect.stringContaining('no address came by DHCP') });
  console.info(`no address: ${Math.round(performance.now() - started)} ms`);
  await isBack();
});

test.each([
  ['no key', ''],
  ['other keys', `keyid=grt_other 00:00:00:00:00:00 ${'5a'.repeat(32)}\n`],
])('where hostapd has %s it goes back and says so', async (_, keys) => {
  try {
    const joining = await joinAfter(async () => {
      site.agent.kill('STOP');
      await lab().do(`printf '${keys.trim()}\\n' > /run/latchkey/wpa_psk`);
      expect(await site.hostapd.command('wlan0', 'RELOAD_WPA_PSK')).toBe('OK');
    });
    const started = performance.now();
    expect(await failure(joining)).toMatchObject({ code: 'wifi_wrong_password', exit: 4, message: expect.stringContaining('does not take the password of the network "Home"') });
    console.info(`wrong password: ${Math.round(performance.now() - started)} ms`);
    await isBack();
  } finally {
    site.agent.kill('CONT');
  }
});

test('a network that is not on the air is not found', async () => {
  try {
    const joining = await joinAfter(() => callNetwork('Elsewhere'));
    const started = performance.now();
    expect(await failure(joining)).toMatchObject({ code: 'wifi_not_found', exit: 3, message: expect.stringContaining('The network "Home" was not found') });
    console.info(`not found: ${Math.round(performance.now() - started)} ms`);
    await isBack();
  } finally {
    await callNetwork(ssid);
  }
});

test('interrupted in the middle it goes back', async () => {
  try {
    let since = 0;
    const joining = await joinAfter(async () => {
      await callNetwork('Elsewhere');
      since = station.process.mark();
    });
    await station.process.until(/CTRL-EVENT-DISCONNECTED/, { since });
    // All of its process group hears it, as from a terminal.
    joining.kill('INT');
    expect(await failure(joining)).toMatchObject({ code: 'interrupted', exit: 130 });
    await station.process.until(/CTRL-EVENT-CONNECTED/, { since });
    await isBack();
  } finally {
    await callNetwork(ssid);
  }
});

test('it joins, takes an address, and reports over the main network', async () => {
  await site.startMainDhcp();
  const started = performance.now();
  const joining = await join('--yes');
  expect(await joining.ended, joining.output()).toBe(0);
  console.info(`joined: ${Math.round(performance.now() - started)} ms`);
  const joined = JSON.parse(joining.output()) as Granted & { address: string };
  expect(joined).toMatchObject({ ssid: 'Home', interface: station.face, address: expect.stringMatching(/^10\.1\.0\./), kept: true });
  expect(await lab().do('ip route', { namespace: station.name })).toContain(`default via ${mainAddress}`);
  expect(await station.reaches(mainAddress)).toBe(true);
  await site.owner.until<{ items: { action: string }[] }>(['device', 'history', lamp.uuid], ({ items }) => items.some(({ action }) => action === 'request.joined'));
  const kept = lab().read('lamp/wpa_supplicant.conf');
  expect(kept).toContain('ssid="Home"');
  // It would stay on the onboarding network, once it was there.
  expect(kept).toMatch(/ssid="iot-setup"[^}]*disabled=1/);
});
