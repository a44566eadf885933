import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseAmount } from '../../domain/money.ts';
import type { Charge } from '../../roles/pos/ports.ts';
import { ChargeFile } from './charge-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lk-charges-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const begunAt = new Date('2026-11-30T16:00:00.000Z');
const open = () => new ChargeFile('pos_1', folder);
const path = () => join(folder, 'pos_1.charges.ndjson');
const wallet = { accountId: 'acc_1', terminalId: 'tok_1' };
const charge = (key: string): Charge => ({ key, amount: parseAmount('2.00EUR'), memo: 'cake', authority: { kind: 'wallet', ...wallet, codeNumber: 3, password: 'p'.repeat(43) } });
const begun = (key: string, order = key) => ({ order, charge: charge(key), begunAt });

test('what was begun is open until it has ended, also for who comes later', async () => {
  const file = open();
  const first = await file.begin(begun('key-1'));
  expect(await open().pending()).toEqual([{ ...begun('key-1'), number: 1 }]);
  await file.end(first, { kind: 'refused', code: 'password_wrong', message: 'no' });
  const second = await file.begin(begun('key-2', 'key-1'));
  expect([await file.pending(), await file.paid('key-1')]).toEqual([[second], undefined]);
  await open().end(second, { kind: 'charged', saleId: 'sal_1' });
  expect(await file.pending()).toEqual([]);
  expect(await file.paid('key-1')).toEqual({ ...second, end: { kind: 'charged', saleId: 'sal_1' } });
  expect(statSync(path()).mode & 0o077).toBe(0);
});

test('a wallet is told of its last charge once', async () => {
  const file = open();
  expect(await file.untold(wallet)).toBeUndefined();
  const first = await file.begin(begun('key-1'));
  expect(await file.untold(wallet)).toBeUndefined();
  await file.end(first, { kind: 'charged', saleId: 'sal_1' });
  expect(await open().untold(wallet)).toMatchObject({ number: 1 });
  expect(await file.untold({ ...wallet, terminalId: 'tok_2' })).toBeUndefined();
  await file.told(first);
  expect(await open().untold(wallet)).toBeUndefined();
});

test('a torn last line counts as not written, and damage is said', async () => {
  const file = open();
  await file.begin(begun('key-1'));
  appendFileSync(path(), '{"number":2,"beg');
  expect(await open().pending()).toHaveLength(1);
  expect(await open().begin(begun('key-2'))).toMatchObject({ number: 2 });
  expect(await open().pending()).toHaveLength(2);
  appendFileSync(path(), 'nonsense\n');
  await expect(open().pending()).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining('damaged') });
});

test('what could not be read again is not written', async () => {
  const tooLong = { ...begun('key-1'), charge: { ...charge('key-1'), memo: 'm'.repeat(65) } };
  await expect(open().begin(tooLong)).rejects.toMatchObject({ code: 'invalid_input', message: 'This charge cannot be written down.' });
  expect(existsSync(path())).toBe(false);
  const first = await open().begin(begun('key-1'));
  const written = readFileSync(path(), 'utf8');
  await expect(open().begin(tooLong)).rejects.toMatchObject({ code: 'invalid_input' });
  await expect(open().end(first, { kind: 'refused', code: 'password_wrong', message: 'm'.repeat(1025) })).rejects.toMatchObject({ code: 'invalid_input' });
  expect(readFileSync(path(), 'utf8')).toBe(written);
  expect(await open().pending()).toEqual([first]);
});

test('of very many the last are kept, and all that are open', async () => {
  const file = open();
  const kept = await file.begin(begun('open'));
  for (let at = 2; at <= 2000; at += 1) {
    appendFileSync(path(), readFileSync(path(), 'utf8').split('\n')[0]!.replace('"number":1', `"number":${at}`).replaceAll('"open"', `"key-${at}"`) + `\n{"number":${at},"ended":{"kind":"charged","sale_id":"sal_${at}"}}\n`);
  }
  const next = await open().begin(begun('next'));
  expect(next.number).toBe(2001);
  expect(await open().pending()).toEqual([kept, next]);
  expect(await open().paid('key-2000')).toMatchObject({ end: { saleId: 'sal_2000' } });
  expect(await open().paid('key-2')).toBeUndefined();
  expect(readFileSync(path(), 'utf8').split('\n').length).toBeLessThan(2100);
});

test('one at a time', async () => {
  const order: string[] = [];
  const first = open().exclusively(async () => {
    order.push('first begins');
    await new Promise((resolve) => setImmediate(resolve));
    order.push('first ends');
  });
  const second = open().exclusively(async () => void order.push('second'));
  await Promise.all([first, second]);
  expect(order.indexOf('first ends') - order.indexOf('first begins')).toBe(1);
});
