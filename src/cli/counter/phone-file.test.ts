import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PhoneFile } from './phone-file.ts';

let folder: string;
let failures: unknown[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lk-phones-'));
  failures = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = () => new PhoneFile('pos_1', (error) => failures.push(error), folder);
const path = () => join(folder, 'pos_1.phones.json');

test('who was let in at an address last is known also to who comes later', () => {
  const phones = open();
  phones.note('192.0.2.1', 'grt_1');
  phones.note('192.0.2.2', 'grt_2');
  phones.note('192.0.2.1', 'grt_3');
  expect(['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((address) => open().find(address))).toEqual(['grt_3', 'grt_2', undefined]);
  expect(failures).toEqual([]);
});

test('what cannot be written fails nobody, is said, and is known until the register goes', () => {
  mkdirSync(`${path()}.part`);
  const phones = open();
  phones.note('192.0.2.1', 'grt_1');
  expect([phones.find('192.0.2.1'), failures]).toEqual(['grt_1', [expect.objectContaining({ code: 'EISDIR' })]]);
  expect(open().find('192.0.2.1')).toBeUndefined();
});

test('what is damaged counts as empty', () => {
  writeFileSync(path(), '{"192.0.2.1":');
  const phones = open();
  expect(phones.find('192.0.2.1')).toBeUndefined();
  phones.note('192.0.2.1', 'grt_1');
  expect(open().find('192.0.2.1')).toBe('grt_1');
});
