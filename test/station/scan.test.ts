import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connectedRadio, scanAir } from '../../src/radio/station/scan.ts';
import { iwScan } from './scans.ts';
import { StandInPrograms } from './stand-in-programs.ts';

const { signal } = new AbortController();
const printed = iwScan([{ bssid: '02:00:00:00:01:00' }]);
const devices = (...names: string[]) =>
  `phy#0\n\tUnnamed/non-netdev interface\n\t\twdev 0x2\n\t\ttype P2P-device\n\tInterface ap0\n\t\tifindex 9\n\t\ttype AP\n${names.map((name) => `\tInterface ${name}\n\t\tifindex 3\n\t\taddr 02:00:00:00:00:07\n\t\ttype managed\n\t\tchannel 6 (2437 MHz), width: 20 MHz\n`).join('')}`;
const nmcliScan = '-t -f BSSID,SSID-HEX,FREQ,SIGNAL,SECURITY device wifi list --rescan yes';

let programs: StandInPrograms;
const path = process.env['PATH'];

beforeEach(() => {
  programs = new StandInPrograms();
  process.env['PATH'] = programs.path;
  const away = [[8, 'Error: NetworkManager is not running.']] as const;
  programs.answering('nmcli', { [nmcliScan]: away, [nmcliScan.replace(' --rescan', ' ifname wlan0 --rescan')]: away });
});

afterEach(() => {
  process.env['PATH'] = path;
  programs.close();
});

test('scans on the only wireless interface', async () => {
  programs.answering('iw', { dev: [[0, devices('wlan0')]], 'dev wlan0 scan': [[0, printed]] });
  expect(await scanAir({ signal })).toBe(printed);
});

test.each([
  [240, 'command failed: Device or resource busy (-16)'],
  [151, 'command failed: No buffer space available (-105)'],
] as const)('tries again after exit code %d, %s', async (exit, words) => {
  programs.answering('iw', { 'dev wlan1 scan': [[exit, words], [0, printed]] });
  expect(await scanAir({ interface: 'wlan1', signal, busyMs: 1 })).toBe(printed);
  expect(programs.told('iw')).toEqual(['dev wlan1 scan', 'dev wlan1 scan']);
});

test('has NetworkManager scan where iw may not', async () => {
  const line = '02\\:00\\:00\\:00\\:01\\:00:486F6D65:2462 MHz:72:WPA2\n';
  programs.answering('iw', { dev: [[0, devices('wlan0')]], 'dev wlan0 scan': [[255, 'command failed: Operation not permitted (-1)']] });
  programs.answering('nmcli', { [nmcliScan]: [[0, line]] });
  expect(await scanAir({ signal })).toBe(line);
});

test.each([
  [255, 'command failed: Operation not permitted (-1)', 'scan_unavailable', 'This user may not scan on wlan0.'],
  [1, 'nl80211 not found.', 'scan_unavailable', 'This machine has no Wi-Fi.'],
  [237, 'command failed: No such device (-19)', 'scan_unavailable', 'There is no wireless interface wlan0.'],
  [156, 'command failed: Network is down (-100)', 'scan_unavailable', 'The interface wlan0 is down.'],
  [161, 'command failed: Operation not supported (-95)', 'scan_unavailable', 'iw does not scan on wlan0 (command failed: Operation not supported (-95)).'],
  [240, 'command failed: Device or resource busy (-16)', 'timed_out', 'Another scan on wlan0 does not end.'],
] as const)('exit code %d, %s: %s', async (exit, words, code, message) => {
  programs.answering('iw', { 'dev wlan0 scan': [[exit, words]] });
  await expect(scanAir({ interface: 'wlan0', signal, busyMs: 1 })).rejects.toMatchObject({ code, message });
});

test('of several interfaces it wants one named, and without any it says so', async () => {
  programs.answering('iw', { dev: [[0, devices('wlan0', 'wlan1')]] });
  await expect(scanAir({ signal })).rejects.toMatchObject({ code: 'missing_input', message: expect.stringContaining('wlan0, wlan1') });
  programs.answering('iw', { dev: [[0, devices()]] });
  await expect(scanAir({ signal })).rejects.toMatchObject({ code: 'scan_unavailable', message: 'This machine has no wireless interface that could scan.' });
});

test('a scan that does not end is ended', async () => {
  programs.program('iw', 'said(process.argv.slice(2).join(" "));\nsetInterval(() => {}, 1000);');
  await expect(scanAir({ interface: 'wlan0', signal, longestMs: 500 })).rejects.toMatchObject({ code: 'timed_out', message: 'iw was not done with its scan within 0.5 s.' });
});

test('an interruption ends it', async () => {
  programs.answering('iw', { 'dev wlan0 scan': [[240, 'command failed: Device or resource busy (-16)']] });
  const interruption = new AbortController();
  const scanning = scanAir({ interface: 'wlan0', signal: interruption.signal, busyMs: 60_000 });
  await vi.waitFor(() => expect(programs.told('iw')).toHaveLength(1));
  interruption.abort(new Error('enough'));
  await expect(scanning).rejects.toThrow('enough');
});

test('the radio that an interface is on', async () => {
  programs.answering('iw', { dev: [[0, devices('wlan0', 'wlan1')]], 'dev wlan0 link': [[0, 'Not connected.\n']], 'dev wlan1 link': [[0, 'Connected to 02:00:00:00:01:0a (on wlan1)\n\tSSID: Home\n']] });
  expect(await connectedRadio({ signal })).toBe('02:00:00:00:01:0a');
  expect(await connectedRadio({ interface: 'wlan0', signal })).toBeUndefined();
});

test('the radio that NetworkManager is on, where iw knows of no interface', async () => {
  programs.answering('iw', { dev: [[1, 'nl80211 not found.\n']] });
  programs.answering('nmcli', { '-t -f ACTIVE,BSSID device wifi list --rescan no': [[0, 'no:02\\:00\\:00\\:00\\:01\\:0A\nyes:02\\:00\\:00\\:00\\:01\\:0B\n']] });
  expect(await connectedRadio({ signal })).toBe('02:00:00:00:01:0b');
});
