import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { requestLifetimeMs } from '../../src/domain/access-request.ts';
import { noRadio } from '../../src/radio/none.ts';
import type { PushedRadio } from '../../src/roles/agent/radio.ts';
import { joinNetwork, type JoinOptions } from '../../src/roles/device/service.ts';
import { askAs, getStatus, keptConnection, report, sayHello, secureCall } from './raw-device.ts';
import { onboardingSsid, password, Site } from './site.ts';

let site: Site;
afterEach(() => site.close());

function join(options: Partial<JoinOptions> & Pick<JoinOptions, 'identity'>) {
  return joinNetwork({
    link: site.link(),
    showsCode: true,
    timeoutMs: 10_000,
    confirm: async () => true,
    use: async () => {},
    ...options,
  });
}

const second = 1000;
const minute = 60 * second;

describe.each([['another name', 'Home'], ['the same name', onboardingSsid]])('the SSID handed out has %s', (_name, ssid) => {
  test('a device asks, its owner approves, it gets the password and says that it joined', async () => {
    site = await Site.open({ ssid });
    const identity = await site.device({ label: 'Lamp 7' });
    const joining = join({ identity, label: 'I am a lamp' });
    const pending = await site.request('pending');
    expect(pending).toMatchObject({ uuid: identity.uuid, model: 'lamp', label: 'Lamp 7', deviceLabel: 'I am a lamp' });
    await site.agent.service.approve(pending.id);

    const { asked, granted } = await joining;
    expect(granted).toMatchObject({ ssid, password, security: 'wpa2-psk', expiresAt: undefined });
    expect(asked).toMatchObject({ requestId: pending.id, apId: site.apId, apName: 'Living room', matchCode: pending.matchCode });
    expect(asked.matchCode).toMatch(/^\d{4}$/);
    expect(await site.request('joined')).toMatchObject({ id: pending.id, grantId: granted.grantId });
  });
});

test('the owner’s no reaches the device with its reason', async () => {
  site = await Site.open();
  const joining = join({ identity: await site.device() });
  const pending = await site.request('pending');
  const refused = expect(joining).rejects.toMatchObject({ code: 'request_denied', message: expect.stringContaining('not mine') });
  await site.agent.service.deny(pending.id, 'not mine');
  await refused;
});

test('the device’s user says no: the grant ends and the device can ask again', async () => {
  site = await Site.open();
  const identity = await site.device();
  const joining = join({ identity, confirm: async () => false });
  const refused = expect(joining).rejects.toMatchObject({ code: 'join_declined' });
  await site.agent.service.approve((await site.request('pending')).id);
  await refused;
  const declined = await site.request('declined');
  await expect(site.agent.service.reveal(declined.grantId!)).rejects.toMatchObject({ code: 'grant_not_found' });
  await expect.poll(async () => (await site.owner.grant(declined.grantId!)).state).toBe('revoked');

  const again = join({ identity });
  const pending = await site.event((event) => event.kind === 'request' && event.request.status === 'pending' && event.request.id !== declined.id);
  await site.agent.service.approve((pending as { request: { id: string } }).request.id);
  expect((await again).granted.password).toBe(password);
});

test('a decision made elsewhere is heard at once', async () => {
  site = await Site.open();
  const joining = join({ identity: await site.device() });
  const pending = await site.request('pending');
  await site.owner.approve(pending.id);
  expect((await joining).granted.password).toBe(password);
});

test('who decides second is told who decided', async () => {
  site = await Site.open();
  const hello = await sayHello(site.agent, await site.device());
  const requestId = await askAs(hello);
  await site.owner.deny(requestId, 'no');
  await expect(site.agent.service.approve(requestId)).rejects.toMatchObject({ code: 'already_decided', message: expect.stringContaining('local') });
});

test('the answer is withheld until the radio says OK', async () => {
  let ready = () => {};
  const onAir = new Promise<void>((resolve) => (ready = resolve));
  const radio: PushedRadio = {
    ...noRadio({ ssid: 'Home', password, security: 'wpa2-psk' }),
    kind: 'slow',
    converge: async (grants) => {
      await (grants.length > 0 ? onAir : undefined);
      return undefined;
    },
  };
  site = await Site.open({ radio });
  const hello = await sayHello(site.agent, await site.device());
  const requestId = await askAs(hello);
  await site.agent.service.approve(requestId);
  const approved = await site.request('approved');
  await expect.poll(async () => (await site.owner.grant(approved.grantId!)).state).toBe('active');
  expect((await getStatus(hello, requestId)).body).toEqual({ request_id: requestId, status: 'pending' });
  const waiting = getStatus(hello, requestId, 20);
  ready();
  expect((await waiting).body).toMatchObject({ status: 'approved', password });
});

test('the answer has what protocol.md says, and no Date by a clock that the agent may not have', async () => {
  site = await Site.open({ mainAddress: '192.0.2.1' });
  const identity = await site.device();
  const hello = await sayHello(site.agent, identity);
  expect(hello.reply).toEqual({
    hello_id: expect.stringMatching(/^hel_[A-Za-z0-9_-]{22}$/),
    ap_id: site.apId,
    ap_name: 'Living room',
    ap_nonce: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
    secure_port: site.agent.securePort,
    expires_in: 60,
  });
  const requestId = await askAs(hello);
  const approved = await site.agent.service.approve(requestId);
  const { status, headers, body } = await getStatus(hello, requestId, 20);
  expect(status).toBe(200);
  expect(headers).not.toHaveProperty('date');
  expect(body).toEqual({
    request_id: requestId,
    status: 'approved',
    uuid: identity.uuid,
    ssid: 'Home',
    password,
    security: 'wpa2-psk',
    grant_id: approved.grantId,
    joined_url: `https://192.0.2.1:${site.agent.securePort}/v1/access-requests/${requestId}/joined`,
  });
});

test('one request per hello: a repeated POST returns it', async () => {
  site = await Site.open();
  const hello = await sayHello(site.agent, await site.device());
  const [first, atOnce] = await Promise.all([askAs(hello), askAs(hello)]);
  expect(atOnce).toBe(first);
  expect(await askAs(hello)).toBe(first);
  expect(await site.agent.service.requests({ all: true })).toHaveLength(1);
});

test('the request’s uuid must be the hello’s', async () => {
  site = await Site.open();
  const [one, other] = [await site.device(), await site.device()];
  const hello = await sayHello(site.agent, one);
  const { status, body } = await secureCall(hello.securePort, hello, {
    path: '/v1/access-requests',
    body: { uuid: other.uuid, device_proof: hello.proof, shows_code: false },
  });
  expect({ status, body }).toMatchObject({ status: 400, body: { code: 'invalid_input', errors: [{ pointer: '/uuid' }] } });
  expect(await site.agent.service.requests({ all: true })).toEqual([]);
});

test('a wrong device proof makes no request, although the handshake was good', async () => {
  site = await Site.open();
  const hello = await sayHello(site.agent, await site.device());
  const { status, body } = await secureCall(hello.securePort, hello, {
    path: '/v1/access-requests',
    body: { uuid: hello.uuid, device_proof: randomBytes(32).toString('base64url'), shows_code: false },
  });
  expect({ status, code: body.code }).toEqual({ status: 403, code: 'proof_rejected' });
  expect(await site.agent.service.requests({ all: true })).toEqual([]);
});

test('a device sees its own request and no other', async () => {
  site = await Site.open();
  const [mine, theirs] = await Promise.all([sayHello(site.agent, await site.device()), sayHello(site.agent, await site.device())]);
  await askAs(mine);
  const other = await askAs(theirs);
  for (const attempt of [getStatus(mine, other), report(mine, other, 'joined'), report(mine, other, 'declined')]) {
    expect(await attempt).toMatchObject({ status: 404, body: { code: 'request_not_found' } });
  }
});

test('the password can be read again until the device joined, and then no more; its POSTs may repeat', async () => {
  site = await Site.open();
  const hello = await sayHello(site.agent, await site.device());
  const requestId = await askAs(hello);
  await site.agent.service.approve(requestId);
  expect((await getStatus(hello, requestId, 20)).body).toMatchObject({ status: 'approved', password });
  await site.request('delivered');
  expect((await getStatus(hello, requestId)).body).toMatchObject({ status: 'approved', password });
  expect((await report(hello, requestId, 'joined')).status).toBe(204);
  expect((await report(hello, requestId, 'joined')).status).toBe(204);
  expect((await getStatus(hello, requestId)).body).toEqual({ request_id: requestId, status: 'joined' });
  expect(await report(hello, requestId, 'declined')).toMatchObject({ status: 409, body: { code: 'already_decided' } });
});

test('joined is not for requests that nobody approved', async () => {
  site = await Site.open();
  const hello = await sayHello(site.agent, await site.device());
  expect(await report(hello, await askAs(hello), 'joined')).toMatchObject({ status: 409, body: { code: 'already_decided' } });
});

test('the registry hears that the password was read before it hears that the device joined, also where word of the first comes late', async () => {
  site = await Site.open();
  const hello = await sayHello(site.agent, await site.device());
  const requestId = await askAs(hello);
  await site.agent.service.approve(requestId);
  expect((await report(hello, requestId, 'joined')).status).toBe(204);
  await expect.poll(async () => (await site.owner.request(requestId)).status).toBe('joined');
  const trail = await site.trail(hello.uuid);
  expect(trail.map(({ action }) => action).slice(-2)).toEqual(['request.delivered', 'request.joined']);
});

describe('time', () => {
  test('a hello lives 60 seconds', async () => {
    site = await Site.open();
    const identity = await site.device();
    const [used, early] = [await sayHello(site.agent, identity), await sayHello(site.agent, identity)];
    site.pass(59 * second);
    const requestId = await askAs(early);
    site.pass(2 * second);
    await expect(askAs(used)).rejects.toMatchObject({ code: 'EPROTO' });
    expect((await getStatus(early, requestId)).status).toBe(200);
  });

  test('whether it is alive is checked at every request of a connection', async () => {
    site = await Site.open();
    const hello = await sayHello(site.agent, await site.device());
    const connection = keptConnection(hello);
    const call = () => secureCall(hello.securePort, hello, { method: 'GET', path: '/v1/access-requests/req_none' }, { agent: connection });
    expect((await call()).body).toMatchObject({ code: 'request_not_found' });
    site.pass(61 * second);
    expect(await call()).toMatchObject({ status: 410, body: { code: 'hello_expired' }, headers: { connection: 'close' } });
    connection.destroy();
  });

  test('a pending request keeps its hello for an hour and then expires', async () => {
    site = await Site.open();
    const hello = await sayHello(site.agent, await site.device());
    const requestId = await askAs(hello);
    site.pass(requestLifetimeMs - minute);
    expect((await getStatus(hello, requestId)).body).toMatchObject({ status: 'pending' });
    site.pass(minute);
    expect((await getStatus(hello, requestId)).body).toEqual({ request_id: requestId, status: 'expired' });
    site.pass(61 * second);
    await expect(getStatus(hello, requestId)).rejects.toThrow();
  });

  test('an approved one is kept for an hour after its approval', async () => {
    site = await Site.open();
    const hello = await sayHello(site.agent, await site.device());
    const requestId = await askAs(hello);
    site.pass(30 * minute);
    await site.agent.service.approve(requestId);
    await getStatus(hello, requestId, 20);
    site.pass(59 * minute);
    expect((await getStatus(hello, requestId)).body).toMatchObject({ status: 'approved', password });
    site.pass(minute);
    await expect(getStatus(hello, requestId)).rejects.toThrow();
  });

  test('a device that keeps no connection hears of the owner’s no for another minute', async () => {
    site = await Site.open();
    const hello = await sayHello(site.agent, await site.device());
    const requestId = await askAs(hello);
    site.pass(10 * minute);
    await site.agent.service.deny(requestId);
    site.pass(50 * second);
    expect((await getStatus(hello, requestId)).body).toMatchObject({ status: 'denied' });
    site.pass(11 * second);
    await expect(getStatus(hello, requestId)).rejects.toThrow();
  });

  test('a request that a newer one took the place of is to be had while its hello would live', async () => {
    site = await Site.open();
    const device = await site.device();
    const hello = await sayHello(site.agent, device);
    const requestId = await askAs(hello);
    await askAs(await sayHello(site.agent, device));
    expect((await getStatus(hello, requestId, 20)).body).toMatchObject({ status: 'expired' });
    site.pass(61 * second);
    await expect(getStatus(hello, requestId)).rejects.toThrow();
  });

  test('a revoked grant ends its hello: no handshake, no answer on an open connection', async () => {
    site = await Site.open();
    const hello = await sayHello(site.agent, await site.device());
    const requestId = await askAs(hello);
    const { grantId } = await site.agent.service.approve(requestId);
    await getStatus(hello, requestId, 20);
    const connection = keptConnection(hello);
    const call = () => secureCall(hello.securePort, hello, { method: 'GET', path: `/v1/access-requests/${requestId}` }, { agent: connection });
    expect((await call()).body).toMatchObject({ password });
    await site.owner.revokeGrant(grantId!);
    await expect.poll(async () => (await site.agent.service.status()).activeGrants).toBe(0);
    expect(await call()).toMatchObject({ status: 410, body: { code: 'hello_expired' } });
    await expect(getStatus(hello, requestId)).rejects.toThrow();
    connection.destroy();
  });
});

test('a new hello within the hour is a retry, and its approval ends the earlier grant', async () => {
  site = await Site.open();
  const identity = await site.device();
  const first = await sayHello(site.agent, identity);
  const firstRequest = await askAs(first);
  const { grantId } = await site.agent.service.approve(firstRequest);
  await getStatus(first, firstRequest, 20);

  const retry = await sayHello(site.agent, identity);
  const requestId = await askAs(retry);
  await site.agent.service.approve(requestId);
  expect((await getStatus(retry, requestId, 20)).body).toMatchObject({ password });
  expect((await site.owner.grant(grantId!)).state).toBe('revoked');
});
