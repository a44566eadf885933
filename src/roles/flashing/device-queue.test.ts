import { expect, test } from 'vitest';
import { DeviceQueue } from './device-queue.ts';

const { signal } = new AbortController();

async function* chunks(...lists: readonly string[][]) {
  for (const list of lists) {
    yield list.map((uuid) => ({ uuid }));
  }
}

test('each device is taken once, in order, over all chunks, and then there is no more', async () => {
  const queue = new DeviceQueue(chunks(['a', 'b'], [], ['c']));
  const taken = await Promise.all(['s1', 's2', 's1'].map((station) => queue.take(station, signal)));
  expect(taken.map((device) => device?.uuid).sort()).toEqual(['a', 'b', 'c']);
  taken.forEach(() => queue.settle());
  expect(await queue.take('s1', signal)).toBeUndefined();
  expect(queue.hasMore(new Set())).toBe(false);
});

test('what is given back is the next, also for a station that found the queue empty', async () => {
  const queue = new DeviceQueue(chunks(['a', 'b']));
  const a = await queue.take('s1', signal);
  queue.giveBack(a!);
  expect((await queue.take('s1', signal))?.uuid).toBe('a');
  const b = await queue.take('s2', signal);
  const waiting = queue.take('s3', signal);
  queue.giveBack(b!);
  expect((await waiting)?.uuid).toBe('b');
  queue.settle();
  queue.settle();
  expect(await queue.take('s3', signal)).toBeUndefined();
});

test('what is kept for a station goes to it, or to the others once it is gone', async () => {
  const queue = new DeviceQueue(chunks(['a', 'b', 'c']), new Map([['a', 's2'], ['c', 's3']]));
  expect((await queue.take('s1', signal))?.uuid).toBe('b');
  expect((await queue.take('s2', signal))?.uuid).toBe('a');
  queue.leave('s3');
  expect((await queue.take('s1', signal))?.uuid).toBe('c');
});

test('who waits is told of the end', async () => {
  const queue = new DeviceQueue(chunks(['a']));
  expect((await queue.take('s1', signal))?.uuid).toBe('a');
  const stop = new AbortController();
  const waiting = queue.take('s2', stop.signal);
  stop.abort();
  expect(await waiting).toBeUndefined();
});

test('a source that fails fails who asks', async () => {
  const queue = new DeviceQueue((async function* () {
    yield [{ uuid: 'a' }];
    throw new Error('torn');
  })());
  expect((await queue.take('s1', signal))?.uuid).toBe('a');
  await expect(queue.take('s1', signal)).rejects.toThrow('torn');
});

test('what nobody came to is more; what was given back is not', async () => {
  const queue = new DeviceQueue(chunks(['a', 'b']));
  const a = await queue.take('s1', signal);
  queue.giveBack(a!);
  expect(queue.hasMore(new Set(['a']))).toBe(true);
  await queue.take('s1', signal);
  await queue.take('s1', signal);
  queue.giveBack(a!);
  expect(queue.hasMore(new Set(['a']))).toBe(false);
});
