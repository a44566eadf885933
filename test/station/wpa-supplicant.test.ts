import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControlProgram } from '../../src/radio/control-program.ts';
import { parseNetworks } from '../../src/radio/station/networks.ts';
import { WpaSupplicantJoiner } from '../../src/radio/station/wpa-supplicant.ts';
import { InterfaceAddress } from '../../src/radio/station/interface-address.ts';
import type { Credential } from '../../src/roles/device/ports.ts';
import { requires } from '../requirements.ts';
import { StandInPrograms, type Fate } from './stand-in-programs.ts';

const credential: Credential = { ssid: 'Home', password: 'correct horse battery', security: 'wpa2-psk' };
const never = new AbortController().signal;

let programs: StandInPrograms;
let joiner: WpaSupplicantJoiner | undefined;
const path = process.env['PATH'];

beforeEach(() => {
  programs = new StandInPrograms();
  process.env['PATH'] = programs.path;
  programs.simple('ip');
  programs.simple('dhcpcd');
});

afterEach(async () => {
  await joiner?.close();
  process.env['PATH'] = path;
  programs.close();
});

/** `lo` has an address, and no wire of this machine goes to a network that could be left. */
async function open(fate: Fate, { name = 'lo', associationMs = 5000, keeps = true } = {}): Promise<WpaSupplicantJoiner> {
  programs.wpaCli(fate, { keeps });
  const address = new InterfaceAddress(name, { byItselfMs: 50, withinMs: 10_000 });
  joiner = await WpaSupplicantJoiner.open({ interface: name, address, associationMs });
  return joiner;
}

/** What it was told since it was to come back. */
function toldOnTheWayBack(): string[] {
  const told = programs.told('wpa_cli');
  return told.slice(told.indexOf('REMOVE_NETWORK 3'));
}

test('selects the network, has an address asked for, and keeps what else was enabled', async () => {
  expect(await (await open('joins')).join(credential, never)).toEqual({ interface: 'lo', address: '127.0.0.1', kept: true });
  expect(programs.told('wpa_cli')).toEqual([
    'argv -i lo -G 1',
    'LIST_NETWORKS',
    'ADD_NETWORK',
    'SET_NETWORK 3 ssid 486f6d65',
    'SET_NETWORK 3 key_mgmt WPA-PSK',
    // What wpa_passphrase prints for it.
    'SET_NETWORK 3 psk de443b92491739a98bf1b606463fb70af597738156efed414e693d37bb0f1ff6',
    'SELECT_NETWORK 3',
    'LIST_NETWORKS',
    'ENABLE_NETWORK 1 no-connect',
    'SAVE_CONFIG',
  ]);
  expect(programs.told('ip')).toContain('-4 address flush dev lo');
  expect(programs.told('dhcpcd')).toEqual(['-4 -w lo']);
});

test('SAE has a password, and frames that are protected', async () => {
  await (await open('joins', { keeps: false })).join({ ...credential, security: 'wpa3-sae' }, never).then(({ kept }) => expect(kept).toBe(false));
  expect(programs.told('wpa_cli')).toEqual(
    expect.arrayContaining(['SET_NETWORK 3 key_mgmt SAE', 'SET_NETWORK 3 ieee80211w 2', 'SET_NETWORK 3 sae_password 636f727265637420686f7273652062617474657279']),
  );
});

test('one refusal may have been a bad moment', async () => {
  await (await open('wrong-key-once')).join(credential, never);
  expect(programs.told('wpa_cli').filter((line) => line === 'SELECT_NETWORK 3')).toHaveLength(2);
});

test.each([
  ['wrong-key', 'wifi_wrong_password', 'does not take the password of the network "Home"'],
  ['no-key', 'wifi_wrong_password', 'does not take the password of the network "Home"'],
  ['wrong-sae-password', 'wifi_wrong_password', 'does not take the password of the network "Home"'],
  ['not-found', 'wifi_not_found', 'The network "Home" was not found.'],
  ['full', 'wifi_refused', 'it is full'],
  ['silence', 'timed_out', 'within 0.3 s'],
  ['not-settable', 'wifi_unavailable', 'does not take the key_mgmt of the network (FAIL)'],
] as const)('%s: says so, and goes back', async (fate, code, words) => {
  const opened = await open(fate, { associationMs: 300 });
  await expect(opened.join(credential, never)).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
  await opened.back();
  expect(toldOnTheWayBack().toSorted()).toEqual(['ENABLE_NETWORK 1 no-connect', 'REMOVE_NETWORK 3', 'SELECT_NETWORK 0']);
});

test('no address: says so, and puts back what it has taken away', async () => {
  programs.simple('dhcpcd', 1);
  const opened = await open('joins', { name: 'wlan-none' });
  await expect(opened.join(credential, never)).rejects.toMatchObject({ code: 'wifi_no_address', message: expect.stringContaining('no address came by DHCP') });
  await opened.back();
  expect(toldOnTheWayBack()).toContain('SELECT_NETWORK 0');
  expect(programs.told('ip').filter((line) => line.includes('flush'))).toHaveLength(2);
});

test('without rights to take away an address it says what it takes', async () => {
  programs.simple('ip', 2);
  await expect((await open('joins')).join(credential, never)).rejects.toMatchObject({ code: 'wifi_no_address', hint: expect.stringContaining('root') });
});

test('interrupted in the middle it goes back', async () => {
  const opened = await open('silence', { associationMs: 20_000 });
  const interrupting = new AbortController();
  const joining = opened.join(credential, interrupting.signal);
  await expect.poll(() => programs.told('wpa_cli'), { timeout: 10_000 }).toContain('SELECT_NETWORK 3');
  interrupting.abort(new Error('enough'));
  await expect(joining).rejects.toThrow('enough');
  await opened.back();
  expect(toldOnTheWayBack()).toContain('SELECT_NETWORK 0');
});

test('a wpa_supplicant that ends meanwhile is said to', async () => {
  await expect((await open('ends')).join(credential, never)).rejects.toMatchObject({ code: 'wifi_unavailable', message: expect.stringContaining('wpa_supplicant has ended') });
});

test('nothing is joined where there is no wpa_cli, or one that ends', async () => {
  programs.simple('wpa_cli', 1);
  await expect(WpaSupplicantJoiner.open({ interface: 'lo' })).rejects.toMatchObject({ code: 'wifi_unavailable', message: expect.stringContaining('wpa_cli has ended') });
});

/** One without a radio: everybody is on its network at once, and nobody has a key there. */
requires('wpasupplicant')('a real wpa_supplicant', () => {
  test('takes what it is told, and lets go of it', async () => {
    const folder = programs.made('wired');
    const configuration = `${folder}/wpa_supplicant.conf`;
    writeFileSync(configuration, `ctrl_interface=${folder}/control\nupdate_config=1\nnetwork={\n\tssid="iot-setup"\n\tkey_mgmt=NONE\n}\n`);
    const daemon = spawn('wpa_supplicant', ['-i', 'lo', '-D', 'wired', '-c', configuration], { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, PATH: `${path}:/usr/sbin:/sbin` } });
    try {
      for await (const line of createInterface(daemon.stdout)) {
        if (line.includes('CTRL-EVENT-CONNECTED')) {
          break;
        }
      }
      const address = new InterfaceAddress('lo', { byItselfMs: 50, withinMs: 10_000 });
      joiner = await WpaSupplicantJoiner.open({ interface: 'lo', controlDirectory: `${folder}/control`, address, associationMs: 1500 });
      await expect(joiner.join(credential, never)).rejects.toMatchObject({ code: 'timed_out' });
      await joiner.back();
      const control = new ControlProgram({ daemon: 'wpa_supplicant', directory: `${folder}/control`, interface: 'lo', trouble: 'wifi_unavailable', onEvent: () => {}, onUp: () => up.resolve() });
      const up = Promise.withResolvers<void>();
      await up.promise;
      expect(parseNetworks(await control.ask('LIST_NETWORKS'))).toEqual([{ id: 0, ssid: 'iot-setup', isCurrent: true, isEnabled: true }]);
      control.close();
    } finally {
      const ended = once(daemon, 'exit');
      daemon.kill();
      await ended;
    }
  });
});
