import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Grant } from '../../src/domain/grant.ts';
import { GroupCommit } from '../../src/roles/agent/group-commit.ts';
import { RegistryCopy, type News } from '../../src/roles/agent/registry-copy.ts';
import type { AgentStore } from '../../src/roles/agent/store.ts';
import { openAgentStore } from '../../src/storage/agent-store.ts';
import { after, newGrant } from '../storage/samples.ts';
import { testSealer } from '../storage/sealer.ts';

let folder: string;
let store: AgentStore;
let copy: RegistryCopy;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-copy-'));
  store = await openAgentStore({ path: join(folder, 'agent.db'), sealer: testSealer() });
  copy = new RegistryCopy(store, new GroupCommit(store));
});
afterEach(async () => {
  store.close();
  await rm(folder, { recursive: true });
});

const sold = newGrant('ap_1', { source: 'payment', allowedMs: 60_000, waitingMs: 60_000, revision: 3 });
const running: Grant = { ...sold, endsAt: after(60_010), waitingMs: undefined };

/** Sold, and begun at `after(10)`. */
async function begin(): Promise<void> {
  await copy.apply({ grants: [sold] });
  await copy.beginGrants([sold], after(10));
}

const tell = async (news: News) => (await copy.apply(news), store.grants.grant(sold.id));
const begunToTell = () => store.meters.untoldGrants(10).map(({ begun }) => begun);

test('begins once, and only what is as it was when the radio had it', async () => {
  await copy.apply({ grants: [sold] });
  await copy.beginGrants([{ ...sold, revision: 2 }], after(5));
  expect(store.grants.grant(sold.id)).toEqual(sold);
  await copy.beginGrants([sold], after(10));
  await copy.beginGrants([sold], after(20));
  expect(store.grants.grant(sold.id)).toEqual(running);
  expect(begunToTell()).toEqual([{ at: after(10), revision: 3 }]);
});

test('a registry that has not heard of the beginning does not undo it, nor does one that was set back to before it', async () => {
  await begin();
  expect(await tell({ grants: [sold] })).toEqual(running);
  const heard = { ...running, revision: 4 };
  store.meters.markGrantsTold(store.meters.untoldGrants(10));
  expect(await tell({ grants: [heard] })).toEqual(heard);
  expect(begunToTell()).toEqual([]);
  expect(await tell({ grants: [sold], setBack: true })).toEqual(running);
  expect(begunToTell()).toEqual([{ at: after(10), revision: 3 }]);
});

test('what was changed before the registry heard begins anew', async () => {
  await begin();
  const lengthened = { ...sold, waitingMs: 120_000, revision: 5 };
  expect(await tell({ grants: [lengthened] })).toEqual(lengthened);
  await copy.beginGrants([lengthened], after(30));
  expect(store.grants.grant(sold.id)).toMatchObject({ endsAt: after(120_030), waitingMs: undefined, revision: 5 });
  expect(begunToTell()).toEqual([{ at: after(30), revision: 5 }]);
  const paused: Grant = { ...sold, state: 'paused', waitingMs: 90_000, revision: 6 };
  await copy.apply({ grants: [paused] });
  await copy.beginGrants([paused], after(40));
  expect(store.grants.grant(sold.id)).toEqual(paused);
});
