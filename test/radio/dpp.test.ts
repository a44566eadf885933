import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newBootstrapKey } from '../../src/protocol/bootstrap-key.ts';
import { ecPrivateKey } from './ec-private-key.ts';
import type { LabProcess } from './lab/lab-process.ts';
import { latchkey } from './lab/lab.ts';
import { Station } from './lab/station.ts';
import { suiteLab } from './lab/suite-lab.ts';
import { mainAddress, RadioSite, type Identity } from './site.ts';

const lab = suiteLab({ radios: 4 });
let site: RadioSite;
let first: Station;
let second: Station;

beforeAll(async () => {
  site = await RadioSite.open(lab(), { config: ['--dpp'], serve: ['--dpp'] });
  first = await Station.make(lab(), { name: 'first', radio: 1 });
  second = await Station.make(lab(), { name: 'second', radio: 2 });
  await site.agent.until(/The registry answers/, { timeoutMs: 60_000 });
});
afterAll(() => site?.close());

let grantId: string;
let firstKey: Uint8Array;

test('a device with the key of its label announces itself, is approved, and is given a password of its own', async () => {
  const { identity, key, uri } = await labelled();
  firstKey = key;
  const process = await announce(first, key);
  expect(publicKeyIn(await first.command('DPP_BOOTSTRAP_GET_URI 1'))).toBe(publicKeyIn(uri));
  const { request_id: requestId } = await site.pending(identity);
  ({ grant_id: grantId } = await site.approve(requestId));
  await process.until(/DPP-CONF-RECEIVED/, { timeoutMs: 60_000 });
  expect(await site.hostapd.joined(first)).toBe(grantId);
  await first.address('10.1.0.11/24');
  expect(await first.reaches(mainAddress)).toBe(true);
  await site.owner.until<Record<string, any>>(['grant', 'show', grantId], ({ usage }) => BigInt(usage.bytes_in) > 0n);
  expect(await site.trail({ grant_id: grantId })).toEqual([
    'device.reserved', 'device.registered', 'device.key_made', 'device.revealed', 'device.asked', 'request.created', 'request.approved', 'grant.created', 'request.delivered', 'request.joined',
  ]);
});

test('the access point says that devices may announce themselves', async () => {
  expect(await lab().do(`${latchkey} ap status`, { env: site.agentEnvironment })).toContain('devices announce themselves with the key of their label');
});

test('one of a model that is let in by itself joins without anybody being asked, by another password', async () => {
  const { key } = await labelled('--model', 'lamp');
  await announce(second, key);
  const other = await site.hostapd.joined(second, { timeoutMs: 60_000 });
  await second.address('10.1.0.12/24');
  expect(await second.reaches(mainAddress)).toBe(true);
  expect(other).toMatch(/^grt_/);
  expect(other).not.toBe(grantId);
});

test('a device whose grant is revoked is off the air, and has to ask again', async () => {
  const since = first.process.mark();
  await site.json('grant', 'revoke', grantId);
  await first.process.until(/CTRL-EVENT-DISCONNECTED/, { since });
  expect(await second.reaches(mainAddress)).toBe(true);
  const asked = site.agent.mark();
  await announce(first, firstKey);
  await site.agent.until(/"outcome":"spent"/, { since: asked });
});

test('a key that the registry does not know gets nothing', async () => {
  const since = site.agent.mark();
  const process = await announce(first, newBootstrapKey());
  await site.agent.until(/"outcome":"unknown"/, { since });
  expect(process.output()).not.toContain('DPP-AUTH');
});

/** A device as the factory makes it: with a label, and in its flash the key that belongs to it. */
async function labelled(...flags: string[]): Promise<{ identity: Identity; key: Uint8Array; uri: string }> {
  const identity = await site.device(...flags);
  const picture = join(site.owner.folder, `${identity.uuid}.png`);
  await site.json('device', 'label', '--uuid', identity.uuid, '--dpp', '--format', 'png', '--out', picture);
  const images = join(site.owner.folder, 'images');
  await site.json('device', 'image', '--uuid', identity.uuid, '--format', 'json', '--out-dir', images);
  const { dpp_key: key } = JSON.parse(readFileSync(join(images, `${identity.uuid}.json`), 'utf8')) as { dpp_key: string };
  return { identity, key: Buffer.from(key, 'hex'), uri: execFileSync('zbarimg', ['--nodbus', '-q', '--raw', picture], { encoding: 'utf8' }).trim() };
}

/** wpa_supplicant as the device's own software has it: with its key, and joining whatever it is given. */
async function announce(station: Station, key: Uint8Array): Promise<LabProcess> {
  const process = await station.start(undefined, ['dpp_config_processing=2']);
  const own = await station.command(`DPP_BOOTSTRAP_GEN type=qrcode chan=81/1 key=${ecPrivateKey(key).toString('hex')}`);
  expect(await station.command(`DPP_CHIRP own=${own} iter=5 listen=2412`)).toBe('OK');
  return process;
}

function publicKeyIn(uri: string): string | undefined {
  return /K:([^;]+);/.exec(uri)?.[1];
}
