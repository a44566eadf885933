import { expect, test } from 'vitest';
import { LatchkeyError } from '../../domain/errors.ts';
import { afterCharge } from './after-charge.ts';

const printing = { failure: 'it could not be printed', wayOut: 'Print it later.' };

test('what follows a charge brings what it brings', async () => {
  expect(await afterCharge(printing, async () => 7)).toEqual({ done: 7, trouble: undefined });
});

test.each([
  [new LatchkeyError('storage_full'), 'The disk is full.'],
  [new TypeError('nobody foresaw it'), 'TypeError: nobody foresaw it.'],
])('whatever is thrown there (%s), the charge stands', async (error, message) => {
  const { done, trouble } = await afterCharge(printing, () => Promise.reject(error));
  expect([done, trouble]).toEqual([undefined, `It is charged, but it could not be printed. ${message} Print it later.`]);
});
