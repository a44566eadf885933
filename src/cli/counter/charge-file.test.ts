import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
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

test('of very many the last are kept as they were, and all that are open', async () => {
  const file = open();
  const kept = await file.begin(begun('open'));
  const [line] = readFileSync(path(), 'utf8').split('\n');
  const ended = Array.from({ length: 1999 }, (_, at) => at + 2).map((number) =>
    `${line!.replace('"number":1', `"number":${number}`).replaceAll('"open"', `"key-${number}"`)}\n{"number":${number},"ended":{"kind":"charged","sale_id":"sal_${number}"}}\n`);
  appendFileSync(path(), ended.join(''));
  await file.told({ ...kept, number: 2000 });
  const next = await open().begin({ ...begun('next'), charge: { ...charge('next'), authority: { ...charge('next').authority, terminalId: 'tok_2' } as Charge['authority'] } });
  expect(next.number).toBe(2001);
  expect(await open().pending()).toEqual([kept, next]);
  expect(await open().paid('key-2000')).toMatchObject({ number: 2000, end: { kind: 'charged', saleId: 'sal_2000' } });
  expect([await open().untold(wallet), await open().paid('key-2')]).toEqual([undefined, undefined]);
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
