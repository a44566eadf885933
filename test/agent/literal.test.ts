import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { PlainAccessPointLink } from '../../src/client/access-point/plain-link.ts';
import { joinNetwork } from '../../src/roles/device/service.ts';
import type { DeviceIdentity } from '../../src/roles/device/ports.ts';
import { askAs, plainCall, sayHello } from './raw-device.ts';
import { onboardingSsid, password, Site } from './site.ts';

let site: Site;
afterEach(() => site.close());

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly text: string;
  readonly ms: number;
}

/** The exchange as first described, by a client that knows nothing of the project. */
async function curl({ uuid, passTmp }: Pick<DeviceIdentity, 'uuid' | 'passTmp'>, query = '', onboarding = onboardingSsid): Promise<Answer> {
  const start = performance.now();
  const { stdout } = await promisify(execFile)('curl', [
    '--silent', '--write-out', '\n%{http_code}', '--json', JSON.stringify({ uuid, onboarding_ssid: onboarding, pass_tmp: passTmp }),
    `http://127.0.0.1:${site.agent.helloPort}/v1/access-requests${query}`,
  ]);
  const at = stdout.lastIndexOf('\n');
  const text = stdout.slice(0, at);
  return { status: Number(stdout.slice(at + 1)), body: JSON.parse(text) as Record<string, unknown>, text, ms: performance.now() - start };
}

test('equal pass_tmp is granted after the owner’s approval; the same POST is the same request', async () => {
  site = await Site.open({ allowPlain: true, mainAddress: '192.0.2.1' });
  const identity = await site.device();
  const first = await curl(identity);
  expect(first).toMatchObject({ status: 201, body: { request_id: expect.stringMatching(/^req_/), status: 'pending' } });
  const again = await curl(identity);
  expect(again.body).toEqual(first.body);
  const requestId = String(first.body.request_id);
  expect(await site.agent.service.requests({ all: false })).toMatchObject([{ id: requestId, plain: true }]);

  const waiting = curl(identity, '?wait=20');
  const { grantId } = await site.agent.service.approve(requestId);
  const answer = {
    request_id: requestId,
    status: 'approved',
    uuid: identity.uuid,
    ssid: 'Home',
    password,
    security: 'wpa2-psk',
    grant_id: grantId,
    joined_url: `http://192.0.2.1:${site.agent.helloPort}/v1/access-requests/${requestId}/joined`,
  };
  expect((await waiting).body).toEqual(answer);
  expect((await curl(identity)).body).toEqual(answer);
  await site.request('delivered');
});

test('the same POST twice at once makes one request', async () => {
  site = await Site.open({ allowPlain: true });
  const identity = await site.device();
  const answers = await Promise.all([curl(identity), curl(identity), curl(identity)]);
  expect(new Set(answers.map(({ body }) => body.request_id)).size).toBe(1);
});

test('it survives a restart of the agent', async () => {
  site = await Site.open({ allowPlain: true });
  const identity = await site.device();
  const { body } = await curl(identity);
  await site.stop();
  await site.start();
  expect((await curl(identity)).body).toEqual(body);
});

test('unequal, unknown, out of scope, revoked and mode off are refused alike, after the same time', async () => {
  site = await Site.open({ allowPlain: true, scope: { models: ['lamp'] } });
  const identity = await site.device();
  const revoked = await site.device();
  await site.factory.revoke(revoked.uuid);
  const refusals = [
    await curl({ ...identity, passTmp: 'not what it is, at all' }),
    await curl({ uuid: '00000000-0000-4000-8000-000000000000', passTmp: identity.passTmp }),
    await curl(await site.device({ model: 'camera' })),
    await curl(revoked),
  ];
  await site.stop();
  await site.start({ allowPlain: false });
  refusals.push(await curl(identity));

  expect(new Set(refusals.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(refusals[0]).toMatchObject({ status: 403, body: { code: 'plain_disabled' } });
  for (const { ms } of refusals) {
    expect(ms).toBeGreaterThan(290);
  }
  expect(await site.agent.service.requests({ all: true })).toEqual([]);
  const outcomes = (await site.agent.service.attempts(10)).map(({ outcome }) => outcome);
  expect(outcomes.toSorted()).toEqual(['bad_proof', 'plain_off', 'revoked', 'unknown', 'unknown']);
});

test.each([true, false])('guessing makes the address wait, and another onboarding SSID is refused: allowed %s', async (allowPlain) => {
  site = await Site.open({ allowPlain, limits: { freeFailures: 2, firstWaitMs: 60_000 } });
  const identity = await site.device();
  await curl({ ...identity, passTmp: 'guess one, quite long' });
  await curl({ ...identity, passTmp: 'guess two, quite long' });
  expect(await curl(identity)).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
  site.pass(60_000);
  expect(await curl(identity, '', 'elsewhere')).toMatchObject({ status: 403, body: { code: 'wrong_ssid' } });
});

test('it is warned about at the start and at every request', async () => {
  site = await Site.open({ allowPlain: true });
  const warnings = () => site.log.filter(({ level, message }) => level === 'warn' && message.includes('--allow-plain')).length;
  expect(warnings()).toBe(1);
  const identity = await site.device();
  await curl(identity);
  await curl(identity);
  expect(warnings()).toBe(3);
});

test('pass_tmp is in no log and in no record', async () => {
  site = await Site.open({ allowPlain: true });
  const identity = await site.device();
  await curl({ ...identity, passTmp: 'a wrong one, nevertheless secret' });
  await curl(identity);
  const written = JSON.stringify([site.log, site.events, await site.agent.service.attempts(10)], (_key, value: unknown) => (value instanceof Error ? String(value.stack) : value));
  expect(written).not.toContain(identity.passTmp);
  expect(written).not.toContain('nevertheless');
});

describe('as a device of ours', () => {
  test('joins and says so', async () => {
    site = await Site.open({ allowPlain: true, autoApprove: { models: ['lamp'] } });
    const identity = await site.device();
    const link = new PlainAccessPointLink({ host: '127.0.0.1', port: site.agent.helloPort });
    const { granted } = await joinNetwork({ link, identity, showsCode: false, timeoutMs: 10_000, confirm: async () => true, use: async () => {} });
    expect(granted.password).toBe(password);
    await site.request('joined', identity.uuid);
  });

  test('declines, and may ask again', async () => {
    site = await Site.open({ allowPlain: true, autoApprove: { models: ['lamp'] } });
    const identity = await site.device();
    const join = (yes: boolean) =>
      joinNetwork({
        link: new PlainAccessPointLink({ host: '127.0.0.1', port: site.agent.helloPort }),
        identity, showsCode: false, timeoutMs: 10_000, confirm: async () => yes, use: async () => {},
      });
    await expect(join(false)).rejects.toMatchObject({ code: 'join_declined' });
    const { id } = await site.request('declined', identity.uuid);
    await expect.poll(async () => (await site.owner.request(id)).status).toBe('declined');
    expect((await join(true)).granted.password).toBe(password);
  });

  test('reports only what its pass_tmp is behind', async () => {
    site = await Site.open({ allowPlain: true, autoApprove: { models: ['lamp'] } });
    const [mine, theirs] = [await site.device(), await site.device()];
    const { body } = await curl(theirs, '?wait=20');
    const path = `/v1/access-requests/${String(body.request_id)}/joined`;
    for (const identity of [mine, { ...theirs, passTmp: 'not what it is, at all' }]) {
      const report = { uuid: identity.uuid, onboarding_ssid: onboardingSsid, pass_tmp: identity.passTmp };
      expect(await plainCall(site.agent.helloPort, { path, body: report })).toMatchObject({ status: 403, body: { code: 'plain_disabled' } });
    }
  });
});

test('a device that can do better is not asked for its pass_tmp: the other exchange goes on beside it', async () => {
  site = await Site.open({ allowPlain: true });
  expect(await askAs(await sayHello(site.agent, await site.device()))).toMatch(/^req_/);
});
