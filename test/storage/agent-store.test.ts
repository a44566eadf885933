import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { randomBytes, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { noUsage } from '../../src/domain/grant.ts';
import type { Session } from '../../src/roles/agent/radio.ts';
import type { AgentStore, GrantPassword, Hello } from '../../src/roles/agent/store.ts';
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
  store.onboarding.saveHello(first);
  store.onboarding.saveHello(second);
  store.onboarding.saveHello({ ...second, requestId: 'req_1' });
  await reopen();
  expect(comparable(store.onboarding.hellos())).toEqual([first, { ...second, requestId: 'req_1' }]);
  const raw = new DatabaseSync(path);
  for (const { psk } of raw.prepare('select psk from hellos').all() as { psk: Uint8Array }[]) {
    expect(Buffer.from(psk).includes(first.psk)).toBe(false);
    expect(psk.length).toBeGreaterThan(32);
  }
  raw.close();
  store.onboarding.removeHello(first.id);
  expect(store.onboarding.hellos()).toHaveLength(1);
});

test('hellos under a key that was retired are over, and those under the newer one go on', async () => {
  const [early, late] = [newHello(), newHello()];
  store.onboarding.saveHello(early);
  store.close();
  store = await openAgentStore({ path, sealer: testSealer(2, 1) });
  store.onboarding.saveHello(late);
  store.close();
  store = await openAgentStore({ path, sealer: testSealer(2) });
  expect(comparable(store.onboarding.hellos())).toEqual([late]);
});

test('requests and grants are the latest that was saved', async () => {
  const request = newRequest({ apId: 'ap_1', uuid: randomUUID(), matchCode: '0042', revision: 3 });
  const newer = newRequest({ apId: 'ap_1', uuid: randomUUID(), createdAt: after(5), status: 'approved' });
  store.onboarding.saveRequest({ ...request, status: 'pending', revision: 1 });
  store.onboarding.saveRequest(request);
  store.onboarding.saveRequest(newer);
  const grant = newGrant('ap_1', { quotaBytes: 5_000_000_000n, endsAt: after(1) });
  const over = newGrant('ap_1', { state: 'revoked', closedAt: after(2), closedBy: 'local' });
  store.grants.saveGrant(grant);
  store.grants.saveGrant(over);
  await reopen();
  expect(store.onboarding.request(request.id)).toEqual(request);
  expect(store.onboarding.request('req_none')).toBeUndefined();
  expect(store.onboarding.requests({ all: true, limit: 10 })).toEqual([newer, request]);
  expect(store.onboarding.requests({ all: true, limit: 1 })).toEqual([newer]);
  expect(store.onboarding.requests({ all: false, limit: 10 })).toEqual([request]);
  expect(store.grants.grant(over.id)).toEqual(over);
  expect(store.grants.grant('grt_none')).toBeUndefined();
  expect(store.grants.activeGrants()).toEqual([grant]);
});

test('revision and known time are those saved last', async () => {
  expect([store.registry.revision(), store.registry.knownTime()]).toEqual([0, undefined]);
  store.registry.saveRevision(7);
  store.registry.saveRevision(5);
  store.registry.saveKnownTime(after(10));
  store.registry.saveKnownTime(after(3));
  await reopen();
  expect([store.registry.revision(), store.registry.knownTime()]).toEqual([5, after(3)]);
});

test('attempts are told once, newest are shown first', () => {
  const attempts = [1, 2, 3].map((index) =>
    newAttempt({ at: after(index), outcome: 'bad_proof', ...(index === 2 && { uuid: undefined, detail: 'x' }) }));
  for (const attempt of [...attempts, attempts[0]!]) store.attempts.addAttempt(attempt);
  expect(store.attempts.attempts(2)).toEqual([attempts[2], attempts[1]]);
  expect(store.attempts.unsentAttempts(2)).toEqual(attempts.slice(0, 2));
  store.attempts.markSent(attempts.slice(0, 2).map(({ id }) => id));
  expect(store.attempts.unsentAttempts(10)).toEqual([attempts[2]]);
  expect(store.attempts.attempts(10)).toHaveLength(3);
});

test('attempts are bounded in age and number', async () => {
  store.transaction(() => {
    for (let index = 0; index < 2500; index++) store.attempts.addAttempt(newAttempt({ at: after(index) }));
  });
  expect(store.attempts.attempts(5000)).toHaveLength(2500);
  await reopen({ count: 100, days: 30 });
  expect(store.attempts.attempts(5000).map(({ at }) => at)).toEqual(
    Array.from({ length: 100 }, (_, index) => after(2499 - index)));
  store.transaction(() => {
    for (let index = 0; index < 1000; index++) store.attempts.addAttempt(newAttempt({ at: after(10_000 + index) }));
  });
  expect(store.attempts.attempts(5000)).toHaveLength(100);
  // Dated by a clock that was never set; only the server's time makes others old.
  store.attempts.addAttempt(newAttempt({ at: after(31 * dayMs) }));
  await reopen();
  expect(store.attempts.attempts(5000)).toHaveLength(101);
  store.registry.saveKnownTime(after(31 * dayMs));
  await reopen();
  expect(store.attempts.attempts(5000)).toHaveLength(1);
});

test('reports are owed, in their order, until they are settled', async () => {
  store.onboarding.oweReport('req_2', 'delivered');
  store.onboarding.oweReport('req_1', 'delivered');
  store.onboarding.oweReport('req_2', 'joined');
  store.onboarding.oweReport('req_2', 'delivered');
  await reopen();
  expect(store.onboarding.owedReports()).toEqual([
    { requestId: 'req_2', status: 'delivered' },
    { requestId: 'req_1', status: 'delivered' },
    { requestId: 'req_2', status: 'joined' },
  ]);
  store.onboarding.settleReport('req_2', 'delivered');
  expect(store.onboarding.owedReports()).toHaveLength(2);
});

test('that the time of a grant has begun is owed until it was told, over restarts, and each time that it does', async () => {
  const grant = newGrant('ap_1', { allowedMs: 60_000, waitingMs: 60_000, revision: 4 });
  const later = newGrant('ap_1', { startsAt: after(9), allowedMs: 60_000, waitingMs: 60_000 });
  [grant, later, newGrant('ap_1', { state: 'paused', waitingMs: 1 }), newGrant('ap_1')].forEach((one) => store.grants.saveGrant(one));
  expect(store.grants.waitingGrants(after(8), 10)).toEqual([grant]);
  expect(store.grants.begun(grant.id)).toBeUndefined();
  const begun = { at: after(1), revision: 4 };
  store.grants.saveBegun(grant.id, begun);
  const running = { ...grant, endsAt: after(61), waitingMs: undefined };
  store.grants.saveGrant(running);
  await reopen();
  expect([store.grants.waitingGrants(after(8), 10), store.grants.begun(grant.id), store.grants.grant(grant.id)]).toEqual([[], begun, running]);
  const untold = store.meters.untoldGrants(10);
  expect(untold).toMatchObject([{ grantId: grant.id, usage: noUsage, ended: undefined, begun }]);

  // Begun once more before the registry has answered.
  const again = { at: after(2), revision: 6 };
  store.grants.saveBegun(grant.id, again);
  store.meters.markGrantsTold(untold);
  const second = store.meters.untoldGrants(10);
  expect(second).toMatchObject([{ begun: again }]);
  store.meters.markGrantsTold(second);
  expect(store.meters.untoldGrants(10)).toEqual([]);
  store.grants.saveGrant({ ...running, state: 'ended', closedAt: after(61), closedBy: 'agent', reason: 'its time is over', revision: 7 });
  expect(store.meters.untoldGrants(10)).toMatchObject([{ begun: undefined, ended: { at: after(61), reason: 'its time is over', revision: 7 } }]);
  expect(store.grants.begun(grant.id)).toEqual(again);
});

test('a transaction is all or nothing, and one inside joins', () => {
  const grant = newGrant('ap_1');
  expect(() => store.transaction(() => {
    store.transaction(() => store.grants.saveGrant(grant));
    store.attempts.markSent(['x']);
    throw new Error('no');
  })).toThrow('no');
  expect(store.grants.activeGrants()).toEqual([]);
  expect(store.transaction(() => {
    store.grants.saveGrant(grant);
    return store.grants.activeGrants().length;
  })).toBe(1);
});

test.each(['abort', 'rollback'])('a request of a transaction that failed is as before, also if SQLite ended it (raise %s)', (end) => {
  const request = newRequest({ apId: 'ap_1', uuid: randomUUID() });
  store.onboarding.saveRequest(request);
  const raw = new DatabaseSync(path);
  raw.exec(`create trigger no_room before insert on grants begin select raise(${end}, 'no room'); end`);
  raw.close();
  expect(() => store.transaction(() => {
    store.onboarding.saveRequest({ ...request, status: 'approved' });
    store.grants.saveGrant(newGrant('ap_1'));
  })).toThrow();
  expect(store.onboarding.request(request.id)).toEqual(request);
});

test('ten thousand grants are read in a moment', async () => {
  store.transaction(() => {
    for (let index = 0; index < 10_000; index++) store.grants.saveGrant(newGrant('ap_1', { startsAt: after(index) }));
  });
  await reopen();
  const grants = store.grants.activeGrants();
  expect(grants).toHaveLength(10_000);
  expect(grants[0]!.startsAt).toEqual(start);
});

test('a registry is no agent’s store, nor the other way round', async () => {
  await expect(openStore({ url: `sqlite:${path}`, sealer: testSealer() })).rejects.toMatchObject({ code: 'storage_unavailable' });
  const registry = join(folder, 'registry.db');
  await (await openStore({ url: `sqlite:${registry}`, sealer: testSealer() })).close();
  await expect(openAgentStore({ path: registry, sealer: testSealer() })).rejects.toMatchObject({ code: 'storage_unavailable' });
});

describe('what a radio that asks needs', () => {
  const mac = '02:00:00:00:00:01';
  const key = { ssid: undefined, password: 'correct horse battery' };

  test('a station’s active grants, the newest first, with what was used of a quota and the password that was handed out', () => {
    const subject = { kind: 'device', id: randomUUID() } as const;
    const grants = [
      newGrant('ap_1', { subject, startsAt: after(1), quotaBytes: 1000n, usage: { bytesIn: 5n, bytesOut: 1n, seconds: 1 } }),
      newGrant('ap_1', { subject, startsAt: after(2), endsAt: after(9), vlan: 20 }),
      newGrant('ap_1', { subject, startsAt: after(3), state: 'revoked' }),
      newGrant('ap_1'),
    ];
    grants.forEach((grant) => store.grants.saveGrant(grant));
    store.grants.saveSubjectMac(subject.id, mac);
    store.keys.saveGrantKeys(new Map([[grants[1]!.id, key]]));
    store.meters.saveUsage(grants[0]!.id, { bytesIn: 3n, bytesOut: 4n, seconds: 9, spentAt: after(4) });
    const [newest, older, ...more] = store.grants.grantsOfStation(mac);
    expect(more).toEqual([]);
    expect(newest).toMatchObject({ id: grants[1]!.id, startsAt: after(2), endsAt: after(9), quotaBytes: undefined, vlan: 20, spentAt: undefined });
    expect(older).toMatchObject({ id: grants[0]!.id, quotaBytes: 1000n, usage: { bytesIn: 5n, bytesOut: 4n }, spentAt: after(4) });
    expect([newest!.password(), older!.password()]).toEqual([key.password, undefined]);
    expect(store.grants.grantsOfStation('02:00:00:00:00:02')).toEqual([]);
    expect([store.grants.subjectMac(subject.id), store.grants.subjectMac('nobody')]).toEqual([mac, undefined]);
    expect(store.grants.activeGrantCount()).toBe(3);
  });

  test('whatever comes first, a device that is seen or its grant: both are found by the address by which it was seen last', () => {
    const subject = { kind: 'device', id: randomUUID() } as const;
    store.grants.saveSubjectMac(subject.id, mac);
    const grant = newGrant('ap_1', { subject });
    store.grants.saveGrant(grant);
    store.keys.saveGrantKeys(new Map([[grant.id, key]]));
    store.grants.saveGrant({ ...grant, vlan: 30, revision: 2 });
    const found = (address: string) => store.grants.grantsOfStation(address).map(({ vlan, password }) => ({ vlan, password: password() }));
    expect(found(mac)).toEqual([{ vlan: 30, password: key.password }]);
    const other = '02:00:00:00:00:02';
    store.grants.saveSubjectMac(subject.id, other);
    expect([found(mac), found(other)]).toEqual([[], [{ vlan: 30, password: key.password }]]);
  });

  test('a grant that is over has no password any more, and gets none', () => {
    const grant = newGrant('ap_1');
    store.grants.saveGrant(grant);
    store.keys.saveGrantKeys(new Map([[grant.id, key]]));
    store.grants.saveGrant({ ...grant, state: 'revoked', revision: 2 });
    expect(store.keys.grantKey(grant.id)).toBeUndefined();
    store.keys.saveGrantKeys(new Map([[grant.id, key]]));
    expect(store.keys.grantKey(grant.id)).toBeUndefined();
  });

  test('a grant that is given to somebody else has no password any more, one whose receipt is redeemed has it still', () => {
    const moved = newGrant('ap_1', { source: 'payment', subject: { kind: 'nfc', id: 'one' } });
    const redeemed = newGrant('ap_1', { source: 'payment', subject: { kind: 'receipt', id: 'two' } });
    const key: GrantPassword = { ssid: undefined, password: 'a password' };
    [moved, redeemed].forEach((grant) => store.grants.saveGrant(grant));
    store.keys.saveGrantKeys(new Map([[moved.id, key], [redeemed.id, key]]));
    store.grants.saveGrant({ ...moved, endsAt: after(1) });
    expect(store.keys.grantKey(moved.id)).toEqual(key);
    store.grants.saveGrant({ ...moved, subject: { kind: 'nfc', id: 'three' } });
    store.grants.saveGrant({ ...redeemed, subject: { kind: 'phone', id: 'four' } });
    expect([store.keys.grantKey(moved.id), store.keys.grantKey(redeemed.id)]).toEqual([undefined, key]);
  });

  test('a password without a key is no key of a network, and gets one without being another', () => {
    const grant = newGrant('ap_1');
    const { id } = grant;
    store.grants.saveGrant(grant);
    store.keys.saveGrantKeys(new Map([[id, key]]));
    expect(store.keys.grantKey(id)).toEqual(key);
    expect(store.keys.grantKeys()).toEqual(new Map());
  });

  test('grants that are over by a moment, and when the next one is', () => {
    const grants = [1, 2, 3].map((index) => newGrant('ap_1', { endsAt: after(index), quotaBytes: 1n }));
    grants.forEach((grant, index) => {
      store.grants.saveGrant(grant);
      store.meters.saveUsage(grant.id, { ...noUsage, spentAt: after(index) });
    });
    expect(store.grants.grantsEndingBy(after(2), 10).map(({ id }) => id)).toEqual([grants[0]!.id, grants[1]!.id]);
    expect(store.grants.grantsEndingBy(after(2), 1)).toEqual([grants[0]]);
    expect(store.grants.grantsSpentBy(after(0), 10)).toEqual([grants[0]]);
    expect([store.grants.firstEndAfter(after(2)), store.grants.firstEndAfter(after(3)), store.grants.firstSpentAfter(after(0))]).toEqual([after(3), undefined, after(1)]);
    store.grants.saveGrant({ ...grants[0]!, state: 'ended', closedAt: after(1), closedBy: 'agent' });
    expect([store.grants.grantsEndingBy(after(2), 10), store.grants.grantsSpentBy(after(0), 10)]).toEqual([[grants[1]], []]);
    expect(store.meters.usage(grants[0]!.id)).toEqual({ ...noUsage, spentAt: undefined });
  });

  test('sessions outlive a restart, and those that are odd are found', async () => {
    const [over, fine, restricted] = [newGrant('ap_1', { state: 'revoked' }), newGrant('ap_1'), newGrant('ap_1')];
    [over, fine, restricted].forEach((grant) => store.grants.saveGrant(grant));
    const session: Session = {
      nas: 'hall', nasAddress: '192.0.2.1', nasIdentifier: 'ap-7', sessionId: 'A1', mac, grantId: over.id, restricted: false,
      bytesIn: 1n, bytesOut: 2n, seconds: 3, heardAt: after(1), happenedAt: after(0), endedAt: undefined, lost: false,
    };
    const others: Session[] = [
      { ...session, sessionId: 'A2', mac: '02:00:00:00:00:02', grantId: fine.id, nasIdentifier: undefined, heardAt: after(3) },
      { ...session, sessionId: 'A3', mac: '02:00:00:00:00:03', grantId: restricted.id, nasIdentifier: 'ap-8', restricted: true, heardAt: after(2) },
    ];
    [session, ...others].forEach((each) => store.sessions.saveSession(each));
    await reopen();
    expect(store.sessions.session(session)).toEqual(session);
    expect(store.sessions.sessions(10)).toEqual([others[0], others[1], session]);
    expect(store.sessions.sessionsOf(over.id)).toEqual([session]);
    expect(store.sessions.grantsWithOddSessions().sort()).toEqual([over.id, restricted.id].sort());
    store.sessions.endSession(session, after(4));
    store.sessions.restrictSession(others[1]!, false);
    expect(store.sessions.grantsWithOddSessions()).toEqual([]);
    // The one access point of an address names itself, so another there is meant.
    store.sessions.endSessionsAt({ nas: 'hall', nasAddress: '192.0.2.1', nasIdentifier: 'ap-7' }, after(5));
    expect(store.sessions.sessions(10).map(({ sessionId }) => sessionId)).toEqual(['A3']);
    expect(store.sessions.session(others[0]!)).toMatchObject({ endedAt: after(5), lost: true });
    store.sessions.endSessionsBefore({ ...others[1]!, sessionId: 'A4' }, after(6));
    expect(store.sessions.sessions(10)).toEqual([]);
    store.sessions.forgetSessions({ ended: after(5), heard: after(0) });
    expect([store.sessions.session(session), store.sessions.session(others[0]!)?.sessionId]).toEqual([undefined, 'A2']);
  });
});
