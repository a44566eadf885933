import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ShowingFile } from './showing-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lk-showings-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const code = 'code_nN4i0m0pR8mM9m6lq2c6Dw';
const at = new Date('2026-11-30T16:00:00.000Z');
const later = new Date('2026-11-30T16:05:00.000Z');
const payees = [{ id: 'acc_cafe', name: 'Café', currency: 'EUR' }];
const open = () => new ShowingFile(folder);
const path = () => join(folder, `${code}.showings.ndjson`);
const untouched = { takenBackAt: undefined, settled: undefined };

test('what was shown, taken back and settled is there for who comes later', async () => {
  await open().begin(code, payees);
  expect(await open().of(code)).toEqual({ payees, showings: [], revokedAt: undefined });
  await open().show(code, { counter: 1, at, amount: undefined, payeeId: undefined });
  await open().show(code, { counter: 2, at, amount: 320n, payeeId: 'acc_cafe' });
  await open().takeBack(code, 1, later);
  await open().correct(code, { settled: [{ counter: 2, amount: 320n, at }, { counter: 4, amount: 100n, at }], revokedAt: later });
  expect(await open().of(code)).toEqual({
    payees,
    showings: [
      { counter: 1, at, amount: undefined, payeeId: undefined, ...untouched, takenBackAt: later },
      { counter: 2, at, amount: 320n, payeeId: 'acc_cafe', ...untouched, settled: 320n },
      { counter: 4, at, amount: undefined, payeeId: undefined, ...untouched, settled: 100n },
    ],
    revokedAt: later,
  });
  expect(statSync(path()).mode & 0o077).toBe(0);
});

test('beginning again changes nothing', async () => {
  await open().begin(code, payees);
  await open().show(code, { counter: 1, at, amount: undefined, payeeId: undefined });
  await open().begin(code, []);
  expect(await open().of(code)).toMatchObject({ payees, showings: [{ counter: 1 }] });
});

test('what was begun and torn is begun again', async () => {
  appendFileSync(path(), '{"code_id":"code_nN4i0');
  await open().begin(code, payees);
  expect(await open().of(code)).toEqual({ payees, showings: [], revokedAt: undefined });
});

test('a torn last line was never shown; a damaged or missing journal shows nothing more', async () => {
  await open().begin(code, payees);
  await open().show(code, { counter: 1, at, amount: undefined, payeeId: undefined });
  const whole = readFileSync(path(), 'utf8');
  appendFileSync(path(), whole.split('\n')[1]!.replace('"counter":1', '"counter":2').slice(0, -5));
  expect((await open().of(code)).showings).toHaveLength(1);
  await open().show(code, { counter: 2, at: later, amount: undefined, payeeId: undefined });
  expect((await open().of(code)).showings).toMatchObject([{ counter: 1, at }, { counter: 2, at: later }]);
  appendFileSync(path(), 'nonsense\n');
  await expect(open().of(code)).rejects.toMatchObject({ code: 'invalid_input', hint: expect.stringContaining('latchkey code revoke') });
  await open().forget(code);
  await expect(open().of(code)).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining('is gone') });
});

test('of a code that is revoked nothing else has to be known', async () => {
  await open().correct(code, { settled: [], revokedAt: later });
  expect(await open().of(code)).toEqual({ payees: [], showings: [], revokedAt: later });
});
