import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cardStates, type Attribute, type Service } from '../../src/domain/security-check/service.ts';
import { clocks, missingRules, remedies, type Parameter, type ParameterTerms } from '../../src/domain/security-check/application.ts';
import { check } from '../../src/domain/security-check/compile.ts';
import { outcomes, type Outcome } from '../../src/domain/security-check/decision.ts';
import type { History, Usage } from '../../src/domain/security-check/history.ts';
import type { Area, Place } from '../../src/domain/security-check/place.ts';
import type { Period } from '../../src/domain/security-check/period.ts';
import { whatWouldPass } from '../../src/domain/security-check/explain.ts';
import { resultText } from '../../src/domain/security-check/words.ts';
import { compiled } from './samples.ts';

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 4 });
/** Also what no check of the input lets through. */
const degrees = fc.oneof({ weight: 5, arbitrary: fc.double({ min: -180, max: 180 }) }, { weight: 1, arbitrary: fc.double() });
const moment = fc.oneof({ weight: 8, arbitrary: fc.date({ min: new Date('2026-11-01'), max: new Date('2026-12-31'), noInvalidDate: true }) }, { weight: 1, arbitrary: fc.date() });
const currency = fc.constantFrom('EUR', 'CHF', 'JPY');
const minor = fc.bigInt(-5n, 5000n);
const amount = fc.record({ minor, currency });
const word = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor');
const cell = fc.constantFrom('c1', 'c2');
const bssid = fc.constantFrom('02:00:00:00:00:01', '02:00:00:00:00:02');
const place: fc.Arbitrary<Place> = fc.record({ lat: maybe(degrees), lon: maybe(degrees), cell: maybe(cell), bssid: maybe(bssid) });
const zone = fc.constantFrom('Europe/Berlin', 'Asia/Kolkata', 'UTC', 'Nowhere/Nothing');
const attribute: fc.Arbitrary<Attribute> = fc.oneof(word, fc.double(), fc.boolean());

const service: fc.Arbitrary<Service> = fc.record({
  kind: fc.constantFrom('transit', 'transit', 'transit', 'door'),
  at: moment,
  amount: maybe(amount),
  payee: maybe(fc.record({ id: maybe(word), category: maybe(word) })),
  zone: maybe(zone),
  place: maybe(place),
  card: maybe(fc.record({ state: maybe(fc.constantFrom(...cardStates)), validFrom: maybe(moment), expiresAt: maybe(moment) })),
  confirmed: fc.boolean(),
  attributes: fc.dictionary(word, attribute),
});
const usage: fc.Arbitrary<Usage> = fc.record({ count: fc.oneof(fc.integer({ min: -1, max: 12 }), fc.constant(NaN)), totals: fc.option(fc.dictionary(currency, minor), { nil: undefined }) });
const history: fc.Arbitrary<History> = fc.record({
  periods: fc.dictionary(fc.constantFrom('hour', 'day', 'week', '1h30min'), usage),
  last: fc.oneof(maybe(fc.record({ at: moment, place: maybe(place) })), fc.constant(null)),
  sinceConfirmed: maybe(usage),
});
const period = fc.constantFrom<Period[]>('hour', 'day', 'week', { rollingMs: 5_400_000 });
const list = fc.record({ allow: maybe(fc.array(word, { minLength: 1 })), deny: maybe(fc.array(word, { minLength: 1 })) });
const limits = fc.uniqueArray(fc.record({ minor: fc.bigInt(1n, 5000n), currency }), { minLength: 1, selector: (each) => each.currency });
const area: fc.Arbitrary<Area> = fc.oneof(
  fc.record({ shape: fc.constant('circle' as const), centre: fc.tuple(degrees, degrees), radiusM: fc.double({ min: 1, max: 1e7, noNaN: true }) }),
  fc.record({ shape: fc.constant('polygon' as const), points: fc.array(fc.tuple(degrees, degrees), { minLength: 3, maxLength: 6 }) }),
  fc.record({ shape: fc.constant('cells' as const), cells: fc.array(cell, { minLength: 1 }) }),
  fc.record({ shape: fc.constant('bssids' as const), bssids: fc.array(bssid, { minLength: 1 }) }),
);
const clock = fc.constantFrom(...clocks);
const terms: fc.Arbitrary<ParameterTerms> = fc.oneof(
  fc.record({ type: fc.constant('largest_amount' as const), atMost: limits }),
  fc.record({ type: fc.constant('total' as const), per: period, atMost: limits }),
  fc.record({ type: fc.constant('count' as const), per: period, atMost: fc.nat(10) }),
  fc.record({ type: fc.constantFrom('payees' as const, 'categories' as const) }).chain(({ type }) => list.map((listed) => ({ type, ...listed }))),
  fc.record({ type: fc.constant('currencies' as const), allow: maybe(fc.array(currency, { minLength: 1 })), deny: maybe(fc.array(currency, { minLength: 1 })) }),
  fc.record({ type: fc.constant('hours' as const), hours: fc.array(fc.record({ days: fc.constant(['Mon', 'Tue', 'Sat'] as const), from: fc.integer({ min: 0, max: 1439 }), to: fc.integer({ min: 1, max: 1440 }) }), { minLength: 1 }), clock }),
  fc.record({ type: fc.constant('dates' as const), allow: maybe(fc.constant(['2026-12-01'])), deny: maybe(fc.constant(['2026-12-25'])), clock }),
  fc.record({ type: fc.constant('places' as const), inside: maybe(fc.array(area, { minLength: 1 })), outside: maybe(fc.array(area, { minLength: 1 })) }),
  fc.record({ type: fc.constant('distance' as const), atMostKm: fc.nat(20_000) }),
  fc.record({ type: fc.constant('speed' as const), atMostKmh: fc.nat(1000), toleranceKm: fc.nat(10) }),
  fc.record({ type: fc.constant('velocity' as const), limits: fc.constantFrom({ of: 'count' as const, lower: 2, upper: 8 }, { of: 'total' as const, lower: { minor: 500n, currency: 'EUR' }, upper: { minor: 3000n, currency: 'EUR' } }), targetPercent: fc.nat(50), mostPercent: fc.integer({ min: 50, max: 99 }) }),
  fc.record({ type: fc.constant('card_state' as const), allow: fc.constant(['active'] as const) }),
  fc.record({ type: fc.constant('card_validity' as const) }),
  fc.record({ type: fc.constant('validity' as const), from: maybe(moment), until: maybe(moment) }),
);
const parameters: fc.Arbitrary<readonly Parameter[]> = fc
  .array(fc.tuple(terms, fc.constantFrom(...remedies), fc.constantFrom(...missingRules)), { maxLength: 8 })
  .map((all) => all.map(([each, onFail, ifMissing], index): Parameter => ({ id: `p${index}`, onFail, ifMissing, reason: undefined, ...each })));
const terminateAtAsks = maybe(fc.integer({ min: 2, max: 4 }));
const random = fc.oneof(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.double());

const severity = (outcome: Outcome) => outcomes.indexOf(outcome);
const policy = (asks: number | undefined) => ({ decision: { terminateAtAsks: asks } });

test('a check never throws, whatever the data, and neither do its words', () => {
  fc.assert(
    fc.property(parameters, service, history, random, (all, data, past, drawn) => {
      const application = compiled(all);
      const decision = check(application, data, past, drawn);
      expect(decision.checks).toHaveLength(all.length + 1);
      for (const result of decision.checks) {
        expect(resultText(result)).not.toBe('');
        expect(whatWouldPass(application.application, result, data, past) === undefined).toBe(result.effect === 'none');
      }
    }),
    { numRuns: 500 },
  );
});

test('the same application, data and random number give the same decision', () => {
  fc.assert(
    fc.property(parameters, service, history, random, (all, data, past, drawn) => {
      const application = compiled(all);
      const first = check(application, data, past, drawn);
      check(application, { ...data, at: new Date(0) }, past, 0);
      expect(check(application, data, past, drawn)).toEqual(first);
      expect(check(compiled(all), data, past, drawn)).toEqual(first);
    }),
  );
});

test('another check never makes a decision milder', () => {
  fc.assert(
    fc.property(parameters, parameters, terminateAtAsks, service, history, random, (all, more, asks, data, past, drawn) => {
      const renamed = more.map((each) => ({ ...each, id: `more-${each.id}` }));
      const before = check(compiled(all, policy(asks)), data, past, drawn);
      const after = check(compiled([...all, ...renamed], policy(asks)), data, past, drawn);
      expect(severity(after.outcome)).toBeGreaterThanOrEqual(severity(before.outcome));
    }),
    { numRuns: 500 },
  );
});

test('the order of checks makes no difference', () => {
  fc.assert(
    fc.property(parameters, terminateAtAsks, service, history, random, (all, asks, data, past, drawn) => {
      const one = check(compiled(all, policy(asks)), data, past, drawn);
      const other = check(compiled([...all].reverse(), policy(asks)), data, past, drawn);
      expect(other.outcome).toBe(one.outcome);
      expect([one.checks[0], ...one.checks.slice(1).reverse()]).toEqual(other.checks);
    }),
  );
});

/** Each way to leave out one thing that data may have. */
const omissions: readonly ((data: Service, past: History) => readonly [Service, History])[] = [
  (data, past) => [{ ...data, amount: undefined }, past],
  (data, past) => [{ ...data, payee: undefined }, past],
  (data, past) => [{ ...data, zone: undefined }, past],
  (data, past) => [{ ...data, place: undefined }, past],
  (data, past) => [{ ...data, place: data.place && { ...data.place, lat: undefined } }, past],
  (data, past) => [{ ...data, place: data.place && { ...data.place, cell: undefined } }, past],
  (data, past) => [{ ...data, place: data.place && { ...data.place, bssid: undefined } }, past],
  (data, past) => [{ ...data, card: undefined }, past],
  (data, past) => [data, { ...past, periods: {} }],
  (data, past) => [data, { ...past, last: undefined }],
  (data, past) => [data, { ...past, sinceConfirmed: undefined }],
];

test('to leave something out never makes a decision milder, where missing data count as failed', () => {
  fc.assert(
    fc.property(parameters, terminateAtAsks, service, history, random, fc.constantFrom(...omissions), (all, asks, data, past, drawn, omit) => {
      const application = compiled(all.map((each) => ({ ...each, ifMissing: 'fail' as const })), policy(asks));
      const [poorer, lesser] = omit(data, past);
      expect(severity(check(application, poorer, lesser, drawn).outcome)).toBeGreaterThanOrEqual(severity(check(application, data, past, drawn).outcome));
    }),
    { numRuns: 1000 },
  );
});

test('to fail what is missing is never milder than to skip it', () => {
  fc.assert(
    fc.property(parameters, service, history, random, (all, data, past, drawn) => {
      const [strict, lax] = missingRules.map((ifMissing) => check(compiled(all.map((each) => ({ ...each, ifMissing }))), data, past, drawn).outcome);
      expect(severity(strict!)).toBeGreaterThanOrEqual(severity(lax!));
    }),
  );
});
