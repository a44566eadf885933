import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseAmount } from '../../domain/money.ts';
import type { BegunPayment } from '../../roles/wallet/payer.ts';
import { PaymentFile } from './payment-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lk-payments-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const begunAt = new Date('2026-11-30T16:00:00.000Z');
const payee = { id: 'acc_2', name: 'Café', currency: 'EUR' };
const open = () => new PaymentFile(folder);
const path = () => join(folder, 'acc_1.payments.ndjson');
const begun = (key: string): BegunPayment => ({
  accountId: 'acc_1',
  payee,
  codeNumber: 3,
  begunAt,
  request: { key, accountId: 'acc_1', payeeId: payee.id, amount: parseAmount('2.00EUR'), password: 'p'.repeat(43), codeNumber: 3 },
});
const refused = { kind: 'refused', code: 'password_wrong', message: 'no' } as const;

test('what was begun is open until it has ended, also for who comes later', async () => {
  await open().begin(begun('key-1'));
  expect(await open().pending('acc_1')).toMatchObject(begun('key-1'));
  await open().giveUp(begun('key-1'));
  expect(await open().pending('acc_1')).toMatchObject({ givenUp: true });
  await open().end(begun('key-1'), refused);
  expect([await open().pending('acc_1'), await open().pending('acc_2')]).toEqual([undefined, undefined]);
  expect(await open().find('acc_1', 'key-1')).toMatchObject({ codeNumber: 3, end: refused });
  expect(statSync(path()).mode & 0o077).toBe(0);
});

test('a code that is asked for is asked for again, the same', async () => {
  const asked = begun('key-1');
  const code = { maxEach: 500n, uses: 10, payees: ['acc_2'], validMs: 86_400_000, holderKey: Buffer.alloc(32, 7) };
  await open().begin({ ...asked, request: { ...asked.request, code } });
  expect((await open().pending('acc_1'))?.request.code).toEqual(code);
});

test('the request for access that it pays is paid again, the same', async () => {
  const asked = begun('key-1');
  await open().begin({ ...asked, request: { ...asked.request, shareRequestId: 'srq_1' } });
  expect((await open().pending('acc_1'))?.request.shareRequestId).toBe('srq_1');
});

test('of very many the last are kept as they were, and what is open', async () => {
  await open().begin(begun('open'));
  await open().giveUp(begun('open'));
  const [line] = readFileSync(path(), 'utf8').split('\n');
  const ended = Array.from({ length: 1999 }, (_, at) => `${line!.replaceAll('"open"', `"key-${at + 2}"`)}\n{"key":"key-${at + 2}","ended":{"kind":"cancelled"}}\n`);
  appendFileSync(path(), ended.join(''));
  await open().begin(begun('next'));
  expect(open().payments('acc_1')[0]).toMatchObject({ begun: { ...begun('open'), givenUp: true }, end: undefined });
  expect(await open().find('acc_1', 'key-2000')).toMatchObject({ ...begun('key-2000'), end: { kind: 'cancelled' } });
  expect(await open().find('acc_1', 'key-2')).toBeUndefined();
});
