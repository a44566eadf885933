import { randomBytes, randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import type { Attempt } from '../../src/domain/audit.ts';
import type { DeviceIdentity } from '../../src/roles/device/ports.ts';
import { askAs, getStatus, plainCall, report, sayHello, secureCall } from './raw-device.ts';
import { onboardingSsid, Site } from './site.ts';

let site: Site;
afterEach(() => site.close());

async function attemptOf(outcome: Attempt['outcome'], uuid?: string): Promise<Attempt> {
  const event = await site.event((each) => each.kind === 'attempt' && each.attempt.outcome === outcome && (uuid === undefined || each.attempt.uuid === uuid));
  return (event as { attempt: Attempt }).attempt;
}

async function spent(): Promise<DeviceIdentity> {
  const identity = await site.device();
  const hello = await sayHello(site.agent, identity);
  const requestId = await askAs(hello);
  await site.agent.service.approve(requestId);
  await getStatus(hello, requestId, 20);
  await report(hello, requestId, 'joined');
  await expect.poll(async () => (await site.owner.request(requestId)).status).toBe('joined');
  return identity;
}

describe('devices that get no further', () => {
  const cases: [name: string, outcome: Attempt['outcome'], make: () => Promise<DeviceIdentity>][] = [
    ['unknown', 'unknown', async () => ({ uuid: '00000000-0000-4000-8000-000000000000', ssid: onboardingSsid, passTmp: 'x'.repeat(26) })],
    ['out of scope', 'unknown', () => site.device({ model: 'camera' })],
    ['not confirmed yet', 'unknown', async () => {
      const { device, passTmp } = await site.factory.reserve({ ssid: onboardingSsid, model: 'lamp' });
      return { uuid: device.uuid, ssid: device.ssid, passTmp };
    }],
    ['revoked', 'revoked', async () => {
      const identity = await site.device();
      await site.factory.revoke(identity.uuid);
      return identity;
    }],
    ['spent', 'spent', spent],
  ];

  test.each(cases)('%s: the hello’s answer looks like any other, and no key fits it', async (_name, outcome, make) => {
    site = await Site.open({ scope: { models: ['lamp'] } });
    const shape = (reply: Record<string, unknown>) => ({
      members: Object.keys(reply),
      lengths: Object.values(reply).map((value) => String(value).length),
    });
    const good = await sayHello(site.agent, await site.device());
    const identity = await make();
    const hello = await sayHello(site.agent, identity);
    expect(shape(hello.reply)).toEqual(shape(good.reply));
    await expect(askAs(hello)).rejects.toMatchObject({ code: 'EPROTO' });
    expect(await attemptOf(outcome, identity.uuid)).toMatchObject({ from: '127.0.0.1' });
  });

  test('a device that is revoked between hello and request is refused', async () => {
    site = await Site.open();
    const identity = await site.device();
    const hello = await sayHello(site.agent, identity);
    await site.factory.revoke(identity.uuid);
    await expect(askAs(hello)).rejects.toMatchObject({ status: 403, body: { code: 'device_revoked' } });
    await attemptOf('revoked', identity.uuid);
  });
});

test('another onboarding SSID is refused and recorded, whether or not the device exists', async () => {
  site = await Site.open();
  const { uuid } = await site.device();
  for (const each of [uuid, '00000000-0000-4000-8000-000000000000']) {
    const body = { uuid: each, onboarding_ssid: 'elsewhere', device_nonce: randomBytes(32).toString('base64url') };
    expect(await plainCall(site.agent.helloPort, { path: '/v1/hello', body })).toMatchObject({ status: 403, body: { code: 'wrong_ssid' } });
    expect(await attemptOf('wrong_ssid', each)).toMatchObject({ detail: 'it names "elsewhere"' });
  }
});

test('a device_nonce is good for one hello', async () => {
  site = await Site.open();
  const identity = await site.device();
  const deviceNonce = randomBytes(32);
  await sayHello(site.agent, identity, { deviceNonce });
  await expect(sayHello(site.agent, identity, { deviceNonce })).rejects.toMatchObject({
    status: 400,
    body: { code: 'invalid_input', errors: [{ pointer: '/device_nonce' }] },
  });
});

describe('bounds', () => {
  test('four open hellos per client address; others get on, and none that is open is lost', async () => {
    site = await Site.open({ limits: {} });
    const identity = await site.device();
    const open = [];
    for (let i = 0; i < 4; i++) {
      open.push(await sayHello(site.agent, identity));
    }
    const busy = await plainCall(site.agent.helloPort, {
      path: '/v1/hello',
      body: { uuid: identity.uuid, onboarding_ssid: onboardingSsid, device_nonce: randomBytes(32).toString('base64url') },
    });
    expect(busy).toMatchObject({ status: 503, body: { code: 'agent_busy' }, headers: { 'retry-after': expect.stringMatching(/^(?:60|59|58)$/) } });
    await attemptOf('too_many', identity.uuid);

    await sayHello(site.agent, await site.device(), { localAddress: '127.0.0.2' });
    // A request under one of them makes room for another.
    await askAs(open[3]!);
    await sayHello(site.agent, identity);
    await askAs(open[0]!);
  });

  test('their time over, there is room again', async () => {
    site = await Site.open({ limits: { openHellosPerAddress: 1 } });
    const identity = await site.device();
    await sayHello(site.agent, identity);
    await expect(sayHello(site.agent, identity)).rejects.toMatchObject({ body: { code: 'agent_busy' } });
    site.pass(60_000);
    await sayHello(site.agent, identity);
    await attemptOf('expired', identity.uuid);
  });

  test('a bound for all together', async () => {
    site = await Site.open({ limits: { openHellos: 2 } });
    const identity = await site.device();
    await sayHello(site.agent, identity, { localAddress: '127.0.0.1' });
    await sayHello(site.agent, identity, { localAddress: '127.0.0.2' });
    await expect(sayHello(site.agent, identity, { localAddress: '127.0.0.3' })).rejects.toMatchObject({ status: 503 });
    expect((await site.agent.service.status()).openHellos).toBe(2);
  });

  test('failed handshakes make the address wait, and not the device', async () => {
    site = await Site.open({ limits: { freeFailures: 3, firstWaitMs: 30_000 } });
    const identity = await site.device();
    const hello = await sayHello(site.agent, identity, { localAddress: '127.0.0.9' });
    const guess = () =>
      secureCall(hello.securePort, { helloId: hello.helloId, psk: randomBytes(32) }, { method: 'GET', path: '/', localAddress: '127.0.0.9' });
    for (let i = 0; i < 3; i++) {
      await expect(guess()).rejects.toMatchObject({ code: 'EPROTO' });
    }
    await expect(guess()).rejects.toMatchObject({ code: expect.stringMatching(/ECONNRESET|EPIPE/) });
    await expect(sayHello(site.agent, identity, { localAddress: '127.0.0.9' })).rejects.toMatchObject({
      status: 429,
      body: { code: 'rate_limited' },
    });
    expect(await askAs(await sayHello(site.agent, identity))).toMatch(/^req_/);
    expect(site.events.filter((event) => event.kind === 'attempt' && event.attempt.outcome === 'bad_proof')).toHaveLength(1);
    site.pass(30_000);
    await sayHello(site.agent, identity, { localAddress: '127.0.0.9' });
  });
});

test('a device that asks again and again waits between its requests, and no other does', async () => {
  site = await Site.open({ limits: { openHellosPerAddress: 1000, freeFailures: 1000, freeRequests: 3, firstWaitMs: 10_000 } });
  const identity = await site.device();
  // Whoever only knows the uuid does not count.
  for (let i = 0; i < 5; i++) {
    const hello = await sayHello(site.agent, identity);
    await expect(askAs({ ...hello, proof: randomBytes(32).toString('base64url') })).rejects.toMatchObject({ body: { code: 'proof_rejected' } });
  }
  for (let i = 0; i < 3; i++) {
    await askAs(await sayHello(site.agent, identity));
  }
  const hello = await sayHello(site.agent, identity);
  const ask = () => secureCall(hello.securePort, hello, { path: '/v1/access-requests', body: { uuid: hello.uuid, device_proof: hello.proof, shows_code: true } });
  expect(await ask()).toMatchObject({ status: 429, headers: { 'retry-after': '10' }, body: { code: 'rate_limited' } });
  await attemptOf('too_many', identity.uuid);
  expect(await site.agent.service.requests({ all: true })).toHaveLength(3);
  await askAs(await sayHello(site.agent, await site.device()));

  site.pass(10_000);
  expect(await ask()).toMatchObject({ status: 201 });
  await expect(askAs(await sayHello(site.agent, identity))).rejects.toMatchObject({ status: 429 });
});

test('a device whose label is none has not failed to prove itself', async () => {
  site = await Site.open();
  const identity = await site.device();
  const hello = await sayHello(site.agent, identity);
  const body = { uuid: hello.uuid, device_proof: hello.proof, shows_code: false, label: 'half a \ud83d' };
  expect(await secureCall(hello.securePort, hello, { path: '/v1/access-requests', body })).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
  expect(await attemptOf('bad_request', identity.uuid)).toMatchObject({ detail: 'after the handshake' });
  expect(site.events.filter((event) => event.kind === 'attempt' && event.attempt.outcome === 'bad_proof')).toEqual([]);
});

test('every try reaches the server’s record, the failed ones too', async () => {
  site = await Site.open();
  const identity = await site.device();
  const hello = await sayHello(site.agent, identity);
  await expect(secureCall(hello.securePort, { helloId: hello.helloId, psk: randomBytes(32) }, { method: 'GET', path: '/' })).rejects.toThrow();
  await askAs(hello);
  await expect
    .poll(async () => (await site.owner.attempts({ uuid: identity.uuid }, { limit: 10 })).items.map(({ outcome }) => outcome).sort())
    .toEqual(['asked', 'bad_proof']);
  expect((await site.agent.service.attempts(10)).map(({ outcome }) => outcome).sort()).toEqual(['asked', 'bad_proof']);
  expect((await site.trail(identity.uuid)).map(({ action }) => action)).toContain('device.refused');
});

test('who makes up uuids does not fill the record, and nobody else is missing from it', async () => {
  site = await Site.open();
  const lost = (uuid: string, localAddress: string) =>
    plainCall(site.agent.helloPort, {
      path: '/v1/hello',
      body: { uuid, onboarding_ssid: 'elsewhere', device_nonce: randomBytes(32).toString('base64url') },
      localAddress,
    });
  const recorded = () => site.events.filter((event) => event.kind === 'attempt').length;
  for (let i = 0; i < 40; i++) {
    expect(await lost(randomUUID(), '127.0.0.2')).toMatchObject({ status: 403 });
  }
  expect(recorded()).toBe(10);
  const other = randomUUID();
  await lost(other, '127.0.0.3');
  await attemptOf('wrong_ssid', other);

  // However many addresses it takes, there is an end.
  for (let address = 4; address < 30; address++) {
    await Promise.all(Array.from({ length: 10 }, () => lost(randomUUID(), `127.0.0.${address}`)));
  }
  expect(recorded()).toBe(200);
  site.pass(10_000);
  const later = randomUUID();
  await lost(later, '127.0.0.2');
  await attemptOf('wrong_ssid', later);
  await expect.poll(() => site.log.filter(({ message }) => message.includes('not in the record')).length).toBeGreaterThan(0);
});

test('whether a uuid exists cannot be told from the time that a hello takes', async () => {
  site = await Site.open({ scope: { models: ['lamp'] } });
  const revoked = await site.device();
  await site.factory.revoke(revoked.uuid);
  const uuids = [
    (await site.device()).uuid,
    '00000000-0000-4000-8000-000000000000',
    (await site.device({ model: 'camera' })).uuid,
    revoked.uuid,
  ];
  const quickest: number[] = [];
  for (const uuid of uuids) {
    const times: number[] = [];
    for (let i = 0; i < 20; i++) {
      const body = { uuid, onboarding_ssid: onboardingSsid, device_nonce: randomBytes(32).toString('base64url') };
      const start = performance.now();
      await plainCall(site.agent.helloPort, { path: '/v1/hello', body });
      times.push(performance.now() - start);
    }
    quickest.push(Math.min(...times));
  }
  // The answer waits for a timer that began before anybody was asked, and that takes longer than asking.
  expect(Math.min(...quickest)).toBeGreaterThan(24);
});
