import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
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

test('a torn last line counts as not written, and damage is said', async () => {
  await open().begin(begun('key-1'));
  appendFileSync(path(), '{"key":"key-1","end');
  expect(await open().pending('acc_1')).toMatchObject(begun('key-1'));
  await open().end(begun('key-1'), { kind: 'cancelled' });
  expect(await open().pending('acc_1')).toBeUndefined();
  appendFileSync(path(), 'nonsense\n');
  await expect(open().pending('acc_1')).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining('damaged') });
});

test('what could not be read again is not written', async () => {
  const { request } = begun('key-1');
  await expect(open().begin({ ...begun('key-1'), request: { ...request, memo: 'm'.repeat(65) } })).rejects.toMatchObject({ code: 'invalid_input' });
  expect(existsSync(path())).toBe(false);
  await open().begin(begun('key-1'));
  const written = readFileSync(path(), 'utf8');
  await expect(open().end(begun('key-1'), { ...refused, message: 'm'.repeat(1025) })).rejects.toMatchObject({ code: 'invalid_input' });
  expect(readFileSync(path(), 'utf8')).toBe(written);
  expect(await open().pending('acc_1')).toMatchObject(begun('key-1'));
});

test('of very many the last are kept, and what is open', async () => {
  await open().begin(begun('open'));
  const [line] = readFileSync(path(), 'utf8').split('\n');
  for (let at = 2; at <= 2000; at += 1) {
    appendFileSync(path(), `${line!.replaceAll('"open"', `"key-${at}"`)}\n{"key":"key-${at}","ended":{"kind":"cancelled"}}\n`);
  }
  await open().begin(begun('next'));
  const kept = open().payments('acc_1');
  expect(kept.map((each) => each.begun.request.key).slice(0, 2)).toEqual(['open', 'key-1001']);
  expect(kept).toHaveLength(1002);
  expect(await open().find('acc_1', 'key-2000')).toMatchObject({ end: { kind: 'cancelled' } });
  expect(await open().find('acc_1', 'key-2')).toBeUndefined();
});
