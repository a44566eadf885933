import { expect, test } from 'vitest';
import { quietMoment } from './quiet-moment.ts';

/** Keeps every turn of the event loop busy for a while; resolves to how many it was. */
function bustle(ms: number): Promise<number> {
  const until = performance.now() + ms;
  let turns = 0;
  return new Promise((resolve) => {
    const turn = () => {
      const turnUntil = performance.now() + 1;
      while (performance.now() < turnUntil);
      turns += 1;
      if (performance.now() < until) setImmediate(turn);
      else resolve(turns);
    };
    turn();
  });
}

test('where nothing else is to be done it comes at once', async () => {
  const from = performance.now();
  for (let times = 0; times < 20; times++) {
    await quietMoment(1000);
  }
  expect(performance.now() - from).toBeLessThan(1000);
});

test('it waits for who is at work, and no longer', async () => {
  let over = false;
  const bustling = bustle(60).finally(() => (over = true));
  await quietMoment(10_000);
  expect(over).toBe(true);
  expect(await bustling).toBeGreaterThan(1);
});

test('who works on and on does not hold it up for ever', async () => {
  let over = false;
  const bustling = bustle(200).finally(() => (over = true));
  await quietMoment(20);
  expect(over).toBe(false);
  await bustling;
});
