import { afterAll, beforeAll, expect, test } from 'vitest';
import { Station } from './lab/station.ts';
import { suiteLab } from './lab/suite-lab.ts';
import { mainAddress, networkOf, RadioSite, type Granted } from './site.ts';

/** SAE passwords that are over are gathered so long. */
const dropAfterS = 15;
const noSuchPassword = /CTRL-EVENT-SAE-UNKNOWN-PASSWORD-IDENTIFIER/;

const lab = suiteLab({ radios: 4 });
let site: RadioSite;
let first: Station;
let second: Station;
let firstGrant: Granted;
let secondGrant: Granted;

beforeAll(async () => {
  site = await RadioSite.open(lab(), {
    config: ['--security', 'wpa3-sae', '--onboarding', 'owe'],
    serve: ['--drop-after', `${dropAfterS}s`],
    onboarding: ['key_mgmt=OWE', 'ieee80211w=2'],
  });
  first = await Station.make(lab(), { name: 'first', radio: 1 });
  second = await Station.make(lab(), { name: 'second', radio: 2 });
  // While the agent starts, the machine is too slow for the elliptic curves of a handshake.
  await site.agent.until(/The registry answers/, { timeoutMs: 60_000 });
});
afterAll(() => site?.close());

test('over an onboarding network that is encrypted, a device gets a password and its identifier, and is counted by its address', async () => {
  firstGrant = await site.letIn(first, '10.1.0.11');
  expect(firstGrant).toMatchObject({ security: 'wpa3-sae', password_id: firstGrant.grant_id });
  expect(await site.hostapd.command('wlan0', `STA ${first.mac}`)).toMatch(/AKMSuiteSelector=00-0f-ac-8/);
  expect(await first.reaches(mainAddress)).toBe(true);
  const grant = await site.grant(firstGrant, ({ usage }) => BigInt(usage.bytes_in) > 0n);
  expect(grant).toMatchObject({ state: 'active' });
  expect(await site.trail(firstGrant)).toContain('request.joined');
});

test('another device is not let in with its password', async () => {
  await second.start(networkOf(firstGrant));
  await second.process.until(noSuchPassword);
});

let secondSince: number;

test('two devices, one revoked: it is off within two seconds and cannot return, the other does not notice', async () => {
  secondGrant = await site.letIn(second, '10.1.0.12');
  secondSince = second.process.mark();
  const since = first.process.mark();
  const { closed_at: closed } = await site.json<{ closed_at: string }>('grant', 'revoke', firstGrant.grant_id);
  await first.process.until(/CTRL-EVENT-DISCONNECTED/, { since });
  const ms = Date.now() - Date.parse(closed);
  console.info(`Off the air ${ms} ms after the revocation.`);
  expect(ms).toBeLessThan(2000);

  // With the session that it has, and with its password.
  await first.process.until(/CTRL-EVENT-AUTH-REJECT/, { since });
  await first.start(networkOf(firstGrant));
  await first.process.until(/CTRL-EVENT-AUTH-REJECT/);
  expect(await second.reaches(mainAddress)).toBe(true);
  expect(second.process.output().slice(secondSince)).not.toContain('CTRL-EVENT-DISCONNECTED');
});

test('what is over is taken out of hostapd later: that is announced, and the other is back within seconds', async () => {
  expect(site.agent.output()).toMatch(new RegExp(`all its stations drop for a moment.*"inSeconds":${dropAfterS}`));
  await second.process.until(/CTRL-EVENT-DISCONNECTED/, { since: secondSince });
  const dropped = Date.now();
  expect(site.agent.output()).toMatch(/all its stations drop for a moment.*"inSeconds":0/);
  await second.process.until(/CTRL-EVENT-DISCONNECTED[\s\S]*CTRL-EVENT-CONNECTED/, { since: secondSince });
  const ms = Date.now() - dropped;
  console.info(`Back ${ms} ms after the drop.`);
  expect(ms).toBeLessThan(10_000);
  expect(await second.reaches(mainAddress)).toBe(true);
  expect(lab().read('hostapd/hostapd.conf').match(/^sae_password=.*\|id=\S+$/gm)).toEqual([expect.stringContaining(`|mac=${second.mac}|id=${secondGrant.grant_id}`)]);
  const mark = first.process.mark();
  await first.retry();
  await first.process.until(noSuchPassword, { since: mark });
});

test('a hostapd that was killed and started anew lets in who may', async () => {
  site.hostapd.process.kill('KILL');
  await site.hostapd.process.ended;
  await site.startHostapd();
  await site.addresses();
  await site.join(second, networkOf(secondGrant));
  expect(await second.reaches(mainAddress)).toBe(true);
  await first.start(networkOf(firstGrant));
  await first.process.until(noSuchPassword);
});
