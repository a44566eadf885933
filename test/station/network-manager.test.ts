import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { networkManagerKeyfile } from '../../src/formats/network-manager.ts';
import { NetworkManagerJoiner } from '../../src/radio/station/network-manager.ts';
import type { Credential } from '../../src/roles/device/ports.ts';
import { formerProfile, StandInPrograms } from './stand-in-programs.ts';

const credential: Credential = { ssid: 'Home', password: 'correct horse battery', security: 'wpa2-psk' };
const never = new AbortController().signal;

let programs: StandInPrograms;
let folder: string;
const path = process.env['PATH'];

beforeEach(() => {
  programs = new StandInPrograms();
  process.env['PATH'] = programs.path;
  folder = programs.made('system-connections');
});

afterEach(() => {
  process.env['PATH'] = path;
  programs.close();
});

const open = () => NetworkManagerJoiner.open({ interface: 'wlan0', keyfile: networkManagerKeyfile, folder }, never);

test('has it read the password from its own folder, and goes nowhere else by itself', async () => {
  programs.nmcli([0, 'Connection successfully activated']);
  expect(await (await open()).join(credential, never)).toEqual({ interface: 'wlan0', address: '10.1.0.17', kept: true });
  const [file = ''] = readdirSync(folder);
  const uuid = /^latchkey-(.*)\.nmconnection$/.exec(file)?.[1];
  const told = programs.told('nmcli');
  expect(told.slice(-5)).toEqual([
    `connection load ${folder}/${file}`,
    'mode 600 psk 21',
    `--wait 60 connection up uuid ${uuid} ifname wlan0`,
    '-g IP4.ADDRESS device show wlan0',
    `connection modify uuid ${formerProfile} connection.autoconnect no`,
  ]);
  expect(told.join('\n')).not.toContain(credential.password);
});

// As nmcli 1.42 says them (NMDeviceStateReason).
test.each([
  [4, 'Error: Connection activation failed: (7) Secrets were required, but not provided', 'wifi_wrong_password', 'does not take the password'],
  [4, 'Error: Connection activation failed: (53) The Wi-Fi network could not be found', 'wifi_not_found', 'was not found'],
  [4, 'Error: Connection activation failed: (5) IP configuration could not be reserved (no available address, timeout, etc.)', 'wifi_no_address', 'by DHCP'],
  [4, 'Error: Connection activation failed: (11) 802.1X supplicant took too long to authenticate', 'wifi_refused', 'supplicant took too long'],
  [3, 'Error: Timeout expired (60 seconds)', 'wifi_no_address', 'by DHCP'],
  [8, 'Error: NetworkManager is not running.', 'wifi_unavailable', 'does not run'],
] as const)('exit code %d, %s: says so, and goes back', async (exit, words, code, said) => {
  programs.nmcli([exit, words], { state: '70 (connecting (getting IP configuration))' });
  const joiner = await open();
  await expect(joiner.join(credential, never)).rejects.toMatchObject({ code, message: expect.stringContaining(said) });
  await joiner.back();
  expect(readdirSync(folder)).toEqual([]);
  expect(programs.told('nmcli').at(-1)).toBe(`--wait 10 connection up uuid ${formerProfile} ifname wlan0`);
});

test('a network on which there is only IPv6 has no address', async () => {
  programs.nmcli([0, 'Connection successfully activated'], { address: '' });
  await expect((await open()).join(credential, never)).rejects.toMatchObject({ code: 'wifi_no_address' });
});

test('interrupted in the middle it goes back', async () => {
  programs.nmcli([0, 'hang']);
  const joiner = await open();
  const interrupting = new AbortController();
  const joining = joiner.join(credential, interrupting.signal);
  await expect.poll(() => programs.told('nmcli').at(-1), { timeout: 10_000 }).toMatch(/^--wait 60 connection up/);
  interrupting.abort(new Error('enough'));
  await expect(joining).rejects.toThrow('enough');
  await joiner.back();
  expect(readdirSync(folder)).toEqual([]);
});

test('an interface that it leaves alone, a folder that is not writable and a missing program are each said', async () => {
  programs.nmcli([0, ''], { state: '10 (unmanaged)' });
  await expect(open()).rejects.toMatchObject({ code: 'wifi_unavailable', message: 'NetworkManager does not manage wlan0.' });
  programs.nmcli([0, '']);
  const elsewhere = NetworkManagerJoiner.open({ interface: 'wlan0', keyfile: networkManagerKeyfile, folder: `${folder}/missing` }, never);
  await expect(elsewhere).rejects.toMatchObject({ code: 'wifi_unavailable', hint: 'Run it as root.' });
  programs.remove('nmcli');
  process.env['PATH'] = folder;
  await expect(open()).rejects.toMatchObject({ code: 'wifi_unavailable', message: expect.stringContaining('nmcli is missing') });
});
