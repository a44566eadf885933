import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReplayedHistory } from '../../src/domain/security-check/replay.ts';
import { periodStart, periodText, type Period } from '../../src/domain/security-check/period.ts';
import type { Service } from '../../src/domain/security-check/service.ts';
import { compiled, parameter, sampleService } from './samples.ts';

const zone = 'Europe/Berlin';
const periods: readonly Period[] = ['hour', 'day', 'week', 'month', { rollingMs: 5_400_000 }, { rollingMs: 7 * 86_400_000 }];
const application = compiled(periods.map((per, at) => parameter({ type: 'count', per, atMost: 1 }, { id: `p${at}` })), { zone });

test('a replayed history is what adding everything up anew gives', () => {
  const gap = fc.oneof(fc.nat(3_600_000), fc.nat(3 * 86_400_000), fc.constantFrom(0, 5_400_000, 3_600_000));
  const step = fc.record({ gap, minor: fc.bigInt(1n, 500n), currency: fc.constantFrom('EUR', 'CHF'), confirmed: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), fc.constantFrom('2026-03-27T10:00:00Z', '2026-10-23T10:00:00Z'), (steps, start) => {
      const replayed = new ReplayedHistory(application);
      const done: Service[] = [];
      let now = new Date(start).getTime();
      for (const { gap: pause, minor, currency, confirmed } of steps) {
        now += pause;
        const service = sampleService({ at: new Date(now), amount: { minor, currency }, confirmed });
        expect(replayed.before(service.at)).toEqual(addedUp(done, now));
        replayed.add(service);
        done.push(service);
      }
    }),
    { numRuns: 60 },
  );
});

function addedUp(done: readonly Service[], now: number) {
  const usage = (services: readonly Service[]) => ({
    count: services.length,
    totals: expect.toSatisfy((totals: Record<string, bigint>) =>
      ['EUR', 'CHF'].every((currency) => (totals[currency] ?? 0n) === services.reduce((sum, { amount }) => sum + (amount?.currency === currency ? amount.minor : 0n), 0n)),
    ),
  });
  const within = (period: Period) => {
    const start = periodStart(period, now, application.clock);
    return done.filter(({ at }) => (typeof period === 'string' ? at.getTime() >= start : at.getTime() > start));
  };
  const last = done.at(-1);
  return {
    periods: Object.fromEntries(periods.map((period) => [periodText(period), usage(within(period))])),
    last: last === undefined ? null : { at: last.at, place: last.place },
    sinceConfirmed: usage(done.slice(done.findLastIndex(({ confirmed }) => confirmed) + 1)),
  };
}
