import { afterEach, expect, test } from 'vitest';
import type { AgentEvent } from '../../src/roles/agent/service.ts';
import { askAs, getStatus, report, sayHello } from './raw-device.ts';
import { password, Site } from './site.ts';

let site: Site;
afterEach(() => site.close());

const isAttempt = (outcome: string) => (event: AgentEvent) => event.kind === 'attempt' && event.attempt.outcome === outcome;

test('without the server hello is answered with 503 and when to come again, and that is recorded', async () => {
  site = await Site.open();
  const identity = await site.device();
  site.line.cut();
  await expect(sayHello(site.agent, identity)).rejects.toMatchObject({ status: 503, body: { code: 'server_unavailable' } });
  await site.event(isAttempt('server_away'));
  await expect.poll(async () => (await site.agent.service.status()).server.reachable).toBe(false);
  site.line.mend();
  await sayHello(site.agent, identity);
  expect((await site.agent.service.status()).server.reachable).toBe(true);
  await expect.poll(async () => (await site.owner.attempts({ uuid: identity.uuid }, { limit: 10 })).items.length).toBe(1);
});

test('what is granted goes on being served, and what devices say is told when the server is back', async () => {
  site = await Site.open();
  const hello = await sayHello(site.agent, await site.device());
  const requestId = await askAs(hello);
  await site.agent.service.approve(requestId);
  await getStatus(hello, requestId, 20);
  site.line.cut();
  await site.stop();
  const { securePort } = await site.start();
  const moved = { ...hello, securePort };

  expect((await getStatus(moved, requestId)).body).toMatchObject({ status: 'approved', password });
  expect((await report(moved, requestId, 'joined')).status).toBe(204);
  expect((await site.owner.request(requestId)).status).not.toBe('joined');
  site.line.mend();
  await expect.poll(async () => (await site.owner.request(requestId)).status, { timeout: 10_000 }).toBe('joined');
  const { deliveredAt, joinedAt } = await site.owner.request(requestId);
  expect(deliveredAt?.getTime()).toBeLessThanOrEqual(joinedAt!.getTime());
});

test('an agent that is told to stop first tells the server what devices said', async () => {
  site = await Site.open();
  const hello = await sayHello(site.agent, await site.device());
  const requestId = await askAs(hello);
  await site.agent.service.approve(requestId);
  await getStatus(hello, requestId, 20);
  expect((await report(hello, requestId, 'joined')).status).toBe(204);
  await site.stop();
  expect((await site.owner.request(requestId)).status).toBe('joined');
  expect((await site.owner.attempts({ uuid: hello.uuid }, { limit: 10 })).items).toMatchObject([{ outcome: 'asked' }]);
});

test('declined without the server: the grant is off the air at once, and ends when the server hears of it', async () => {
  site = await Site.open();
  const hello = await sayHello(site.agent, await site.device());
  const requestId = await askAs(hello);
  const { grantId } = await site.agent.service.approve(requestId);
  await getStatus(hello, requestId, 20);
  site.line.cut();
  expect((await report(hello, requestId, 'declined')).status).toBe(204);
  await expect(site.agent.service.reveal(grantId!)).rejects.toMatchObject({ code: 'grant_not_found' });
  expect((await report(hello, requestId, 'declined')).status).toBe(204);
  site.line.mend();
  await expect.poll(async () => (await site.owner.grant(grantId!)).state, { timeout: 10_000 }).toBe('revoked');
});

test('an approval fails, the request stays pending, and is decided once the server is back', async () => {
  site = await Site.open();
  const hello = await sayHello(site.agent, await site.device());
  const requestId = await askAs(hello);
  site.line.cut();
  await expect(site.agent.service.approve(requestId)).rejects.toMatchObject({ code: 'remote_unreachable', exit: 6 });
  expect((await getStatus(hello, requestId)).body).toMatchObject({ status: 'pending' });
  site.line.mend();
  await site.agent.service.approve(requestId);
  expect((await getStatus(hello, requestId, 20)).body).toMatchObject({ password });
});

test('a decision made elsewhere while the line was cut is heard when it is mended', async () => {
  site = await Site.open();
  const hello = await sayHello(site.agent, await site.device());
  const requestId = await askAs(hello);
  site.line.cut();
  await site.owner.approve(requestId);
  const waiting = getStatus(hello, requestId, 25);
  site.line.mend();
  expect((await waiting).body).toMatchObject({ status: 'approved', password });
});

test('pending requests and their keys survive a restart', async () => {
  site = await Site.open();
  const hello = await sayHello(site.agent, await site.device());
  const requestId = await askAs(hello);
  await site.stop();
  const { securePort } = await site.start();
  const moved = { ...hello, securePort };
  expect(await askAs(moved)).toBe(requestId);
  await site.agent.service.approve(requestId);
  expect((await getStatus(moved, requestId, 20)).body).toMatchObject({ password });
});

test('an agent that never heard the time makes no grant and takes no hello', async () => {
  site = await Site.open();
  const identity = await site.device();
  await site.stop();
  site.line.cut();
  // A new agent, with an empty store.
  const unaware = await Site.open({ ap: site.line.ap });
  try {
    await expect(sayHello(unaware.agent, identity)).rejects.toMatchObject({ status: 503, body: { code: 'server_unavailable' } });
    await expect(unaware.agent.service.approve('req_any')).rejects.toMatchObject({ code: 'server_unavailable' });
    site.line.mend();
    await expect.poll(() => sayHello(unaware.agent, identity).then(() => 'said', () => 'refused'), { timeout: 10_000 }).toBe('said');
  } finally {
    await unaware.close();
  }
});

test('a registry that was set back to an earlier state is followed', async () => {
  site = await Site.open();
  const hello = await sayHello(site.agent, await site.device());
  const requestId = await askAs(hello);
  const real = site.line.ap;
  let setBack = false;
  await site.stop();
  await site.start({
    ap: {
      ...Object.fromEntries(['self', 'announce', 'verify', 'request', 'approve', 'deny', 'report', 'reportAttempts'].map((name) =>
        [name, (...args: never[]) => (real[name as 'self'] as (...given: never[]) => Promise<unknown>)(...args)])),
      changes: async (revision: number, waitMs: number, signal?: AbortSignal) => {
        const changes = await real.changes(setBack || revision === 0 ? 0 : revision, setBack ? 0 : Math.min(waitMs, 50), signal);
        return setBack
          ? { ...changes, revision: 0, requests: changes.requests.map((request) => ({ ...request, status: 'denied' as const, revision: 0, decidedAt: new Date() })) }
          : changes;
      },
    } as never,
  });
  setBack = true;
  expect(await site.request('denied')).toMatchObject({ id: requestId, revision: 0 });
});
