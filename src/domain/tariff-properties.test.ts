import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LatchkeyError } from './errors.ts';
import { mostMinor, type Amount } from './money.ts';
import { added, mostSize, type Allowance, type Metric, type Quantity } from './quantity.ts';
import type { HappyHour } from './happy-hour.ts';
import { weekdays } from './weekly-hours.ts';
import { parseTariff, tariffToJson } from './tariff-json.ts';
import { isDearer, type Step, type Tier } from './tariff-step.ts';
import { bought, priceOf, refundOf, refundRules, roundings, whyNothing, type StepsTariff, type Tariff } from './tariff.ts';

const nil = { nil: undefined };
const euros = (minor: bigint): Amount => ({ minor, currency: 'EUR' });
/** Mostly what shops see, at times what they never do. */
const anyAmount = fc.oneof({ weight: 4, arbitrary: fc.bigInt(1n, 5000n) }, fc.bigInt(1n, mostMinor)).map(euros);
const anyQuantity = (metric: Metric): fc.Arbitrary<Quantity> =>
  fc.oneof({ weight: 4, arbitrary: fc.bigInt(1n, 10_000n) }, fc.bigInt(1n, mostSize[metric])).map((size) => ({ metric, size }));
const anyTime = fc.date({ min: new Date('2020-01-01T00:00:00Z'), max: new Date('2040-01-01T00:00:00Z'), noInvalidDate: true });

const terms = { pausable: fc.boolean(), refund: fc.constantFrom(...refundRules) };
const anySteps = fc.constantFrom<Metric>('time', 'traffic').chain((metric): fc.Arbitrary<StepsTariff> => {
  const step: fc.Arbitrary<Step> = fc.record({ price: anyAmount, quantity: anyQuantity(metric) });
  const hour: fc.Arbitrary<HappyHour> = fc.record({
    days: fc.subarray([...weekdays], { minLength: 1 }),
    from: fc.integer({ min: 0, max: 1439 }),
    to: fc.integer({ min: 0, max: 1440 }),
    reward: fc.oneof(fc.record({ percent: fc.bigInt(101n, 10_000n) }), fc.record({ step })),
  }).filter(({ from, to }) => from !== to);
  return fc.record({
    kind: fc.constant('steps' as const),
    step,
    tiers: fc.array(fc.record({ from: anyAmount, step }), { maxLength: 4 }),
    rounding: fc.constantFrom(...roundings),
    minimum: fc.option(anyAmount, nil),
    largestAmount: fc.option(anyAmount, nil),
    largestQuantity: fc.option(anyQuantity(metric), nil),
    happy: fc.option(fc.record({ zone: fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kathmandu'), hours: fc.array(hour, { minLength: 1, maxLength: 3 }) }), nil),
    free: fc.option(anyQuantity(metric), nil),
    ...terms,
  }).map(allowed);
});
const anyTariff: fc.Arbitrary<Tariff> = fc.oneof(
  { weight: 4, arbitrary: anySteps },
  fc.record({ kind: fc.constant('unlimited' as const), price: fc.option(anyAmount, nil), pausable: fc.boolean(), refund: fc.constant('none' as const) }),
  fc.record({ kind: fc.constant('fixed' as const), price: fc.option(anyAmount, nil), allowed: anyQuantity('time'), ...terms }),
);

/** The same tariff with its tiers in order, without those that are dearer, and with a largest amount that buys something. */
function allowed(tariff: StepsTariff): StepsTariff {
  const tiers: Tier[] = [];
  for (const tier of tariff.tiers.toSorted((one, other) => Number(one.from.minor - other.from.minor))) {
    const before = tiers.at(-1);
    if (tier.from.minor > (before?.from.minor ?? 0n) && !isDearer(tier.step, before?.step ?? tariff.step)) tiers.push(tier);
  }
  const least = [tariff.step.price.minor, tariff.minimum?.minor ?? 0n, tariff.largestAmount?.minor ?? 0n].reduce((one, other) => (one > other ? one : other));
  return { ...tariff, tiers, largestAmount: tariff.largestAmount && euros(least) };
}

/** What it gives, or undefined where it says no with one of the codes. */
function unless<T>(codes: readonly string[], work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof LatchkeyError && codes.includes(error.code)) return undefined;
    throw error;
  }
}

function sizeOf(allowance: Allowance | undefined): bigint {
  return allowance === undefined ? 0n : allowance === 'unlimited' ? mostSize.time : allowance.size;
}

const tooLittle = ['amount_below_minimum'];

test('a tariff survives its JSON', () => {
  fc.assert(fc.property(anyTariff, (tariff) => {
    expect(parseTariff(JSON.parse(JSON.stringify(tariffToJson(tariff))))).toEqual(tariff);
  }));
});

test('who pays more never gets less, and no more of it is used than was paid', () => {
  fc.assert(fc.property(anyTariff, anyAmount, anyAmount, anyTime, fc.boolean(), (tariff, one, other, at, first) => {
    const [less, more] = [one, other]
      .toSorted((a, b) => Number(a.minor - b.minor))
      .map((paid) => unless(tooLittle, () => bought(tariff, paid, at, { first })));
    expect(sizeOf(more?.quantity)).toBeGreaterThanOrEqual(sizeOf(less?.quantity));
    expect(more?.used.minor ?? 0n).toBeGreaterThanOrEqual(less?.used.minor ?? 0n);
    for (const purchase of [less, more]) {
      if (purchase === undefined) continue;
      expect(purchase.used.minor).toBeGreaterThan(0n);
      expect(purchase.unused.minor).toBeGreaterThanOrEqual(0n);
      expect(purchase.used.minor + purchase.unused.minor).toBe(purchase.paid.minor);
      expect(sizeOf(purchase.bought)).toBeGreaterThan(0n);
    }
  }), { numRuns: 500 });
});

test('a happy hour takes nothing away', () => {
  fc.assert(fc.property(anySteps, anyAmount, anyTime, (tariff, paid, at) => {
    const ever = unless(tooLittle, () => bought({ ...tariff, happy: undefined }, paid, at));
    const now = unless(tooLittle, () => bought(tariff, paid, at));
    expect(sizeOf(now?.bought)).toBeGreaterThanOrEqual(sizeOf(ever?.bought));
  }), { numRuns: 300 });
});

test('what is used of an amount would have bought the same', () => {
  fc.assert(fc.property(anyTariff, anyAmount, anyTime, (tariff, paid, at) => {
    const purchase = unless(tooLittle, () => bought(tariff, paid, at));
    if (purchase === undefined) return;
    const again = bought(tariff, purchase.used, at);
    expect([again.bought, again.unused.minor]).toEqual([purchase.bought, 0n]);
  }), { numRuns: 500 });
});

test('a price buys at least what it is the price of, and where nothing is rounded up a minor unit less does not', () => {
  fc.assert(fc.property(anySteps, fc.bigInt(1n, 100_000n), anyTime, fc.boolean(), (tariff, size, at, first) => {
    const price = unless(['purchase_too_large'], () => priceOf(tariff, { metric: tariff.step.quantity.metric, size }, at, { first }));
    if (price === undefined) return;
    expect(sizeOf(bought(tariff, price, at, { first }).quantity)).toBeGreaterThanOrEqual(size);
    if (tariff.rounding !== 'up' && price.minor > 1n) {
      const cheaper = unless(tooLittle, () => bought(tariff, euros(price.minor - 1n), at, { first }));
      expect(sizeOf(cheaper?.quantity)).toBeLessThan(size);
    }
  }), { numRuns: 500 });
});

test('a refund is no more than was used, all of it for all that was bought, and no more for less', () => {
  fc.assert(fc.property(anyTariff, anyAmount, anyTime, fc.bigInt(0n, 20_000n), fc.bigInt(0n, 20_000n), (tariff, paid, at, one, other) => {
    const purchase = unless(tooLittle, () => bought(tariff, paid, at));
    if (purchase === undefined) return;
    const sold = purchase.bought;
    const back = (left: Allowance) => refundOf(tariff, purchase, left).minor;
    expect(back(sold)).toBe(tariff.refund === 'none' ? 0n : purchase.used.minor);
    if (sold === 'unlimited') return;
    const [less, more] = one < other ? [one, other] : [other, one];
    expect(back({ ...sold, size: less })).toBeLessThanOrEqual(back({ ...sold, size: more }));
    expect(back(added(sold, { ...sold, size: more }))).toBe(back(sold));
  }), { numRuns: 300 });
});

test('why it buys nothing is said of what is refused and of nothing else, and the least amount buys something', () => {
  fc.assert(
    fc.property(anyTariff, anyAmount, anyTime, (tariff, paid, at) => {
      const why = whyNothing(tariff, paid, at);
      expect(why === undefined).toBe(unless(tooLittle, () => bought(tariff, paid, at)) !== undefined);
      if (why?.kind === 'below_least') expect(bought(tariff, why.least, at).paid).toEqual(why.least);
    }),
  );
});
