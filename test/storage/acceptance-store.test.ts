import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseAmount } from '../../src/domain/money.ts';
import { receiptIdOf } from '../../src/protocol/code-receipt.ts';
import { CodeAcceptance } from '../../src/roles/codes/acceptance.ts';
import { openAcceptanceStore, type AcceptanceStore } from '../../src/storage/acceptance-store.ts';
import { Issuer, newKey, payeeId } from '../codes/issuer.ts';
import { canMount } from './mount.ts';
import { runProgramMounted, startProgram } from './program.ts';

const start = new Date('2026-11-30T10:00:00Z');
const amount = parseAmount('1.00EUR');
let folder: string;
let path: string;
let issuer: Issuer;
const open: AcceptanceStore[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-acceptance-'));
  path = join(folder, 'register.db');
  issuer = new Issuer();
});

afterEach(async () => {
  open.splice(0).forEach((store) => store.close());
  await rm(folder, { recursive: true });
});

async function opened(lockTimeoutMs = 5000): Promise<{ readonly store: AcceptanceStore; readonly acceptance: CodeAcceptance }> {
  const store = await openAcceptanceStore({ path, lockTimeoutMs });
  open.push(store);
  const acceptance = new CodeAcceptance({
    register: { id: 'tok_register', payeeId, currency: 'EUR' }, journal: store, receiptKey: newKey().privateKey, clock: { now: () => start },
    rules: { bindAbove: undefined, trustWarnMs: 1e9, trustMaxMs: 1e9 },
  });
  return { store, acceptance };
}

test('what was accepted and what is trusted outlives a restart', async () => {
  const { store, acceptance } = await opened();
  issuer.revoked.push('code_1', 'code_2');
  const revokedAt = new Date(start.getTime() - 1);
  // Another key has its id, and that one is revoked.
  await store.keepTrust({ ...issuer.trustList(start), keys: [issuer.trusted, { ...new Issuer().trusted, id: issuer.trusted.id, revokedAt }] });
  const wallet = issuer.wallet(start);
  const { accepted } = await acceptance.accept({ text: wallet.shows(3, start), amount, memo: 'cake', key: 'k' });
  store.close();
  const again = (await opened()).store;
  expect(again.trust()).toMatchObject({ issuer: 'issuer_1', asOf: start });
  expect(again.keys().map((key) => [key.id, key.revokedAt])).toEqual(expect.arrayContaining([[issuer.trusted.id, revokedAt], [issuer.trusted.id, undefined]]));
  expect([again.isRevoked('code_2'), again.isRevoked('code_3'), again.revoked()]).toEqual([true, false, ['code_1', 'code_2']]);
  expect(again.ofKey('k')).toMatchObject({ memo: 'cake', receipt: accepted!.receipt, settleBy: accepted!.settleBy });
  expect(again.taken(wallet.token.id, 3)).toEqual({ uses: 1, minor: 100n, hasCounter: true });
  expect(again.taken(wallet.token.id, 4)).toEqual({ uses: 1, minor: 100n, hasCounter: false });
});

describe('two at one register', () => {
  test('of the same showing one is accepted', async () => {
    const pair = [await opened(), await opened()];
    await pair[0]!.store.keepTrust(issuer.trustList(start));
    const text = issuer.wallet(start).shows(1, start);
    const decisions = await Promise.all(pair.map(({ acceptance }) => acceptance.accept({ text, amount })));
    expect(decisions.map(({ refusal }) => refusal?.code).sort()).toEqual(['code_used', undefined]);
    expect(pair[0]!.store.waiting().count).toBe(1);
  });

  test('together they take no more than there is', async () => {
    const pair = [await opened(), await opened()];
    await pair[0]!.store.keepTrust(issuer.trustList(start));
    const wallet = issuer.wallet(start, { uses: 5, maxEach: 100n, maxTotal: 300n });
    const decisions = await Promise.all([1, 2, 3, 4, 5, 6].map((counter) => pair[counter % 2]!.acceptance.accept({ text: wallet.shows(counter, start), amount })));
    expect(decisions.filter(({ accepted }) => accepted !== undefined)).toHaveLength(3);
    expect(decisions.flatMap(({ refusal }) => refusal?.code ?? [])).toEqual(['code_spent', 'code_spent', 'code_spent']);
  });

  test('the same key is one acceptance', async () => {
    const pair = [await opened(), await opened()];
    await pair[0]!.store.keepTrust(issuer.trustList(start));
    const text = issuer.wallet(start).shows(1, start);
    const decisions = await Promise.all(pair.map(({ acceptance }) => acceptance.accept({ text, amount, key: 'k' })));
    expect(decisions.map(({ refusal }) => refusal)).toEqual([undefined, undefined]);
    expect(pair[0]!.store.waiting().count).toBe(1);
  });
});

test('a lock that stays is no acceptance', async () => {
  const { store, acceptance } = await opened(50);
  await store.keepTrust(issuer.trustList(start));
  const other = new DatabaseSync(path);
  other.exec('begin immediate');
  const text = issuer.wallet(start).shows(1, start);
  await expect(acceptance.accept({ text, amount })).rejects.toMatchObject({ code: 'storage_locked' });
  other.exec('rollback');
  other.close();
  expect(store.waiting().count).toBe(0);
  expect((await acceptance.accept({ text, amount })).refusal).toBe(undefined);
});

test('what was said to be accepted is there after the process was killed', async () => {
  const program = startProgram('accept-codes', path);
  const said = [await program.line(), await program.line(), await program.line()];
  await program.kill();
  const { store } = await opened();
  const kept = store.unsettled(1000).map(({ signedReceipt }) => receiptIdOf(signedReceipt));
  expect(kept).toEqual(expect.arrayContaining(said));
  // It may have been killed behind the disk and before its word: that one is there as well.
  expect(store.waiting().count).toBeGreaterThanOrEqual(said.length);
});

test('another program’s database is left alone', async () => {
  const raw = new DatabaseSync(path);
  raw.exec('create table notes (text)');
  raw.close();
  await expect(opened()).rejects.toMatchObject({ code: 'storage_unavailable' });
});

test.skipIf(!canMount)('on a full disk it is refused, and what was accepted before is there', async () => {
  const mount = `mount -t tmpfs -o size=4m tmpfs ${folder}`;
  expect(await runProgramMounted(mount, 'accept-until-full', path)).toEqual({ code: 'storage_full', lost: 0, some: true, afterwards: true });
}, 60_000);

test('nothing in the file names who pays', async () => {
  const { store, acceptance } = await opened();
  await store.keepTrust(issuer.trustList(start));
  await acceptance.accept({ text: issuer.wallet(start).shows(1, start), amount, memo: 'cake' });
  const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name))));
  const accounts = files.flatMap((bytes) => bytes.toString('latin1').match(/acc_[A-Za-z0-9_-]{22}/g) ?? []);
  expect(new Set(accounts)).toEqual(new Set([]));
  expect(files.some((bytes) => bytes.includes('cake'))).toBe(true);
});
