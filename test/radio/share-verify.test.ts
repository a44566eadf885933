import { chmodSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CommandLine } from '../cli/command-line.ts';
import { Purse } from '../cli/purse.ts';
import { latchkey } from './lab/lab.ts';
import type { LabProcess } from './lab/lab-process.ts';
import { Station } from './lab/station.ts';
import { suiteLab } from './lab/suite-lab.ts';
import { MovedHome } from './moved-home.ts';
import { hostapdConf, mainAddress, networkOf, RadioSite, ssid, type Granted } from './site.ts';

const bssid = '02:00:00:00:00:00';

/** The access point, two guests, what the sharer hears with, and a witness in a network namespace of its own. */
const lab = suiteLab({ radios: 5 });
let site: RadioSite;
let purse: Purse;
let sharer: MovedHome;
let witness: MovedHome;
let account: string;
let first: Station;
let second: Station;
let granted: Granted;

/**
 * `iw dev wlanN scan` as it is here: from the radio's own namespace, on channel 1, where all access points of the lab are,
 * for beacons, which come in time where answers often do not. All channels take it more than a minute; and it waits for ever
 * for the end of a scan that is over before it listens.
 */
const iw = `#!/bin/sh
case "$2" in
  wlan3) enter="nsenter --net=/run/netns/sharer" ;;
  wlan4) enter="nsenter --net=/run/netns/witness" ;;
esac
$enter /usr/sbin/iw dev "$2" scan trigger freq 2412 passive || exit
sleep 1
exec $enter /usr/sbin/iw dev "$2" scan dump
`;
let programs: string;

beforeAll(async () => {
  programs = dirname(lab().write('programs/iw', iw));
  chmodSync(join(lab().share, 'programs/iw'), 0o755);
  site = await RadioSite.open(lab(), { server: ['--witnesses', '1'] });
  const { url, ca } = site.access;
  purse = await Purse.make({ cli: site.owner, server: { url, ca: readFileSync(ca, 'utf8') }, flags: [], env: {} }, site.owner);
  ({ account_id: account } = await site.json<{ account_id: string }>('account', 'open', 'Hall', '--currency', 'EUR'));
  await purse.bind({ id: account, name: 'Hall' });
  sharer = await MovedHome.make(lab(), purse.cli, '/run/sharer');
  const enrolled = await CommandLine.make();
  const { code } = await site.json<{ code: string }>('server', 'enroll-code', 'create', '--role', 'witness');
  await enrolled.json(['share', 'witness', 'enroll', '--server', url, '--ca', ca, '--enroll-code-file', '-', '--name', 'Square'], { input: code });
  witness = await MovedHome.make(lab(), enrolled, '/run/witness');
  await enrolled.close();
  first = await Station.make(lab(), { name: 'first', radio: 1 });
  second = await Station.make(lab(), { name: 'second', radio: 2 });
  for (const [radio, name] of [[3, 'sharer'], [4, 'witness']] as const) {
    await lab().namespace(name);
    await lab().moveRadio(radio, name);
    await lab().do(`ip link set wlan${radio} up`, { namespace: name });
  }
  granted = await site.letIn(first, '10.1.0.11');
});
afterAll(async () => {
  await purse?.close();
  await site?.close();
});

/** The sharer's command, until the network has its second name. */
async function renamed(): Promise<LabProcess> {
  const args = ['--ssid', ssid, '--account', account, '--radio', 'hostapd', '--hostapd-conf', `/lab/${hostapdConf}`, '--interface', 'wlan3', '--within', '3m', '--yes'];
  const command = await lab().start('sharer', `env PATH=${programs}:$PATH ${latchkey} share verify start ${args.join(' ')}`, { env: sharer.env });
  await command.until(/Waiting until/, { timeoutMs: 60_000 });
  return command;
}

/** What a radio in the witness's namespace hears now of the access point's main network. */
async function onTheAir(): Promise<string[]> {
  const scan = await lab().do(`${programs}/iw dev wlan4 scan`);
  const blocks = scan.split(/^(?=BSS )/m).filter((block) => block.startsWith(`BSS ${bssid}`) && Number(/last seen: (\d+) ms ago/.exec(block)?.[1]) < 2000);
  return blocks.map((block) => /^\tSSID: (.*)$/m.exec(block)?.[1] ?? '');
}

test('a network is renamed on the air, heard by its sharer and by a witness, judged valid and named as before, beside the agent that serves grants', async () => {
  expect(await onTheAir()).toEqual([ssid]);
  const before = lab().read(hostapdConf);
  const since = first.process.mark();
  const command = await renamed();
  expect(await onTheAir()).toEqual([expect.stringMatching(/^Home-[a-z2-7]{10}$/)]);
  // Who is on stays on, and nobody comes by the first name.
  expect(await first.reaches(mainAddress)).toBe(true);
  const said = JSON.parse(await lab().do(`env PATH=${programs}:$PATH ${latchkey} share witness once --interface wlan4 --json`, { env: witness.env })) as { kept: number };
  expect(said.kept).toBeGreaterThan(0);
  expect(await command.ended, command.output()).toBe(0);
  expect(command.output()).toContain('It has its own name again.');
  const { networks } = await purse.json<{ networks: object[] }>(['share', 'verify', 'status']);
  expect(networks).toMatchObject([{ bssids: [bssid], state: 'valid' }]);
  expect(await onTheAir()).toEqual([ssid]);
  expect(lab().read(hostapdConf)).toBe(before);
  expect(first.process.output().slice(since)).not.toContain('CTRL-EVENT-DISCONNECTED');
  const { items } = await site.json<{ items: { state: string }[] }>('grant', 'list');
  expect(items.map(({ state }) => state)).toEqual(['active']);
});

test('killed in the middle, the name is set back by itself, and stations join with the passwords of their grants', async () => {
  const command = await renamed();
  expect(await onTheAir()).not.toContain(ssid);
  // Given by the agent while the network has its second name.
  const other = await site.onboard(second, await site.lamp());
  command.kill('KILL');
  await command.ended;
  await lab().do(`until grep -q command-ended ${sharer.folder}/.local/state/latchkey/renaming/renaming.log; do usleep 50000; done`, { timeoutMs: 60_000 });
  expect(await onTheAir()).toEqual([ssid]);
  await site.join(first, networkOf(granted));
  await first.address('10.1.0.11/24');
  expect(await first.reaches(mainAddress)).toBe(true);
  await site.join(second, networkOf(other));
  await second.address('10.1.0.12/24');
  expect(await second.reaches(mainAddress)).toBe(true);
});
