import { afterAll, beforeAll, expect, test } from 'vitest';
import { networkManagerFiles } from '../../scripts/testing/radio-programs.ts';
import { latchkey } from './lab/lab.ts';
import type { LabProcess } from './lab/lab-process.ts';
import { Station } from './lab/station.ts';
import { suiteLab } from './lab/suite-lab.ts';
import { onboardingSsid, RadioSite, ssid } from './site.ts';

const lab = suiteLab({ radios: 2 });
let site: RadioSite;
let station: Station;

beforeAll(async () => {
  site = await RadioSite.open(lab());
  station = await Station.make(lab(), { name: 'lamp', radio: 1 });
  await startNetworkManager();
  await nmcli(`connection add type wifi con-name onboarding ifname ${station.face} ssid ${onboardingSsid}`);
  await nmcli('--wait 50 connection up onboarding');
  await lab().do('mkfifo /run/prompted /run/go');
  lab().write('hold', 'echo > /run/prompted\ncat /run/go\n');
});
afterAll(() => site?.close());

/** It sees the devices of a network namespace only in a /sys of its own, and waits for no udev where that is read-only. */
async function startNetworkManager(): Promise<void> {
  const files = `/host${networkManagerFiles()}`;
  await lab().do(`mount -t overlay -o lowerdir=${files}/usr:/usr overlay /usr && cp -a ${files}/etc/. /etc && chown -R 0:0 /etc/NetworkManager`);
  // By itself it waits three quarters of a minute for an address, and as long again for one of IPv6.
  const settings = lab().write('times.conf', '[connection]\nipv4.dhcp-timeout=10\nipv6.ra-timeout=10\n');
  await lab().do(`cp ${settings} /etc/NetworkManager/conf.d`);
  await lab().do('mkdir -p /run/dbus /run/NetworkManager /var/lib/NetworkManager /etc/NetworkManager/system-connections && dbus-daemon --system --fork');
  const inNamespace = { namespace: station.name };
  await lab().start('wpa_supplicant', 'wpa_supplicant -u', inNamespace);
  const command = 'mount --make-rprivate / && mount -t sysfs -o ro sysfs /sys && exec NetworkManager --debug --log-level=INFO';
  const manager = await lab().start('NetworkManager', `unshare -m sh -c '${command}'`, inNamespace);
  await manager.until(/startup complete/, { timeoutMs: 60_000 });
}

async function nmcli(args: string): Promise<string> {
  return lab().do(`nmcli ${args}`, { namespace: station.name, timeoutMs: 60_000 });
}

async function join(...flags: string[]): Promise<LabProcess> {
  const lamp = await site.lamp();
  const file = lab().write('lamp/pass_tmp', lamp.pass_tmp);
  const args = ['--uuid', lamp.uuid, '--ssid', onboardingSsid, '--pass-tmp-file', file, '--apply', 'networkmanager', '--interface', station.face, '--json'];
  return lab().start('device join', `${latchkey} device join ${[...args, ...flags].join(' ')}`, { namespace: station.name });
}

/** The profiles: their names, the interface that is on each, and whether NetworkManager goes to it by itself. */
async function profiles(): Promise<string[]> {
  const lines = (await nmcli('-g NAME,DEVICE,AUTOCONNECT connection show')).trim().split('\n');
  return lines.filter((line) => !line.startsWith('lo:')).toSorted();
}

test('where hostapd does not know the key it goes back and says so', async () => {
  const joining = await join('--prompt', `'exec:sh /lab/hold'`);
  await lab().do('cat /run/prompted', { timeoutMs: 60_000 });
  site.agent.kill('STOP');
  try {
    await lab().do(`printf 'keyid=grt_other 00:00:00:00:00:00 ${'5a'.repeat(32)}\\n' > /run/latchkey/wpa_psk`);
    expect(await site.hostapd.command('wlan0', 'RELOAD_WPA_PSK')).toBe('OK');
    await lab().do('echo > /run/go');
    expect(await joining.ended).toBe(4);
  } finally {
    site.agent.kill('CONT');
  }
  expect(joining.output()).toContain('"wifi_wrong_password"');
  expect(await profiles()).toEqual(['onboarding:wlan1:yes']);
});

test('where no address comes it goes back and says so', async () => {
  const joining = await join('--yes');
  expect(await joining.ended).toBe(8);
  expect(joining.output()).toContain('"wifi_no_address"');
  expect(await profiles()).toEqual(['onboarding:wlan1:yes']);
});

test('it joins, and goes back to the onboarding network no more', async () => {
  await site.startMainDhcp();
  const joining = await join('--yes');
  expect(await joining.ended, joining.output()).toBe(0);
  expect(JSON.parse(joining.output())).toMatchObject({ ssid, interface: station.face, address: expect.stringMatching(/^10\.1\.0\./), kept: true });
  expect(await profiles()).toEqual([`${ssid}:wlan1:yes`, 'onboarding::no']);
});
