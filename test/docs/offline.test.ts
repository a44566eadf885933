import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { errorTable } from '../../src/domain/errors.ts';

/** Of temporary codes, and of what a counter's phones show. */
const ofOthers = ['code_superseded', 'code_unknown', 'receipt_code_invalid'];
const ofCodes = /^(code_|receipt_|trust_list_|dispute_|key_not_found$|register_clock_wrong$|account_suspended$|credit_in_use$|payment_of_code$)/;

test('the guide to paying offline says of each of its errors what to do', async () => {
  const guide = await readFile(new URL('../../docs/offline.md', import.meta.url), 'utf8');
  const told = guide.split('\n').filter((line) => line.startsWith('| `')).flatMap((line) => [...line.split('|')[1]!.matchAll(/`([a-z_]+)`/g)].map(([, code]) => code));
  const expected = Object.keys(errorTable).filter((code) => ofCodes.test(code) && !ofOthers.includes(code));
  expect(expected.length).toBeGreaterThan(25);
  expect(expected.filter((code) => !told.includes(code))).toEqual([]);
});
