import { expect, test } from 'vitest';
import { remainingForPeople } from './share-access.ts';

test.each([
  ['214443B', '214 kB left'],
  ['40MB', '40.0 MB left'],
  ['1B', 'nothing left'],
  ['10min', '10 min left'],
  ['', ' left'],
  ['\u001b[2Jmuch', '\\x1b[2Jmuch left'],
])('a warning that %j is left says so to people', (remaining, words) => {
  expect(remainingForPeople(remaining)).toBe(words);
});
