import { afterEach, expect, test } from 'vitest';
import { parseAmount } from '../../src/domain/money.ts';
import { Housekeeping } from '../../src/roles/housekeeping.ts';
import { LedgerService } from '../../src/roles/ledger/service.ts';
import { PosService } from '../../src/roles/pos/service.ts';
import { subjectOf } from '../../src/roles/pos/subjects.ts';
import type { Store } from '../../src/roles/store.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { codeOf, TestClock } from '../contract/roles.harness.ts';
import { addAccessPoint, newAttempt, newEnrollCode, newEvent } from '../storage/samples.ts';
import { testSealer } from '../storage/sealer.ts';
import { systemRandom } from './running-server.ts';

const dayMs = 86_400_000;
let store: Store;
afterEach(() => store.close());

async function house(bounds?: { attemptsOfAp: number; attemptDays: number }) {
  store = await openMemoryStore(testSealer());
  const clock = new TestClock();
  return { clock, housekeeping: new Housekeeping({ store, clock, random: systemRandom }, bounds), apId: await addAccessPoint(store) };
}

async function attempts(apId: string) {
  return (await store.attempts.list({ apIds: [apId] }, { limit: 1000 })).items;
}

test('attempts are kept for a month, however many are to be forgotten then', async () => {
  const { clock, housekeeping, apId } = await house();
  const at = clock.now();
  await store.attempts.add(apId, Array.from({ length: 2500 }, () => newAttempt({ at })));
  clock.pass(29 * dayMs);
  await housekeeping.keep();
  expect(await attempts(apId)).toHaveLength(1000);
  clock.pass(dayMs);
  const fresh = newAttempt({ at: clock.now() });
  await store.attempts.add(apId, [fresh]);
  await housekeeping.keep();
  expect(await attempts(apId)).toEqual([{ ...fresh, apId }]);
});

test('of an access point so many are kept, counted now and then', async () => {
  const { clock, housekeeping, apId } = await house({ attemptsOfAp: 3, attemptDays: 30 });
  const flood = async () => store.attempts.add(apId, Array.from({ length: 10 }, () => newAttempt({ at: clock.now() })));
  await flood();
  await housekeeping.keep();
  expect(await attempts(apId)).toHaveLength(3);
  await flood();
  await housekeeping.keep();
  expect(await attempts(apId)).toHaveLength(13);
  clock.pass(10 * 60_000);
  await housekeeping.keep();
  expect(await attempts(apId)).toHaveLength(3);
});

test('what terminals were told is kept for a week', async () => {
  const { clock, housekeeping } = await house();
  await store.events.append(Array.from({ length: 600 }, () => newEvent('tok_1', { at: clock.now() })));
  clock.pass(7 * dayMs - 60_000);
  await store.events.append([newEvent('tok_1', { at: clock.now() })]);
  await housekeeping.keep();
  expect(await store.events.range('tok_1')).toEqual({ last: 601, first: 1 });
  clock.pass(60_000);
  await housekeeping.keep();
  expect(await store.events.range('tok_1')).toEqual({ last: 601, first: 601 });
});

test('an enrolment code is forgotten when it has expired', async () => {
  const { clock, housekeeping } = await house();
  const code = newEnrollCode({ createdAt: clock.now(), expiresAt: clock.now() });
  await store.enrollCodes.insert(code, new Uint8Array(32));
  await housekeeping.keep();
  expect(await store.enrollCodes.take(new Uint8Array(32), new Date(0))).toBeUndefined();
});

test('a tap that was refused stays so, however long after', async () => {
  const { clock, housekeeping } = await house();
  const context = { store, clock, random: systemRandom, actor: { kind: 'local' } } as const;
  const [ledger, pos] = [new LedgerService(context), new PosService(context)];
  await ledger.open({ name: 'Café', currency: 'EUR' });
  await pos.describe({ account: 'Café' });
  const { id: accountId } = await ledger.open({ name: 'Anna', currency: 'EUR' });
  await ledger.topUp(accountId, parseAmount('5.00EUR'));
  const uid = Buffer.from('04112233445566', 'hex');
  const tap = (key: string) => pos.charge({ key, amount: parseAmount('1.00EUR'), authority: { kind: 'mandate', uid } });
  expect(await codeOf(tap('early'))).toBe('mandate_missing');
  const { id: subjectId } = await subjectOf(context, { kind: 'nfc', uid });
  await store.mandates.set({ subjectId, accountId, currency: 'EUR', perTap: 500n, perDay: 500n, setAt: clock.now(), endedAt: undefined });
  clock.pass(365 * dayMs);
  await housekeeping.keep();
  expect(await codeOf(tap('early'))).toBe('mandate_missing');
  expect((await ledger.account(accountId)).balance).toBe(500n);
  expect(await codeOf(tap('late'))).toBeUndefined();
});
