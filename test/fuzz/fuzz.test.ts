import { expect, test } from 'vitest';
import { fuzz, readCorpus, seedOfThisRun } from './fuzz.ts';
import { outcomeOf } from './promises.ts';

const milliseconds = 3000;

test('what once had an outcome of its own is kept, and keeps every promise', () => {
  const outcomes = new Map<string, string>();
  for (const text of readCorpus()) {
    outcomes.set(outcomeOf(text), text);
  }
  expect(outcomes.size).toBeGreaterThan(350);
});

test(`codes and receipts that are changed in any way keep every promise, for ${milliseconds / 1000} seconds`, () => {
  const { cases, outcomes } = fuzz(seedOfThisRun(), milliseconds);
  expect(cases).toBeGreaterThan(100);
  // Much of it is refused for what it says, and not only because it is torn.
  for (const outcome of ['a code', 'a receipt', 'code_signature_invalid: The code is not signed by the server']) {
    expect(outcomes.get(outcome)).toBeGreaterThan(0);
  }
  expect([...outcomes.values()].filter((count) => count > 0).length).toBeGreaterThan(40);
});
