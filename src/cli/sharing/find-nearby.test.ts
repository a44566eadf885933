import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LatchkeyError } from '../../domain/errors.ts';
import type { HeardNetwork } from '../../domain/heard-network.ts';
import type { NetworkMessage } from '../../domain/network.ts';
import type { ListedNetwork, MatchingList } from '../../roles/networks/ports.ts';
import { findNearby, type FindingNearby } from './find-nearby.ts';
import { MatchingListFile } from './matching-list.ts';

const now = new Date('2026-11-25T08:00:00.000Z');
const bytes = (text: string) => Uint8Array.from(Buffer.from(text));
const radio = (at: number) => `02:00:00:00:01:0${at}`;
const heard = (at: number, signalDbm = -60): HeardNetwork => ({ bssid: radio(at), ssid: bytes('Same name'), security: 'open', signalDbm, frequencyMhz: 2412, ageMs: 0 });
const cafe: ListedNetwork = { networkId: 'net_cafe', ssid: bytes('Same name'), bssids: [radio(1), radio(2), radio(3)], messageVersion: 7 };
const bar: ListedNetwork = { networkId: 'net_bar', ssid: Uint8Array.from([0xff, 0x1b]), bssids: [radio(4)], messageVersion: 1 };
const message: NetworkMessage = { version: 7, texts: [{ language: 'en', text: 'Hello', link: undefined }, { language: 'de', text: 'Hallo', link: 'https://cafe.example' }], validFrom: undefined, validTo: undefined };
const away = new LatchkeyError('remote_unreachable');

let folder: string;
let list: MatchingListFile;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-nearby-'));
  list = new MatchingListFile('https://latchkey.example', folder);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const listing = (...parts: MatchingList[]) => ({
  asked: [] as number[],
  async matchingList(since: number) {
    this.asked.push(since);
    return parts.shift() ?? { revision: since, networks: [], gone: [], isPart: false };
  },
});

const find = (finding: Partial<FindingNearby>) =>
  findNearby({ heard: [heard(1, -70), heard(2, -50)], joined: undefined, language: undefined, again: false, list, networks: undefined, now, ...finding });

const server = { nearby: async () => [{ network: cafe, message }] };

test('the list is fetched part by part, then what has changed of it', async () => {
  const first = listing({ revision: 5, networks: [cafe], gone: [], isPart: true }, { revision: 9, networks: [bar], gone: [], isPart: false });
  expect(await list.synchronise(first, now)).toEqual({ networks: [cafe, bar], syncedAt: now });
  expect(first.asked).toEqual([0, 5]);
  const next = listing({ revision: 12, networks: [{ ...cafe, messageVersion: 8 }], gone: ['net_bar'], isPart: false });
  const later = new Date(now.getTime() + 1000);
  expect(await list.synchronise(next, later)).toEqual({ networks: [{ ...cafe, messageVersion: 8 }], syncedAt: later });
  expect(next.asked).toEqual([9]);
});

test('another server has another list', async () => {
  await list.synchronise(listing({ revision: 1, networks: [cafe], gone: [], isPart: false }), now);
  expect(new MatchingListFile('local', folder).read()).toEqual({ networks: [], syncedAt: undefined });
});

test('the list is the user’s own; one that is damaged is an error', async () => {
  await list.synchronise(listing({ revision: 1, networks: [cafe], gone: [], isPart: false }), now);
  const [file = ''] = readdirSync(folder);
  expect(statSync(join(folder, file)).mode & 0o77).toBe(0);
  writeFileSync(join(folder, file), '{"server":');
  expect(() => list.read()).toThrow(expect.objectContaining({ code: 'invalid_input', hint: expect.stringContaining('--sync') }));
});

test('offline a network is known again by its radios, not by its name', async () => {
  await list.synchronise(listing({ revision: 1, networks: [cafe, bar], gone: [], isPart: false }), now);
  const found = await find({});
  expect(found).toMatchObject({ listedAt: now, away: undefined, items: [{ network: cafe, isJoined: false, message: undefined }] });
  expect(found.items[0]!.heard.map(({ bssid }) => bssid)).toEqual([radio(2), radio(1)]);
  expect((await find({ heard: [heard(1), heard(4)] })).items.map(({ network }) => network.networkId)).toEqual(['net_bar']);
});

test('offline without a list is an error', async () => {
  await expect(find({})).rejects.toMatchObject({ code: 'missing_input', hint: expect.stringContaining('--sync') });
});

test('a server that is away leaves the list, and without one its error', async () => {
  const networks = { nearby: async () => Promise.reject(away) };
  await expect(find({ networks })).rejects.toBe(away);
  await list.synchronise(listing({ revision: 1, networks: [cafe], gone: [], isPart: false }), now);
  expect(await find({ networks })).toMatchObject({ away, listedAt: now, items: [{ network: cafe }] });
});

test('the message is for who has joined, in their language', async () => {
  expect((await find({ networks: server })).items[0]).toMatchObject({ message: undefined });
  expect((await find({ networks: server, joined: radio(4) })).items[0]).toMatchObject({ isJoined: false, message: undefined });
  expect((await find({ networks: server, joined: radio(3), language: 'de-CH' })).items[0]).toMatchObject({ isJoined: true, message: { text: 'Hallo', link: 'https://cafe.example', version: 7 } });
});

test('it is shown once, until there is another, or again to who asks', async () => {
  const joined = { networks: server, joined: radio(1) };
  list.markShown('net_cafe', 7);
  expect((await find(joined)).items[0]!.message).toBeUndefined();
  expect((await find({ ...joined, again: true })).items[0]!.message).toMatchObject({ text: 'Hello' });
  const newer = { nearby: async () => [{ network: cafe, message: { ...message, version: 8 } }] };
  expect((await find({ ...joined, networks: newer })).items[0]!.message).toMatchObject({ version: 8 });
});

test('what was shown is kept when the list is fetched', async () => {
  list.markShown('net_cafe', 7);
  await list.synchronise(listing({ revision: 1, networks: [cafe], gone: [], isPart: false }), now);
  expect(list.wasShown('net_cafe', 7)).toBe(true);
});

test('a message that is not valid now is not shown', async () => {
  const networks = { nearby: async () => [{ network: cafe, message: { ...message, validFrom: new Date(now.getTime() + 1) } }] };
  expect((await find({ networks, joined: radio(1) })).items[0]!.message).toBeUndefined();
});
