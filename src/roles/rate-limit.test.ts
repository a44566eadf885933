import { expect, test } from 'vitest';
import { RateLimit } from './rate-limit.ts';

test('lets a burst through, then as many as the rate allows, and says how long to wait', () => {
  let now = 0;
  const limit = new RateLimit({ perSecond: 0.5, burst: 2 }, () => now);
  expect([limit.take('a'), limit.take('a'), limit.take('a')]).toEqual([0, 0, 2]);
  expect(limit.take('b')).toBe(0);
  now = 2000;
  expect([limit.take('a'), limit.take('a')]).toEqual([0, 2]);
});

test('what is given back can be taken again', () => {
  const limit = new RateLimit({ perSecond: 1, burst: 1 }, () => 0);
  expect(limit.take('a')).toBe(0);
  limit.giveBack('a');
  expect([limit.take('a'), limit.take('a')]).toEqual([0, 1]);
});

test('no rate is no limit', () => {
  const limit = new RateLimit({ perSecond: 0, burst: 0 });
  expect(limit.take('a')).toBe(0);
});

test('any number of keys takes bounded memory, and the newest keep their standing', () => {
  const limit = new RateLimit({ perSecond: 0.001, burst: 1 }, () => 0);
  for (let key = 0; key < 100_000; key += 1) {
    limit.take(String(key));
  }
  expect(limit.take('99999')).toBeGreaterThan(0);
  expect(limit.take('0')).toBe(0);
});
