import { expect, test } from 'vitest';
import { errorTable, isErrorCode, LatchkeyError } from './errors.ts';

test('every code has an exit status of the contract, an HTTP error status, a title and a hint', () => {
  for (const [code, entry] of Object.entries(errorTable)) {
    expect(code).toMatch(/^[a-z_]+$/);
    expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 130]).toContain(entry.exit);
    expect(entry.http === 207 || (entry.http >= 400 && entry.http < 600)).toBe(true);
    expect(entry.title).not.toMatch(/[.!]$/);
    expect(entry.hint).toMatch(/[.]$/);
  }
});

test('an error takes exit, status and hint from the table, and a better hint where one is known', () => {
  const error = new LatchkeyError('device_spent');
  expect([error.exit, error.http, error.message]).toEqual([4, 403, 'The device’s pass_tmp is already used']);
  expect(new LatchkeyError('internal', 'x', { hint: 'y.' }).hint).toBe('y.');
});

test('only own keys of the table are codes', () => {
  expect(isErrorCode('timed_out')).toBe(true);
  expect(isErrorCode('toString')).toBe(false);
  expect(isErrorCode(7)).toBe(false);
});
