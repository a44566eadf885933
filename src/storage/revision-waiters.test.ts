import { expect, test } from 'vitest';
import { RevisionWaiters } from './revision-waiters.ts';

function waitersOn(revisions: Record<string, number>): RevisionWaiters {
  return new RevisionWaiters(async (ids) => new Map(ids.flatMap((id) => (id in revisions ? [[id, revisions[id]!]] : []))));
}

test('a waiter is woken by the revision it waits for and by no other', async () => {
  const revisions = { ap_1: 1, ap_2: 9 };
  const waiters = waitersOn(revisions);
  const waiting = waiters.wait('ap_1', 2, 60_000);
  revisions.ap_1 = 2;
  await waiters.check(['ap_1']);
  await waiters.check(['ap_2']);
  expect(waiters.empty).toBe(false);
  revisions.ap_1 = 3;
  await waiters.check();
  await waiting;
  expect(waiters.empty).toBe(true);
});

test('who waits is told when nobody can look any more', async () => {
  const broken = new RevisionWaiters(() => Promise.reject(new Error('gone')));
  await expect(broken.wait('ap_1', 0, 60_000)).rejects.toThrow('gone');
  const waiters = waitersOn({});
  const waiting = waiters.wait('ap_1', 0, 60_000);
  waiters.fail(new Error('damaged'));
  await expect(waiting).rejects.toThrow('damaged');
  expect(waiters.empty).toBe(true);
});

test('closed, it keeps nobody', async () => {
  const waiters = waitersOn({});
  const waiting = waiters.wait('ap_1', 0, 60_000);
  waiters.close();
  await waiting;
  await waiters.wait('ap_1', 0, 60_000);
});

test('who watches is told at once of what came since, and of nothing else', async () => {
  const emptied: string[] = [];
  const waiters = new RevisionWaiters(async () => new Map(), () => emptied.push('now'));
  const watch = waiters.watch('tok_1');
  waiters.told('tok_1', 3);
  waiters.told('tok_2', 9);
  await watch.next(2, 60_000);
  let woken = false;
  const waiting = watch.next(3, 60_000).then(() => { woken = true; });
  waiters.told('tok_1', 3);
  await Promise.resolve();
  expect(woken).toBe(false);
  waiters.told('tok_1', 4);
  await waiting;
  expect(emptied).toEqual([]);
  watch.close();
  watch.close();
  expect(emptied).toEqual(['now']);
});

test('a failure that nobody waited for meets who waits next, once', async () => {
  const waiters = waitersOn({ tok_1: 1 });
  const watch = waiters.watch('tok_1');
  waiters.fail(new Error('damaged'));
  await expect(watch.next(0, 60_000)).rejects.toThrow('damaged');
  await waiters.check();
  await watch.next(0, 60_000);
  watch.close();
});
