import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { secretHash } from '../../src/roles/admin/token-secret.ts';
import type { Store } from '../../src/roles/store.ts';
import { keepRepliesMs } from '../../src/roles/housekeeping.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { TestClock } from '../contract/roles.harness.ts';
import { testSealer } from '../storage/sealer.ts';
import { withFault } from './faulty-store.ts';
import { expectProblem } from './problem-document.ts';
import { ask, type RawReply } from './raw-http.ts';
import { enrollIn, startServer, type RunningServer } from './running-server.ts';

let running: RunningServer;
let store: Store;
let factory: string;
let admin: string;
const clock = new TestClock();
/** What the next registrations come to, once they are written. */
let fault: LatchkeyError | undefined;

beforeAll(async () => {
  store = await openMemoryStore(testSealer());
  const faulty = withFault(store, 'devices', 'insert', async (insert) => {
    const inserted = await insert();
    if (fault !== undefined) {
      throw fault;
    }
    return inserted;
  });
  running = await startServer({ store: faulty, clock, housekeepingMs: 20 });
  factory = (await enrollIn(store, 'factory', {}, clock)).secret;
  admin = (await enrollIn(store, 'admin', {}, clock)).secret;
});
afterAll(() => running.stop());

const post = (path: string, key: string | undefined, body: unknown = {}, token: string | undefined = factory): Promise<RawReply> =>
  ask(running.port, 'POST', path, {
    token,
    body: JSON.stringify(body),
    headers: key === undefined ? {} : { 'Idempotency-Key': key },
  });
const reserve = (key: string | undefined, body: object = {}, token?: string) => post('/v1/devices', key, { ssid: 'setup', ...body }, token);
const devices = async () => (await store.devices.list({}, { limit: 1000 })).items.length;

describe('the same request under the same key', () => {
  test('has one effect and one reply, to the byte', async () => {
    const before = await devices();
    const first = await reserve('k-same');
    const second = await reserve('k-same');
    expect(first.status).toBe(201);
    expect([second.status, second.body, second.headers.get('content-type')]).toEqual([201, first.body, 'application/json']);
    expect(await devices()).toBe(before + 1);
  });

  test('sixteen at once are one', async () => {
    const before = await devices();
    const replies = await Promise.all(Array.from({ length: 16 }, () => reserve('k-race')));
    expect(new Set(replies.map(({ status, body }) => `${status} ${body}`)).size).toBe(1);
    expect(replies[0]?.status).toBe(201);
    expect(await devices()).toBe(before + 1);
  });

  test('gets its reply still when the world has moved on', async () => {
    const first = await reserve('k-later');
    const { uuid } = JSON.parse(first.body) as { uuid: string };
    await post(`/v1/devices/${uuid}/confirm`, undefined);
    await post(`/v1/devices/${uuid}/revoke`, undefined);
    expect((await reserve('k-later')).body).toBe(first.body);
  });

  test('is remembered for thirty days', async () => {
    const first = await reserve('k-old');
    clock.pass(keepRepliesMs - 60_000);
    expect((await reserve('k-old')).body).toBe(first.body);
    clock.pass(120_000);
    await expect.poll(async () => (await reserve('k-old')).body).not.toBe(first.body);
  });

  test('an empty reply is kept too', async () => {
    const ap = (await enrollIn(store, 'ap', {}, clock)).secret;
    const batch = { attempts: [{ attempt_id: 'a1', at: '2026-11-25T08:00:00.000Z', from: '192.0.2.1', outcome: 'asked' }] };
    const replies = [await post('/v1/attempts', 'k-batch', batch, ap), await post('/v1/attempts', 'k-batch', batch, ap)];
    expect(replies.map(({ status, body }) => [status, body])).toEqual([[204, ''], [204, '']]);
  });
});

describe('another request under the same key', () => {
  test('is refused and learns nothing of the first', async () => {
    const first = await reserve('k-mine', { label: 'hall' });
    const { pass_tmp: passTmp, uuid } = JSON.parse(first.body) as { pass_tmp: string; uuid: string };
    const other = await reserve('k-mine', { label: 'roof' });
    expectProblem(other, 'idempotency_mismatch');
    expect(other.body).not.toContain(passTmp);
    expect(other.body).not.toContain(uuid);
  });

  test('another path is another request, another route and another token have keys of their own', async () => {
    const make = async () => (JSON.parse((await reserve(undefined)).body) as { uuid: string }).uuid;
    const [one, two] = [await make(), await make()];
    expect((await post(`/v1/devices/${one}/confirm`, 'k-path')).status).toBe(200);
    expectProblem(await post(`/v1/devices/${two}/confirm`, 'k-path'), 'idempotency_mismatch');
    expect((await post(`/v1/devices/${two}/revoke`, 'k-path')).status).toBe(200);
    const other = (await enrollIn(store, 'factory', {}, clock)).secret;
    expect((await post(`/v1/devices/${one}/confirm`, 'k-path', {}, other)).status).toBe(200);
  });

  test('a key that is none is refused', async () => {
    for (const key of ['', 'a b', 'x'.repeat(65), 'schlüssel']) {
      expectProblem(await reserve(key), 'invalid_input');
    }
  });
});

describe('refusals', () => {
  test('are final for their key', async () => {
    const uuid = randomUUID();
    const first = await post(`/v1/devices/${uuid}/confirm`, 'k-early');
    expectProblem(first, 'device_not_found');
    await reserve(undefined, { uuid });
    expect((await post(`/v1/devices/${uuid}/confirm`, 'k-early')).body).toBe(first.body);
    expect((await post(`/v1/devices/${uuid}/confirm`, 'k-new')).status).toBe(200);
  });

  test('that undo their transaction leave nothing but themselves', async () => {
    const before = await devices();
    fault = new LatchkeyError('device_conflict', 'made up');
    expectProblem(await reserve('k-undone'), 'device_conflict');
    fault = undefined;
    expect(await devices()).toBe(before);
    expectProblem(await reserve('k-undone'), 'device_conflict');
    expect((await reserve('k-other')).status).toBe(201);
  });

  test('of what was broken inside, of tokens and of haste are not kept', async () => {
    fault = new LatchkeyError('storage_full');
    const before = await devices();
    expectProblem(await reserve('k-broken'), 'storage_full');
    fault = new LatchkeyError('rate_limited');
    expectProblem(await reserve('k-broken'), 'rate_limited');
    fault = undefined;
    expectProblem(await reserve('k-broken', {}, 'lk_factory_aaaaaaaaaaaaaaaaaaaaaa'), 'unauthorized');
    expect(await devices()).toBe(before);
    expect((await reserve('k-broken')).status).toBe(201);
  });

  test('for what is no request of this route are not kept', async () => {
    expectProblem(await reserve('k-typo', { colour: 'red' }), 'invalid_input');
    expect((await reserve('k-typo')).status).toBe(201);
  });
});

test('an enrolment whose reply was lost gives the same token again, and no other code does', async () => {
  const code = async () =>
    (JSON.parse((await post('/v1/enroll-codes', undefined, { role: 'factory', expires_in: 60 }, admin)).body) as { code: string }).code;
  const [mine, another] = [await code(), await code()];
  const enroll = (which: string, name = 'line 4') =>
    ask(running.port, 'POST', '/v1/enrollments', { body: JSON.stringify({ code: which, name }), headers: { 'Idempotency-Key': 'k-enroll' } });
  const first = await enroll(mine);
  expect(first.status).toBe(201);
  expect((await enroll(mine)).body).toBe(first.body);
  expectProblem(await enroll(mine, 'line 5'), 'idempotency_mismatch');
  const second = await enroll(another);
  expect([second.status, second.body === first.body]).toEqual([201, false]);
});

test('wrong enrolment codes leave nothing in the database', async () => {
  const body = JSON.stringify({ code: 'lke_wrong', name: 'x' });
  const headers = { 'Idempotency-Key': 'k-guess' };
  expectProblem(await ask(running.port, 'POST', '/v1/enrollments', { body, headers }), 'enroll_code_invalid');
  expect(await store.replies.find(`${Buffer.from(secretHash('lke_wrong')).toString('base64url')} enroll`, 'k-guess')).toBeUndefined();
});
