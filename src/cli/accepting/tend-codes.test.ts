import { expect, test } from 'vitest';
import type { Counter } from '../counter/open-counter.ts';
import type { CounterEventWire } from '../present/counter-events.ts';
import { tendCodes } from './tend-codes.ts';

test('what nobody foresaw is told whoever looks at the register, for nothing is settled any more', async () => {
  await using closing = new AsyncDisposableStack();
  const logged: string[] = [];
  let told!: (event: CounterEventWire) => void;
  const event = new Promise<CounterEventWire>((resolve) => (told = resolve));
  const haveReceiptKey = () => Promise.reject(new TypeError('x is not a function'));
  const counter = { register: { id: 'tok_1', payeeId: 'acc_1' }, secrets: { haveReceiptKey }, pos: {} } as unknown as Counter;
  const codes = { trust: () => Promise.reject(new Error('not asked')), settle: () => Promise.reject(new Error('not asked')) };
  const end = tendCodes(counter, codes, {}, { closing, guard: { tell: async () => {} }, emit: told, log: (_level, message) => logged.push(message) });
  expect(await event).toEqual({ event: 'codes_failed', error_code: 'internal', message: 'TypeError: x is not a function' });
  expect(logged).toEqual(['Credit payment codes are not looked after any more.']);
  await end();
});
