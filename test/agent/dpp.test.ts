import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { chirpHash } from '../../src/protocol/bootstrap-key.ts';
import { noRadio } from '../../src/radio/none.ts';
import type { DppAnnouncement, DppConfigurator } from '../../src/roles/agent/radio.ts';
import type { Credential } from '../../src/roles/device/ports.ts';
import { password, Site } from './site.ts';

/** Devices on the air, which take what they are given unless told otherwise. */
class Air implements DppConfigurator {
  readonly given: { mac: string; publicKey: Uint8Array; credential: Credential }[] = [];
  takes = true;
  #listener: (announcement: DppAnnouncement) => void = () => {};
  #watchers: (() => void)[] = [];

  onAnnouncement(listener: (announcement: DppAnnouncement) => void): void {
    this.#listener = listener;
  }

  announce(hash: Uint8Array, mac = '02:00:00:00:01:00'): void {
    this.#listener({ hash, bss: 'wlan0', mac, frequencyMhz: 2412 });
  }

  async configure({ mac }: DppAnnouncement, publicKey: Uint8Array, credential: Credential): Promise<boolean> {
    this.given.push({ mac, publicKey, credential });
    this.#watchers.forEach((look) => look());
    return this.takes;
  }

  async until(count: number): Promise<void> {
    while (this.given.length < count) {
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }
}

let site: Site;
let air: Air;
afterEach(() => site.close());

async function open(options: Parameters<typeof Site.open>[0] = {}): Promise<void> {
  air = new Air();
  site = await Site.open({ openRadio: () => ({ ...noRadio({ ssid: 'Home', password, security: 'wpa2-psk' }), dpp: air }), ...options });
}

async function labelled(registration: { model?: string } = {}) {
  const { uuid } = await site.device(registration);
  const [key] = await site.factory.bootstrapKeys([uuid]);
  return { uuid, hash: chirpHash(key!.publicKey), publicKey: key!.publicKey };
}

/** As a device does that nobody has answered yet. */
async function announcing<T>(hash: Uint8Array, until: Promise<T>): Promise<T> {
  const again = setInterval(() => air.announce(hash), 20);
  try {
    return await until;
  } finally {
    clearInterval(again);
  }
}

const questions = () => site.line.calls.filter((call) => call === 'requestByDpp').length;
const attempt = (outcome: string) => site.event((event) => event.kind === 'attempt' && event.attempt.outcome === outcome);

test('a device that announces itself is asked about once, and configured as soon as it is approved', async () => {
  await open();
  const device = await labelled();
  air.announce(device.hash);
  const pending = await site.request('pending', device.uuid);
  expect(pending).toMatchObject({ dpp: true, plain: false });
  air.announce(device.hash, '02:00:00:00:01:99');
  air.announce(device.hash, '02:00:00:00:01:02');
  await site.agent.service.approve(pending.id);
  await site.request('delivered', device.uuid);
  expect(questions()).toBe(1);
  // To where it was heard last.
  expect(air.given).toEqual([{ mac: '02:00:00:00:01:02', publicKey: device.publicKey, credential: { ssid: 'Home', password, security: 'wpa2-psk' } }]);
  await expect.poll(async () => (await site.owner.request(pending.id)).status).toBe('delivered');
});

test('the status says whether devices are heard that announce themselves', async () => {
  await open();
  expect((await site.agent.service.status()).dpp).toBe(true);
  await site.close();
  await open({ openRadio: () => noRadio({ ssid: 'Home', password, security: 'wpa2-psk' }) });
  expect((await site.agent.service.status()).dpp).toBe(false);
});

test('one that does not prove itself, or takes nothing, is on record, is not delivered to, and may come again', async () => {
  await open({ autoApprove: { models: ['lamp'] } });
  const device = await labelled();
  air.takes = false;
  air.announce(device.hash);
  expect(await attempt('expired')).toMatchObject({ attempt: { uuid: device.uuid, from: '02:00:00:00:01:00', detail: expect.stringContaining('did not prove itself') } });
  expect(site.events.some((event) => event.kind === 'request' && event.request.status === 'delivered')).toBe(false);
  expect(air.given).toHaveLength(3);
  air.announce(device.hash);
  expect(air.given).toHaveLength(3);
  air.takes = true;
  site.pass(5000);
  await announcing(device.hash, site.request('delivered', device.uuid));
  expect(questions()).toBe(1);
});

test('a key that the registry does not know is asked about once a minute', async () => {
  await open();
  const hash = randomBytes(32);
  air.announce(hash);
  await attempt('unknown');
  await setImmediate();
  air.announce(hash);
  site.pass(59_000);
  air.announce(hash);
  expect(questions()).toBe(1);
  site.pass(2000);
  air.announce(hash);
  await expect.poll(questions, { timeout: 3000 }).toBe(2);
  expect(air.given).toEqual([]);
});

test('however many keys are announced, the registry is asked about one after the other', async () => {
  await open();
  for (let index = 0; index < 2000; index += 1) {
    air.announce(randomBytes(32));
  }
  await attempt('unknown');
  expect(questions()).toBe(1);
  const device = await labelled();
  await announcing(device.hash, site.request('pending', device.uuid));
});

test('a device that was denied asks again only after ten minutes', async () => {
  await open();
  const device = await labelled();
  air.announce(device.hash);
  const { id } = await site.request('pending', device.uuid);
  await site.agent.service.deny(id);
  site.pass(599_000);
  air.announce(device.hash);
  await setImmediate();
  expect(questions()).toBe(1);
  site.pass(2000);
  await announcing(device.hash, site.event((event) => event.kind === 'request' && event.request.status === 'pending' && event.request.id !== id));
  expect(air.given).toEqual([]);
});

test('a restart of the agent, and a registry that is away, lose nothing', async () => {
  await open();
  const device = await labelled();
  air.announce(device.hash);
  const { id } = await site.request('pending', device.uuid);
  await site.stop();
  await site.start();
  site.line.cut();
  await announcing(device.hash, attempt('server_away'));
  site.line.mend();
  await site.owner.approve(id);
  await announcing(device.hash, air.until(1));
  expect((await site.owner.requests({ uuid: device.uuid }, { limit: 10 })).items).toHaveLength(1);
});

test('whose grant was revoked before it took the password gets none, and asks anew', async () => {
  await open({ autoApprove: { models: ['lamp'] } });
  const device = await labelled();
  air.takes = false;
  air.announce(device.hash);
  await attempt('expired');
  const { grantId, id } = await site.request('approved', device.uuid);
  await site.owner.revokeGrant(grantId!);
  await expect.poll(async () => (await site.agent.service.status()).activeGrants).toBe(0);
  air.takes = true;
  site.pass(5000);
  const again = site.event((event) => event.kind === 'request' && event.request.status === 'delivered' && event.request.id !== id);
  await announcing(device.hash, again);
});
