import { expect, test } from 'vitest';
import { remember } from './remember.ts';

test('of too many the one that was longest not set is forgotten', () => {
  const map = new Map<string, number>();
  for (const [index, key] of ['a', 'b', 'a', 'c'].entries()) {
    remember(map, key, index, 2);
  }
  expect([...map]).toEqual([['a', 2], ['c', 3]]);
});
