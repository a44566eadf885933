import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ShareRequestWire } from '../../api/share-requests.ts';
import { trafficForPeople } from '../../domain/traffic.ts';
import { moneyForPeople } from '../present/money.ts';
import type { StartedWire } from '../present/networks.ts';
import { tariffInWords, type AroundListWire } from '../present/offers.ts';
import type { AccessWire, ShownUsageWire, UseNewsWire } from '../present/share-access.ts';
import type { EarningsWire } from '../present/share-earnings.ts';
import type { SharerEventWire } from '../present/sharer-events.ts';
import { localTime } from '../present/time.ts';
import { enrolPhone, openAccount, tellLedger } from './money.ts';
import type { Events } from './programs.ts';
import { Scene, type Narrator } from './scene.ts';
import { StandInAccessPoint, storyInterface } from './stand-in-access-point.ts';
import { StandInAir } from './stand-in-air.ts';

const ssid = 'Sara at home';
const bssid = '02:00:00:00:01:00';
const neighbours = [{ bssid: '02:00:00:00:02:00', ssid_text: 'Next door', signal_dbm: -71, security: 'wpa2-psk' }];
const guestMac = '02:00:00:00:00:07';
const [saraCode, gusCode] = ['1357', '2468'];
const megabyte = 1_000_000;

/**
 * Share a network: server, witness, the sharer's access point and phone are processes of this program in temporary homes.
 * What is on the air stands in files, and a stand-in for hostapd counts what goes over this machine's own interface.
 */
export async function tellSharing(narrator: Narrator): Promise<void> {
  const { tell, ask, closing } = narrator;
  const scene = await Scene.start(narrator, ['--witnesses', '1']);
  const [airFolder, apFolder] = [join(scene.home, 'air'), join(scene.home, 'ap')];
  [airFolder, apFolder].forEach((folder) => mkdirSync(folder));
  const air = new StandInAir(airFolder, { ssid, bssid }, neighbours);
  const accessPoint = new StandInAccessPoint(apFolder, ssid);
  const sharer = scene.machine('sharer', closing, accessPoint.programs);
  const guest = scene.machine('guest', closing);
  await tell({ who: 'server', text: `Runs at ${scene.url}, and believes in no network that not at least one witness has heard.` });

  const sara = await openAccount(scene, 'Sara');
  const gus = await openAccount(scene, 'Gus');
  await scene.admin('account', 'topup', gus.account_id, '20.00EUR');
  await enrolPhone(scene, sara, saraCode, sharer);
  await enrolPhone(scene, gus, gusCode, guest);
  await tell({ who: 'admin', text: 'Opened accounts for Sara, who has a network, and for Gus, who brought 20.00 EUR; each has a terminal that the account is bound to.' });

  await scene.programs.json(['share', 'witness', 'enroll', ...scene.enrolling, '--name', 'Market square'], await scene.enrollCode('witness'));
  await scene.programs.service(['share', 'witness', 'serve', '--scan', air.scan, '--every', '500ms'], (event) => event);
  const { challenge } = await sharer.json<StartedWire>(['share', 'verify', 'start', '--ssid', ssid, '--bssid', bssid, '--security', 'wpa2-psk', '--hook', air.hook, '--scan', air.scan, '--yes']);
  const networkId = challenge!.network_id;
  await tell({
    who: 'sharer',
    text: 'Claimed the network, was told another name for it, had it renamed by a hook, and back. The second name was heard by Sara herself and by the witness, from the radio that she claimed: only who controls the network can do that.',
    lines: [`first   ${ssid}`, `second  ${Buffer.from(challenge!.second, 'base64url').toString()}`, `state   ${challenge!.state}, heard by ${challenge!.witnessed} of ${challenge!.witnesses} witnesses`],
  });

  const ap = await sharer.json<{ ap_name: string }>(['ap', 'enroll', ...scene.enrolling, '--name', 'Hall'], await scene.enrollCode('ap'));
  await sharer.service(
    ['ap', 'serve', '--profile', 'ap', '--onboarding-ssid', 'latchkey-setup', '--ssid', ssid, '--radio', 'hostapd', '--hostapd-conf', accessPoint.configuration,
      '--listen', '127.0.0.1', '--port', '0', '--secure-port', '0', '--no-relay'],
    (event) => ((event as { event: string }).event === 'listening' ? event : undefined),
  );
  const offer = await sharer.json<{ offer_id: string }>(['share', 'offer', networkId, '--step', '1.00EUR=250MB', '--refund', 'unused', '--approval', 'manual', '--yes']);
  const { first: serving, events: atSharer } = await sharer.service(
    ['share', 'serve', networkId, '--listen', '127.0.0.1', '--thumbprint-port', '0'],
    (event) => ((event as SharerEventWire).event === 'serving' ? (event as Extract<SharerEventWire, { event: 'serving' }>) : undefined),
  );
  await tell({ who: 'sharer', text: `Offers 250 MB for each euro, and serves: access point "${ap.ap_name}" gives each guest a password of their own, counts, and cuts off. Guests are let in once Sara says so.` });

  const around = await guest.json<AroundListWire>(['share', 'find', '--scan', air.scan]);
  const found = around.items.find((each) => each.offer.offer_id === offer.offer_id)!;
  await tell({
    who: 'guest',
    text: `Hears ${around.heard} networks, and asks which of them are on offer. Of the others the server keeps nothing.`,
    lines: [`${ssid}  ${found.signal_dbm} dBm  ${tariffInWords(found.offer.tariff)}  ${found.network.verified_at === undefined ? 'not proven' : 'proven'}`],
  });

  const yes = ask === undefined ? true : await ask('You are Gus. 500 MB cost 2.00 EUR. Buy them?');
  if (!yes) {
    await scene.stopAll();
    await tell({ who: 'guest', text: 'Bought nothing. The processes are stopped, and their folder is removed.' });
    return;
  }
  const paying = ['--max-fee', '2.00EUR', '--identity-code-file', '-'];
  const asking = guest.json<AccessWire>(['share', 'request', offer.offer_id, '--buy', '500MB', ...paying], gusCode);
  const undecided = await Promise.race([requestAt(atSharer, 'held'), asking.then(() => Promise.reject(new Error('It was let in by nobody.')))]);
  const id = undecided.request_id;
  await tell({
    who: 'guest',
    text: 'Asked, was told the fee, and paid it by its transaction password: it is held, and not Sara’s yet. If she says no, or nothing, it is back by itself.',
    lines: [`request  ${id}`, `fee      ${moneyForPeople(undecided.fee)}, held`, `answer   until ${localTime(undecided.due_at!)}`],
  });
  await sharer.json(['share', 'approve', id]);
  const { credential } = await asking;
  await tell({
    who: 'sharer',
    text: 'Sara said yes. Her side sealed the password to the guest’s key; the server carried it and cannot read it. When the guest had opened it, the fee was hers.',
    lines: [`network   ${credential?.ssid}`, `password  ${credential?.password}`],
  });

  await accessPoint.join(guestMac, credential!.password);
  const { events: atGuest } = await guest.service(
    ['share', 'use', id, '--interface', storyInterface, '--every', '500ms', '--sharer', `127.0.0.1:${serving.thumbprint_port}`],
    (event) => event,
  );
  await tell({ who: 'guest', text: 'Is on the network, and has compared with Sara’s side, without the server, to which key the password was sealed: it is its own. Now both count.' });
  await accessPoint.carry(410 * megabyte);
  const low = await newsOf(atGuest, 'low');
  await tell({ who: 'sharer', text: `Its side read the meter, and has the guest warned through the server: more than ${low.threshold} are used.` });

  const more = await guest.json<ShareRequestWire>(['share', 'topup', id, '--buy', '500MB', ...paying], gusCode);
  const increased = await newsOf(atGuest, 'increased');
  await tell({ who: 'guest', text: `Bought ${more.quantity} more for ${moneyForPeople(more.fee)}, without leaving the network: ${trafficForPeople(BigInt(increased.left!.replace(/B$/, '')))} left.` });

  await accessPoint.carry(600 * megabyte);
  await atGuest.next((event) => (bytesOf((event as UseNewsWire).used) >= 600n * BigInt(megabyte) ? event : undefined));
  await guest.json(['share', 'end', id, '--yes']);
  const ended = await newsOf(atGuest, 'ended');
  const left = await guest.json<ShownUsageWire>(['share', 'usage', id]);
  await tell({
    who: 'guest',
    text: 'Ended it: its password opens nothing any more. Both sides signed what they had counted, and what was not used went back.',
    lines: [
      `used      ${usedOf(left.used)}, counted by the access point; by the guest ${usedOf(left.guest)}`,
      `paid      ${moneyForPeople(ended.cost!)}`,
      `back      ${moneyForPeople(ended.returned!)}`,
    ],
  });
  const { items: [earned] } = await sharer.json<EarningsWire>(['share', 'earnings']);
  await tell({ who: 'sharer', text: `Sold ${moneyForPeople(earned!.sold)} in ${earned!.sales} purchases, gave back ${moneyForPeople(earned!.returned)}, and earned ${moneyForPeople(earned!.earned)}.` });

  await tellLedger(scene, tell);
  await scene.end();
}

function requestAt(events: Events, state: ShareRequestWire['state']): Promise<ShareRequestWire> {
  return events.next((event) => {
    const said = event as SharerEventWire;
    return said.event === 'request' && said.request.state === state ? said.request : undefined;
  });
}

function newsOf(events: Events, kind: UseNewsWire['event']): Promise<UseNewsWire> {
  return events.next((event) => ((event as UseNewsWire).event === kind ? (event as UseNewsWire) : undefined));
}

type Counted = Pick<UseNewsWire['used'], 'bytes_in' | 'bytes_out'>;

function bytesOf({ bytes_in: received, bytes_out: sent }: Counted): bigint {
  return BigInt(received) + BigInt(sent);
}

function usedOf(counted: Counted | undefined): string {
  return counted === undefined ? 'nothing' : trafficForPeople(bytesOf(counted));
}
