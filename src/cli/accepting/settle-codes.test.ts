import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../domain/errors.ts';
import { isUrgent, settleAgainAndAgain, soonMs, urgencyOf, type SettlementTimes } from './settle-codes.ts';

const start = new Date('2026-11-30T10:00:00Z');
const settled = { registerId: 'tok_1', counts: { settled: 0, duplicate: 0, over_limit: 0, late: 0, rejected: 0 }, disputed: [] };

beforeEach(() => {
  vi.useFakeTimers({ now: start, toFake: ['Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** The moments at which it settled, each of which takes `takesMs`; what fails is refused by the server's being away. */
async function moments(times: SettlementTimes, { count, takesMs = 0, fails = () => false }: { readonly count: number; readonly takesMs?: number; readonly fails?: (run: number) => boolean }): Promise<string[]> {
  const seen: string[] = [];
  const stop = new AbortController();
  const time = (at: Date) => at.toISOString().slice(11, 19);
  await settleAgainAndAgain(times, {
    settle: async () => {
      seen.push(time(new Date()));
      vi.setSystemTime(Date.now() + takesMs);
      if (fails(seen.length)) throw new LatchkeyError('remote_unreachable');
      return settled;
    },
    onSettled: async (_, next) => leap(next),
    onFailure: async (_, next) => leap(next),
    onWaiting: async (next) => leap(next),
    signal: stop.signal,
  });
  return seen;

  async function leap(next: Date): Promise<void> {
    if (seen.length === count) stop.abort();
    else vi.setSystemTime(next);
  }
}

test('again and again, from when it began, beginning now', async () => {
  expect(await moments({ everyMs: 900_000 }, { count: 3, takesMs: 60_000 })).toEqual(['10:00:00', '10:15:00', '10:30:00']);
});

test('at a time of the day', async () => {
  expect(await moments({ minute: 120, zone: 'Europe/Berlin' }, { count: 2 })).toEqual(['01:00:00', '01:00:00']);
});

test('while the server is away it is tried each minute, and then at the time again', async () => {
  const times = { minute: 120, zone: 'UTC' };
  expect(await moments(times, { count: 4, fails: (run) => run < 3 })).toEqual(['02:00:00', '02:01:00', '02:02:00', '02:00:00']);
  expect(await moments({ everyMs: 30_000 }, { count: 3, fails: () => true })).toHaveLength(3);
});

test('what nobody foresaw ends it', async () => {
  const settling = settleAgainAndAgain({ everyMs: 1000 }, {
    settle: async () => Promise.reject(new TypeError('a bug')),
    onSettled: async () => {}, onFailure: async () => {}, onWaiting: async () => {}, signal: new AbortController().signal,
  });
  await expect(settling).rejects.toThrow('a bug');
});

test('what has to be settled within two days is urgent, and said so', () => {
  const waiting = (ms: number) => ({ count: 1, settleBy: new Date(start.getTime() + ms) });
  expect([isUrgent(waiting(soonMs), start), isUrgent(waiting(soonMs - 1), start), isUrgent({ count: 0, settleBy: undefined }, start)]).toEqual([false, true, false]);
  expect(urgencyOf(waiting(soonMs), start)).toBe(undefined);
  expect(urgencyOf({ ...waiting(3_600_000), count: 3 }, start)).toMatch(/^3 accepted codes are not settled, and the first of them has to be by 2026-11-30 /);
});
