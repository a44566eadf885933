import { afterEach, expect, test } from 'vitest';
import type { ServerOptions } from '../../src/server/create-server.ts';
import { expectProblem } from './problem-document.ts';
import { ask, RawConnection, requestBytes } from './raw-http.ts';
import { startServer, type RunningServer } from './running-server.ts';

let running: RunningServer;
afterEach(() => running.stop());

async function start(limits: NonNullable<ServerOptions['limits']>, options: { trustProxy?: readonly string[] } = {}) {
  running = await startServer({ limits, ...options });
  return running;
}

test('a token that asks too often waits, another does not', async () => {
  const { port, enroll } = await start({ perToken: { perSecond: 0.01, burst: 3 } });
  const [busy, calm] = [(await enroll('factory')).secret, (await enroll('factory')).secret];
  const whoami = (token: string) => ask(port, 'GET', '/v1/whoami', { token });
  for (let count = 0; count < 3; count += 1) {
    expect((await whoami(busy)).status).toBe(200);
  }
  const refused = await whoami(busy);
  expectProblem(refused, 'rate_limited');
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(30);
  expect((await whoami(calm)).status).toBe(200);
});

test('an address that asks too often waits, whatever it brings', async () => {
  const { port, enroll } = await start({ perAddress: { perSecond: 0.01, burst: 2 } });
  const token = (await enroll('factory')).secret;
  await ask(port, 'GET', '/v1/whoami', { token });
  await ask(port, 'GET', '/v1/whoami');
  expectProblem(await ask(port, 'GET', '/v1/whoami', { token }), 'rate_limited');
  expectProblem(await ask(port, 'GET', '/openapi.json'), 'rate_limited');
});

test('who guesses tokens waits, and who has a good one at the same address does not', async () => {
  const { port, enroll } = await start({ guesses: { perSecond: 0.01, burst: 2 } });
  const good = (await enroll('factory')).secret;
  for (let count = 0; count < 2; count += 1) {
    expectProblem(await ask(port, 'GET', '/v1/whoami', { token: 'lk_factory_aaaaaaaaaaaaaaaaaaaaaa' }), 'unauthorized');
  }
  expectProblem(await ask(port, 'GET', '/v1/whoami', { token: 'lk_factory_aaaaaaaaaaaaaaaaaaaaab' }), 'rate_limited');
  expect((await ask(port, 'GET', '/v1/whoami', { token: good })).status).toBe(200);
});

test('who guesses enrolment codes waits; who has them enrols as many as there are', async () => {
  const { port, enroll } = await start({ guesses: { perSecond: 0.01, burst: 2 } });
  const admin = (await enroll('admin')).secret;
  const use = (code: string) => ask(port, 'POST', '/v1/enrollments', { body: JSON.stringify({ code, name: 'x' }) });
  for (let count = 0; count < 5; count += 1) {
    const made = await ask(port, 'POST', '/v1/enroll-codes', { token: admin, body: '{"role":"factory","expires_in":60}' });
    expect((await use((JSON.parse(made.body) as { code: string }).code)).status).toBe(201);
  }
  const guesses = await Promise.all(Array.from({ length: 10 }, (_, index) => use(`lke_${index}`)));
  expect(guesses.filter(({ status }) => status === 403)).toHaveLength(2);
  expect(guesses.filter(({ status }) => status === 429)).toHaveLength(8);
});

test('behind a trusted proxy its clients count, and nobody else is believed', async () => {
  const limits = { perAddress: { perSecond: 0.01, burst: 1 } };
  const as = (client: string) => ask(running.port, 'GET', '/v1/whoami', { headers: { 'X-Forwarded-For': client } });
  await start(limits, { trustProxy: ['127.0.0.0/8'] });
  expect((await as('192.0.2.1')).status).toBe(401);
  expect((await as('192.0.2.2')).status).toBe(401);
  expectProblem(await as('198.51.100.9, 192.0.2.2'), 'rate_limited');
  await running.stop();
  await start(limits);
  expect((await as('192.0.2.1')).status).toBe(401);
  expectProblem(await as('192.0.2.2'), 'rate_limited');
});

test('connections beyond the number are closed, and the others go on', async () => {
  const { port } = await start({ connectionsPerAddress: 5 });
  const connections = await Promise.all(Array.from({ length: 5 }, () => RawConnection.open(port)));
  const surplus = await RawConnection.open(port);
  await surplus.closed();
  const [first] = connections;
  expect((await first!.send(requestBytes('GET', '/healthz')).reply())?.status).toBe(200);
  first!.socket.destroy();
  await expect.poll(async () => {
    const connection = await RawConnection.open(port);
    const reply = await connection.send(requestBytes('GET', '/healthz')).reply();
    connection.socket.destroy();
    return reply?.status;
  }).toBe(200);
  connections.forEach(({ socket }) => socket.destroy());
});

test('who tells too often of terminated services is heard later, and fills no disk', async () => {
  const { port, enroll } = await start({ tellings: { perSecond: 0.01, burst: 2 } });
  const [busy, calm] = [(await enroll('terminal')).secret, (await enroll('terminal')).secret];
  const tell = (token: string, key: string) => ask(port, 'POST', '/v1/terminated-services', {
    token,
    body: JSON.stringify({ application: 'spending', version: 1, policy_hash: 'A'.repeat(43), kind: 'payment', failed: [], at: '2026-11-30T12:00:00.000Z', key }),
  });
  expect((await tell(busy, 'a')).status).toBe(204);
  expect((await tell(busy, 'b')).status).toBe(204);
  expectProblem(await tell(busy, 'c'), 'rate_limited');
  expect((await tell(calm, 'c')).status).toBe(204);
});
