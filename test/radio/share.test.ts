import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GrantUsage } from '../../src/domain/grant.ts';
import { metersDiffer } from '../../src/domain/meter.ts';
import { identityCode, Purse } from '../cli/purse.ts';
import { latchkey } from './lab/lab.ts';
import type { LabProcess } from './lab/lab-process.ts';
import { Station } from './lab/station.ts';
import { suiteLab } from './lab/suite-lab.ts';
import { MovedHome } from './moved-home.ts';
import { mainAddress, onboardingAddress, openNetwork, RadioSite, ssid } from './site.ts';

const bssid = '02:00:00:00:00:00';
const sinkPort = 5001;
/** What a step of the tariff buys, in bytes; it costs 0.10 EUR. */
const step = 2_000_000;

interface Party {
  readonly purse: Purse;
  readonly account: string;
}

type Json = Record<string, any>;

/** The access point and the guest, who hears it and joins it. */
const lab = suiteLab({ radios: 2 });
let site: RadioSite;
let station: Station;
let sharer: Party;
let guest: Party;
/** The guest's machine in the lab, which has no network but what its radio joins. */
let phone: MovedHome;
let networkId: string;
let offerId: string;

beforeAll(async () => {
  site = await RadioSite.open(lab());
  [sharer, guest] = [await party('Hall', '1.00EUR'), await party('Anna', '5.00EUR')];
  guest.purse.cli.file('identity', identityCode);
  phone = await MovedHome.make(lab(), guest.purse.cli, '/run/phone');
  station = await Station.make(lab(), { name: 'phone', radio: 1 });
  await lab().do(`ip link set ${station.face} up`, { namespace: station.name });
  await site.startMainDhcp();
  // Where busybox's udhcpc looks for what is to do with an address.
  await lab().do('mkdir -p /etc/udhcpc && cp /lab/dhcp-client.sh /etc/udhcpc/default.script');
  // Whoever is free gets wherever this machine gets.
  await lab().do(`/usr/sbin/nft -f ${lab().write('outside', outside)}`);
  await lab().start('sink', `nc -ll -p ${sinkPort} -e dd of=/dev/null`);
  networkId = await proven();
  ({ offer_id: offerId } = await sharer.purse.json<{ offer_id: string }>(['share', 'offer', networkId, '--step', `0.10EUR=${step}B`, '--refund', 'unused', '--yes']));
  await serve(networkId);
});
afterAll(async () => {
  await Promise.all([sharer, guest].map((each) => each?.purse.close()));
  await site?.close();
});

const outside = `table ip outside {
	chain postrouting {
		type nat hook postrouting priority srcnat;
		oifname "eth0" masquerade
	}
}
`;

/** Somebody with a terminal that is bound to an account with so much on it. */
async function party(name: string, funds: string): Promise<Party> {
  const { url, ca } = site.access;
  const purse = await Purse.make({ cli: site.owner, server: { url, ca: readFileSync(ca, 'utf8') }, flags: [], env: {} }, site.owner);
  const { account_id: account } = await site.json<{ account_id: string }>('account', 'open', name, '--currency', 'EUR');
  await site.json('account', 'topup', name, funds);
  await purse.bind({ id: account, name });
  return { purse, account };
}

/** What the guest's radio hears, as iw prints it, once a network is heard under this name. */
async function heard(name: string): Promise<string> {
  const iw = `/usr/sbin/iw dev ${station.face} scan`;
  return lab().do(`until ${iw} dump | grep -q '^\tSSID: ${name}$'; do ${iw} trigger freq 2412 flush passive 2> /dev/null; done; ${iw} dump`, { namespace: station.name });
}

async function isCalled(name: string): Promise<string> {
  await site.hostapd.command('wlan0', `SET ssid ${name}`);
  await site.hostapd.command('wlan0', 'UPDATE_BEACON');
  return heard(name);
}

/** The sharer's network, proven by its second name on the air. */
async function proven(): Promise<string> {
  const { purse, account } = sharer;
  const { challenge } = await purse.json(['share', 'verify', 'start', '--ssid', ssid, '--bssid', bssid, '--security', 'wpa2-psk', '--account', account]);
  const scan = await isCalled(Buffer.from(challenge.second as string, 'base64url').toString());
  const { network_id: networkId } = await purse.json<{ network_id: string }>(['share', 'verify', 'confirm', challenge.challenge_id as string, '--scan', '-'], scan);
  await isCalled(ssid);
  return networkId;
}

let serving: LabProcess;

/** The sharer's side, on the machine of the access point's agent. */
async function serve(networkId: string): Promise<void> {
  const home = await MovedHome.make(lab(), sharer.purse.cli, '/run/sharer');
  const state = join(site.agentEnvironment['HOME']!, '.local/state/latchkey');
  serving = await lab().start('share serve', `${latchkey} share serve ${networkId} --json`, { env: { ...home.env, LATCHKEY_STATE_HOME: state } });
  await serving.until(/"event":"serving".*"enforced":true/, { timeoutMs: 60_000 });
}

/** The guest's command, on its own machine. */
function start(...args: string[]): Promise<LabProcess> {
  return lab().start(args.slice(0, 2).join(' '), `${latchkey} ${args.join(' ')} --json`, { env: phone.env, namespace: station.name });
}

async function result(command: LabProcess): Promise<Json> {
  expect(await command.ended, command.output()).toBe(0);
  return JSON.parse(/^\{\n[^]*^\}$/m.exec(command.output())![0]) as Json;
}

const paying = ['--max-fee', '0.10EUR', '--identity-code-file', '/run/phone/identity'];

/** What the access point itself has counted of the guest, and for how long it is on. */
async function counted(): Promise<{ readonly bytes: number; readonly seconds: number }> {
  const status = await site.hostapd.command('wlan0', `STA ${station.mac}`);
  const of = (name: string) => Number(new RegExp(`^${name}=(\\d+)$`, 'm').exec(status)?.[1]);
  return { bytes: of('rx_bytes') + of('tx_bytes'), seconds: of('connected_time') };
}

/** Sends until the access point has counted so much; less is sent than is missing, for there is a head to each packet. */
async function sendUpTo(total: number): Promise<void> {
  for (let missing = total - (await counted()).bytes; missing > 0; missing = total - (await counted()).bytes) {
    await lab().do(`head -c ${Math.ceil(missing * 0.9)} /dev/zero | nc ${mainAddress} ${sinkPort}`, { namespace: station.name });
  }
}

async function reaches(address: string, port: number): Promise<boolean> {
  return (await lab().run(`nc -w 5 ${address} ${port} </dev/null`, { namespace: station.name })).code === 0;
}

/** Whom the guest reaches. */
async function reached() {
  const server = Number(new URL(site.access.url).port);
  const [relay, compare, sink, elsewhere, ping] = await Promise.all([
    reaches(mainAddress, 8432), reaches(mainAddress, 8433), reaches(mainAddress, sinkPort), reaches('10.0.2.2', server), station.reaches(mainAddress),
  ]);
  return { relay, compare, sink, elsewhere, ping };
}

async function restricted(isIt: boolean): Promise<void> {
  await lab().do(`${isIt ? 'until' : 'while'} /usr/sbin/nft list set inet latchkey restricted | grep -q ${station.mac}; do usleep 50000; done`, { timeoutMs: 60_000 });
}

const free = { relay: true, compare: true, sink: true, elsewhere: true, ping: true };
const nothingButRelay = { relay: true, compare: false, sink: false, elsewhere: false, ping: false };

function usageOf({ bytes_in: bytesIn, bytes_out: bytesOut, seconds }: Json): GrantUsage {
  return { bytesIn: BigInt(bytesIn), bytesOut: BigInt(bytesOut), seconds };
}

async function balance({ account }: Party): Promise<number> {
  const shown = await site.json<{ balance: string; held: string }>('account', 'show', account);
  expect(shown.held).toBe('0');
  return Number(shown.balance);
}

let access: Json;
let using: LabProcess;
/** From when the guest is on the network. */
let joined: number;

test('a guest without any network hears the offer on the air, pays, and joins with a password of its own', async () => {
  const { items } = await guest.purse.json(['share', 'find', '--scan', '-'], await heard(ssid));
  expect(items).toMatchObject([{ bssid, ssid: Buffer.from(ssid).toString('base64url'), offer: { offer_id: offerId }, security_differs: false }]);

  await site.enter(station, openNetwork, ['update_config=1']);
  expect(await reaches(onboardingAddress, sinkPort)).toBe(false);
  const since = site.hostapd.process.mark();
  access = await result(await start('share', 'request', offerId, '--buy', `${step}B`, ...paying, '--via', 'auto', '--join', 'wpa_supplicant', '--interface', station.face, '--reveal'));
  joined = station.process.mark();
  expect(access).toMatchObject({
    request: { state: 'active', fee: { minor: '10', currency: 'EUR' } },
    credential: { ssid, security: 'wpa2-psk' },
    compared: 'same', interface: station.face, address: expect.stringMatching(/^10\.1\.0\./),
  });
  expect(await site.hostapd.joined(station, { since })).toBe(access['request'].grant_id);
  expect(await reached()).toEqual(free);
  expect([await balance(guest), await balance(sharer)]).toEqual([490, 110]);
});

test('it is warned at 80 %, and has more bought without losing its association', async () => {
  using = await start('share', 'use', '--interface', station.face, '--every', '2s', '--auto-topup', `${step}B`, '--auto-topup-max', '0.10EUR', '--identity-code-file', '/run/phone/identity', '--via', mainAddress);
  await using.until(/"event":"usage"/, { timeoutMs: 60_000 });
  const { seconds } = await counted();
  await sendUpTo(step * 0.83);
  await using.until(/"event":"low".*"threshold":"80%"/);
  await using.until(/"event":"increased"/, { timeoutMs: 60_000 });
  expect((await counted()).seconds).toBeGreaterThan(seconds);
  expect(station.process.output().slice(joined)).not.toContain('CTRL-EVENT-DISCONNECTED');
  expect([await balance(guest), await balance(sharer)]).toEqual([480, 120]);
});

test('who has used all reaches the server through the agent and nothing else, buys more there, and is free again', async () => {
  const { seconds } = await counted();
  // What is sent beyond it does not come through, and ends never.
  const { bytes } = await counted();
  const source = await lab().start('source', `sh -c "head -c ${Math.ceil(step * 2.07) - bytes} /dev/zero | nc ${mainAddress} ${sinkPort}"`, { namespace: station.name });
  await restricted(true);
  source.kill('KILL');
  await using.until(/No more is bought/);
  expect(await reached()).toEqual(nothingButRelay);

  const increase = await result(await start('share', 'topup', access['request'].request_id as string, '--buy', `${step}B`, ...paying, '--via', mainAddress));
  expect(increase).toMatchObject({ kind: 'increase', state: 'active' });
  await restricted(false);
  expect(await reached()).toEqual(free);
  expect((await counted()).seconds).toBeGreaterThan(seconds);
  expect(station.process.output().slice(joined)).not.toContain('CTRL-EVENT-DISCONNECTED');
});

test('who ends it is off the air for good, both sides see the same, and what is unused goes back', async () => {
  const id = access['request'].request_id as string;
  const before = await counted();
  const mark = station.process.mark();
  const since = site.hostapd.process.mark();
  await guest.purse.json(['share', 'end', id, '--yes']);
  await station.process.until(/CTRL-EVENT-DISCONNECTED/, { since: mark });
  // Nobody else is let in: hostapd has no key that it could try.
  await site.hostapd.process.until(new RegExp(`STA ${station.mac} WPA: no PSK configured for the STA`), { since });

  // Its connections are of the network that it was on; the rest of the story it has by the onboarding network.
  using.kill('KILL');
  await using.ended;
  await site.enter(station);
  const following = await start('share', 'use', id, '--interface', station.face, '--via', 'auto');
  expect(await following.ended, following.output()).toBe(0);
  const last = JSON.parse(/^\{"event":"ended".*\}$/m.exec(following.output())![0]) as Json;
  const [cost, returned] = [Number(last['cost'].minor), Number(last['returned'].minor)];
  expect([cost + returned, returned > 0]).toEqual([30, true]);
  const [seen, sold] = await Promise.all([guest, sharer].map(({ purse }) => purse.json(['share', 'usage', id])));
  expect(seen).toEqual(sold);
  const bytes = ({ bytes_in: received, bytes_out: sent }: Json) => Number(received) + Number(sent);
  expect(bytes(seen!['used'])).toBeGreaterThanOrEqual(before.bytes);
  expect(bytes(seen!['sharer'])).toBe(bytes(seen!['used']));
  console.info(`The access point counted ${bytes(seen!['used'])} bytes, the guest ${bytes(seen!['guest'])}.`);
  expect(metersDiffer(usageOf(seen!['guest']), usageOf(seen!['sharer']))).toBe(false);
  expect(returned).toBe(Math.floor(((3 * step - bytes(seen!['used'])) / step) * 10));
  const [asked, answered] = await Promise.all([guest, sharer].map(({ purse }) => purse.json(['share', 'history'])));
  expect(asked).toEqual(answered);
  expect(await sharer.purse.json(['share', 'earnings'])).toMatchObject({ items: [{ sales: 3, sold: { minor: '30' }, returned: { minor: `${returned}` }, earned: { minor: `${cost}` } }] });
  expect([await balance(guest), await balance(sharer)]).toEqual([500 - cost, 100 + cost]);
  expect(await site.json('ledger', 'verify')).toMatchObject({ ok: true });
});

test('whose time is up reaches the server through the agent and nothing else, buys more there, and is free again', async () => {
  await sharer.purse.json(['share', 'offers', 'withdraw', offerId, '--yes']);
  const { offer_id: byTime } = await sharer.purse.json<{ offer_id: string }>(['share', 'offer', networkId, '--step', '0.10EUR=20s', '--yes']);
  await site.enter(station, openNetwork, ['update_config=1']);
  const timed = await result(await start('share', 'request', byTime, '--buy', '20s', ...paying, '--via', 'auto', '--join', 'wpa_supplicant', '--interface', station.face));
  const since = station.process.mark();
  expect(await reached()).toEqual(free);
  await restricted(true);
  expect(await reached()).toEqual(nothingButRelay);

  const increase = await result(await start('share', 'topup', timed['request'].request_id as string, '--buy', '1min', ...paying.with(1, '0.30EUR'), '--via', mainAddress));
  expect(increase).toMatchObject({ kind: 'increase', state: 'active' });
  await restricted(false);
  expect(await reached()).toEqual(free);
  expect(station.process.output().slice(since)).not.toContain('CTRL-EVENT-DISCONNECTED');
});
