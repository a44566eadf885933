import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { randomBytes, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AgentStore, Hello } from '../../src/roles/agent/ports.ts';
import { openAgentStore } from '../../src/storage/agent-store.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { after, newAttempt, newGrant, newId, newRequest, start } from './samples.ts';
import { testSealer } from './sealer.ts';

const dayMs = 86_400_000;
let folder: string;
let path: string;
let store: AgentStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-agent-'));
  path = join(folder, 'agent.db');
  store = await open();
});

afterEach(async () => {
  store.close();
  await rm(folder, { recursive: true });
});

function open(attempts?: { count: number; days: number }): Promise<AgentStore> {
  return openAgentStore({ path, sealer: testSealer(), ...(attempts !== undefined && { attempts }) });
}

/** As after the agent's own restart. */
async function reopen(attempts?: { count: number; days: number }): Promise<void> {
  store.close();
  store = await open(attempts);
}

function newHello(parts: Partial<Hello> = {}): Hello {
  return {
    id: newId('hel'),
    uuid: randomUUID(),
    deviceNonce: new Uint8Array(randomBytes(32)),
    apNonce: new Uint8Array(randomBytes(32)),
    psk: new Uint8Array(randomBytes(32)),
    from: '192.0.2.9',
    createdAt: start,
    requestId: undefined,
    ...parts,
  };
}

function comparable(hellos: readonly Hello[]): Hello[] {
  return hellos.map((hello) => ({ ...hello, psk: new Uint8Array(hello.psk) }));
}

test('hellos outlive a restart, their keys sealed', async () => {
  const [first, second] = [newHello(), newHello({ createdAt: after(1) })];
  store.saveHello(first);
  store.saveHello(second);
  store.saveHello({ ...second, requestId: 'req_1' });
  await reopen();
  expect(comparable(store.hellos())).toEqual([first, { ...second, requestId: 'req_1' }]);
  const raw = new DatabaseSync(path);
  for (const { psk } of raw.prepare('select psk from hellos').all() as { psk: Uint8Array }[]) {
    expect(Buffer.from(psk).includes(first.psk)).toBe(false);
    expect(psk.length).toBeGreaterThan(32);
  }
  raw.close();
  store.removeHello(first.id);
  expect(store.hellos()).toHaveLength(1);
});

test('hellos under a key that was retired are over, and those under the newer one go on', async () => {
  const [early, late] = [newHello(), newHello()];
  store.saveHello(early);
  store.close();
  store = await openAgentStore({ path, sealer: testSealer(2, 1) });
  store.saveHello(late);
  store.close();
  store = await openAgentStore({ path, sealer: testSealer(2) });
  expect(comparable(store.hellos())).toEqual([late]);
});

test('requests and grants are the latest that was saved', async () => {
  const request = newRequest({ apId: 'ap_1', uuid: randomUUID(), matchCode: '0042', revision: 3 });
  const newer = newRequest({ apId: 'ap_1', uuid: randomUUID(), createdAt: after(5), status: 'approved' });
  store.saveRequest({ ...request, status: 'pending', revision: 1 });
  store.saveRequest(request);
  store.saveRequest(newer);
  const grant = newGrant('ap_1', { quotaBytes: 5_000_000_000n, endsAt: after(1) });
  const over = newGrant('ap_1', { state: 'revoked', closedAt: after(2), closedBy: 'local' });
  store.saveGrant(grant);
  store.saveGrant(over);
  await reopen();
  expect(store.request(request.id)).toEqual(request);
  expect(store.request('req_none')).toBeUndefined();
  expect(store.requests({ all: true, limit: 10 })).toEqual([newer, request]);
  expect(store.requests({ all: true, limit: 1 })).toEqual([newer]);
  expect(store.requests({ all: false, limit: 10 })).toEqual([request]);
  expect(store.grant(over.id)).toEqual(over);
  expect(store.grant('grt_none')).toBeUndefined();
  expect(store.activeGrants()).toEqual([grant]);
});

test('revision and known time are those saved last', async () => {
  expect([store.revision(), store.knownTime()]).toEqual([0, undefined]);
  store.saveRevision(7);
  store.saveRevision(5);
  store.saveKnownTime(after(10));
  store.saveKnownTime(after(3));
  await reopen();
  expect([store.revision(), store.knownTime()]).toEqual([5, after(3)]);
});

test('attempts are told once, newest are shown first', () => {
  const attempts = [1, 2, 3].map((index) =>
    newAttempt({ at: after(index), outcome: 'bad_proof', ...(index === 2 && { uuid: undefined, detail: 'x' }) }));
  for (const attempt of [...attempts, attempts[0]!]) store.addAttempt(attempt);
  expect(store.attempts(2)).toEqual([attempts[2], attempts[1]]);
  expect(store.unsentAttempts(2)).toEqual(attempts.slice(0, 2));
  store.markSent(attempts.slice(0, 2).map(({ id }) => id));
  expect(store.unsentAttempts(10)).toEqual([attempts[2]]);
  expect(store.attempts(10)).toHaveLength(3);
});

test('attempts are bounded in age and number', async () => {
  store.transaction(() => {
    for (let index = 0; index < 2500; index++) store.addAttempt(newAttempt({ at: after(index) }));
  });
  expect(store.attempts(5000)).toHaveLength(2500);
  await reopen({ count: 100, days: 30 });
  expect(store.attempts(5000).map(({ at }) => at)).toEqual(
    Array.from({ length: 100 }, (_, index) => after(2499 - index)));
  store.transaction(() => {
    for (let index = 0; index < 1000; index++) store.addAttempt(newAttempt({ at: after(10_000 + index) }));
  });
  expect(store.attempts(5000)).toHaveLength(100);
  // Dated by a clock that was never set; only the server's time makes others old.
  store.addAttempt(newAttempt({ at: after(31 * dayMs) }));
  await reopen();
  expect(store.attempts(5000)).toHaveLength(101);
  store.saveKnownTime(after(31 * dayMs));
  await reopen();
  expect(store.attempts(5000)).toHaveLength(1);
});

test('reports are owed, in their order, until they are settled', async () => {
  store.oweReport('req_2', 'delivered');
  store.oweReport('req_1', 'delivered');
  store.oweReport('req_2', 'joined');
  store.oweReport('req_2', 'delivered');
  await reopen();
  expect(store.owedReports()).toEqual([
    { requestId: 'req_2', status: 'delivered' },
    { requestId: 'req_1', status: 'delivered' },
    { requestId: 'req_2', status: 'joined' },
  ]);
  store.settleReport('req_2', 'delivered');
  expect(store.owedReports()).toHaveLength(2);
});

test('a transaction is all or nothing, and one inside joins', () => {
  const grant = newGrant('ap_1');
  expect(() => store.transaction(() => {
    store.transaction(() => store.saveGrant(grant));
    store.markSent(['x']);
    throw new Error('no');
  })).toThrow('no');
  expect(store.activeGrants()).toEqual([]);
  expect(store.transaction(() => {
    store.saveGrant(grant);
    return store.activeGrants().length;
  })).toBe(1);
});

test.each(['abort', 'rollback'])('a request of a transaction that failed is as before, also if SQLite ended it (raise %s)', (end) => {
  const request = newRequest({ apId: 'ap_1', uuid: randomUUID() });
  store.saveRequest(request);
  const raw = new DatabaseSync(path);
  raw.exec(`create trigger no_room before insert on grants begin select raise(${end}, 'no room'); end`);
  raw.close();
  expect(() => store.transaction(() => {
    store.saveRequest({ ...request, status: 'approved' });
    store.saveGrant(newGrant('ap_1'));
  })).toThrow();
  expect(store.request(request.id)).toEqual(request);
});

test('ten thousand grants are read in a moment', async () => {
  store.transaction(() => {
    for (let index = 0; index < 10_000; index++) store.saveGrant(newGrant('ap_1', { startsAt: after(index) }));
  });
  await reopen();
  const grants = store.activeGrants();
  expect(grants).toHaveLength(10_000);
  expect(grants[0]!.startsAt).toEqual(start);
});

test('a registry is no agent’s store, nor the other way round', async () => {
  await expect(openStore({ url: `sqlite:${path}`, sealer: testSealer() })).rejects.toMatchObject({ code: 'storage_unavailable' });
  const registry = join(folder, 'registry.db');
  await (await openStore({ url: `sqlite:${registry}`, sealer: testSealer() })).close();
  await expect(openAgentStore({ path: registry, sealer: testSealer() })).rejects.toMatchObject({ code: 'storage_unavailable' });
});
