import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KnownRegisters } from './known-registers.ts';

const till = { id: 'tok_1', name: 'Till 1', payeeId: 'acc_1', currency: 'EUR' };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lk-registers-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

test('a register is known by where it was reached, as it was last heard', () => {
  const registers = new KnownRegisters(folder);
  expect(registers.recall('pos')).toBe(undefined);
  registers.remember('pos', till);
  registers.remember('https://other.example:8420', { ...till, id: 'tok_2' });
  registers.remember('pos', { ...till, name: 'Till 7' });
  expect(new KnownRegisters(folder).recall('pos')).toEqual({ ...till, name: 'Till 7' });
  expect(registers.recall('https://other.example:8420')?.id).toBe('tok_2');
  expect(registers.recall('local')).toBe(undefined);
});

test('a damaged file is said to be damaged', () => {
  const registers = new KnownRegisters(folder);
  registers.remember('pos', till);
  const [file] = readdirSync(join(folder, 'registers'));
  for (const content of ['', '{', '{"at": "pos", "register_id": "a b"}', '{"at": "pos", "register_id": "tok_1", "name": "Till 1", "payee_id": "acc_1"}']) {
    writeFileSync(join(folder, 'registers', file!), content);
    expect(() => registers.recall('pos')).toThrow(expect.objectContaining({ code: 'invalid_input', hint: expect.stringContaining('code trust sync') }));
  }
});
