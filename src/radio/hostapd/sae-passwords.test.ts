import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SaeBss } from './sae-configuration.ts';
import { SaePasswords } from './sae-passwords.ts';
import type { SaeGrant } from './sae-stations.ts';

const macs = ['02:00:00:00:01:00', '02:00:00:00:02:00', '02:00:00:00:03:00'] as const;
let folder: string;
let configuration: string;
/** Addresses that hostapd denies; what it was told beyond that. */
let denied: Set<string>;
let told: string[];
let changes: number;
let passwords: SaePasswords;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-sae-'));
  configuration = join(folder, 'hostapd.conf');
  writeFileSync(configuration, 'interface=wlan0\nwpa_key_mgmt=SAE\n');
  denied = new Set();
  told = [];
  changes = 0;
  passwords = open();
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

function open(): SaePasswords {
  const bss: SaeBss = {
    name: 'wlan0',
    denied: async () => [...denied],
    deny: async (mac) => void denied.add(mac),
    allow: async (mac) => void denied.delete(mac),
    takePassword: async (value) => void told.push(value),
    forgetSessions: async () => {},
    disconnect: async () => {},
  };
  return new SaePasswords({ configurations: new Map([[configuration, [bss]]]), reloadAfterMs: 60_000, onDropping: () => {}, onChanged: () => (changes += 1) });
}

function grant(grantId: string, mac?: string, startsAt = new Date(0)): SaeGrant {
  return { grantId, password: `password-of-${grantId}`, mac, vlan: undefined, startsAt };
}

test('a station is told by its address; of two grants of one device, the later one is what it goes by', async () => {
  await passwords.converge([grant('grt_new', macs[0], new Date(2)), grant('grt_old', macs[0], new Date(1)), grant('grt_other', macs[1])]);
  expect(macs.map((mac) => passwords.stations.attribute(mac))).toEqual(['grt_new', 'grt_other', undefined]);
});

test('the only grant without an address has that of the station that nobody else’s can be, also for the next agent', async () => {
  await passwords.converge([grant('grt_any'), grant('grt_other', macs[1])]);
  expect(passwords.stations.ownerOf(macs[0])).toBeUndefined();
  expect([passwords.stations.attribute(macs[0]), passwords.stations.ownerOf(macs[0]), changes]).toEqual(['grt_any', 'grt_any', 1]);
  expect(passwords.stations.attribute(macs[2])).toBeUndefined();
  await passwords.converge([grant('grt_any'), grant('grt_other', macs[1])]);
  expect(told.slice(-2)).toEqual([expect.stringMatching(/^sealed-.*\|id=grt_any$/), `password-of-grt_any|mac=${macs[0]}|id=grt_any`]);
  const next = open();
  await next.converge([grant('grt_any'), grant('grt_other', macs[1])]);
  expect(next.stations.attribute(macs[0])).toBe('grt_any');
});

test('where it could be of several, it is nobody’s until its device says, or its time is over', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  await passwords.converge([grant('grt_1'), grant('grt_2')]);
  expect([passwords.stations.attribute(macs[0]), passwords.stations.isOverdue(macs[0])]).toEqual([undefined, false]);
  vi.advanceTimersByTime(14_999);
  expect(passwords.stations.isOverdue(macs[0])).toBe(false);
  await passwords.converge([grant('grt_1', macs[1]), grant('grt_2')]);
  // What was not known when it came is not concluded later.
  expect(passwords.stations.attribute(macs[0])).toBeUndefined();
  vi.advanceTimersByTime(1);
  expect(passwords.stations.isOverdue(macs[0])).toBe(true);
  await passwords.converge([grant('grt_1', macs[1]), grant('grt_2', macs[0])]);
  expect(passwords.stations.attribute(macs[0])).toBe('grt_2');
});

test('a station whose grant is over, or has another address by now, is nobody’s at once', async () => {
  await passwords.converge([grant('grt_1', macs[0]), grant('grt_2', macs[1])]);
  await passwords.converge([grant('grt_2', macs[2]), grant('grt_any')]);
  expect([macs[0], macs[1]].map((mac) => [passwords.stations.attribute(mac), passwords.stations.isOverdue(mac), denied.has(mac)])).toEqual([
    [undefined, true, true],
    [undefined, true, false],
  ]);
  await passwords.converge([grant('grt_2', macs[0])]);
  expect([passwords.stations.attribute(macs[0]), denied.has(macs[0])]).toEqual(['grt_2', false]);
});
