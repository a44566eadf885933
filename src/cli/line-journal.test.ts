import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checker } from '../api/check.ts';
import { boolean, object, remark, type Static } from '../api/schema.ts';
import { LineJournal } from './line-journal.ts';

const lineSchema = object('Line', { key: remark }, { ended: boolean });
type Line = Static<typeof lineSchema>;
type Errands = Map<string, { readonly key: string; isOpen: boolean }>;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lk-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = () => join(folder, 'state', 'errands.ndjson');
const open = () => new LineJournal(path(), {
  check: checker(lineSchema),
  begin: (): Errands => new Map(),
  take: (errands: Errands, { key, ended }: Line) => void errands.set(key, { key, isOpen: ended !== true }),
  entries: (errands: Errands) => [...errands.values()],
  isOpen: ({ isOpen }) => isOpen,
  linesOf: ({ key, isOpen }): Line[] => [{ key }, ...(isOpen ? [] : [{ key, ended: true }])],
  of: 'errand',
  hint: 'Move it away.',
});
const keys = (journal = open()) => [...journal.read().keys()];
const written = () => readFileSync(path(), 'utf8');

test('what was added is there for who comes later, and for who has it open, readable to its owner alone', () => {
  const [one, other] = [open(), open()];
  expect(keys(one)).toEqual([]);
  one.add({ key: 'bread' });
  expect([keys(other), keys()]).toEqual([['bread'], ['bread']]);
  other.add({ key: 'milk' });
  one.add({ key: 'bread', ended: true });
  expect([...other.read().values()]).toEqual([{ key: 'bread', isOpen: false }, { key: 'milk', isOpen: true }]);
  expect(statSync(path()).mode & 0o077).toBe(0);
});

test('a torn last line counts as not written', () => {
  open().add({ key: 'bread' });
  appendFileSync(path(), '{"key":"mil');
  const journal = open();
  expect(keys(journal)).toEqual(['bread']);
  journal.add({ key: 'eggs' });
  expect([keys(journal), keys()]).toEqual([['bread', 'eggs'], ['bread', 'eggs']]);
});

test.each(['nonsense', '{"key":7}'])('a line of it that is %s is damage', (line) => {
  open().add({ key: 'bread' });
  appendFileSync(path(), `${line}\n`);
  const damaged = expect.objectContaining({ code: 'invalid_input', message: `The journal of errands ${path()} is damaged.`, hint: 'Move it away.' });
  expect(() => open().read()).toThrow(damaged);
  expect(() => open().add({ key: 'milk' })).toThrow(damaged);
});

test('what could not be read again is not written', () => {
  const tooLong = { key: 'b'.repeat(1025) };
  const refused = expect.objectContaining({ code: 'invalid_input', message: 'This errand cannot be written down.' });
  expect(() => open().add(tooLong)).toThrow(refused);
  expect(existsSync(path())).toBe(false);
  open().add({ key: 'bread' });
  const before = written();
  expect(() => open().add(tooLong)).toThrow(refused);
  expect([written(), keys()]).toEqual([before, ['bread']]);
});

test('of very many the last are kept, and all that are open', () => {
  const [journal, other] = [open(), open()];
  journal.add({ key: 'open' });
  expect(keys(other)).toEqual(['open']);
  const add = (from: number, to: number) => {
    const ended = Array.from({ length: to - from + 1 }, (_, at) => `{"key":"errand-${from + at}"}\n{"key":"errand-${from + at}","ended":true}\n`);
    appendFileSync(path(), ended.join(''));
  };
  add(2, 1999);
  const before = written();
  journal.shorten();
  expect(written()).toBe(before);
  add(2000, 2000);
  journal.shorten();
  expect(keys(journal)).toHaveLength(1001);
  expect(keys(journal).slice(0, 2)).toEqual(['open', 'errand-1001']);
  expect([...journal.read().values()].filter(({ isOpen }) => isOpen)).toEqual([{ key: 'open', isOpen: true }]);
  journal.add({ key: 'next' });
  expect(keys(other)).toEqual(keys(journal));
  expect([keys(other).at(-1), written().split('\n')]).toEqual(['next', expect.objectContaining({ length: 2003 })]);
});
