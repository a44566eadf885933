import { LatchkeyError } from './errors.ts';
import { happyHourAt, type HappyHour, type HappyHours } from './happy-hour.ts';
import { amountText, checkedAmount, mostMinor, sameCurrency, type Amount } from './money.ts';
import { added, mostSize, sameMetric, type Allowance, type Quantity } from './quantity.ts';
import type { Step, Tier } from './tariff-step.ts';

/** What goes back when a grant ends early: nothing, or the price of the part that was not used. */
export const refundRules = ['none', 'unused'] as const;
export type RefundRule = (typeof refundRules)[number];

/** What becomes of an amount that is no whole number of steps: the rest buys nothing, a whole step, or its share of one. */
export const roundings = ['down', 'up', 'exact'] as const;
export type Rounding = (typeof roundings)[number];

interface Terms {
  /** Whether what is left may be kept for later. */
  readonly pausable: boolean;
  readonly refund: RefundRule;
}

/** Whoever pays the price – without one, anything – may stay for good. */
export interface UnlimitedTariff extends Terms {
  readonly kind: 'unlimited';
  readonly price: Amount | undefined;
  readonly refund: 'none';
}

/** Whoever pays the price – without one, anything – may use the same, however much it was. */
export interface FixedTariff extends Terms {
  readonly kind: 'fixed';
  readonly price: Amount | undefined;
  readonly allowed: Quantity;
}

/**
 * What is paid buys steps. A purchase goes as a whole by one step: that of the tariff, of a tier that it reaches or of
 * a happy hour that holds, whichever buys the most; so who pays more never gets less. All amounts are of one currency,
 * all quantities of one metric (`parseTariff` sees to it).
 */
export interface StepsTariff extends Terms {
  readonly kind: 'steps';
  readonly step: Step;
  /** In the order of their amounts, none dearer than what is before it. */
  readonly tiers: readonly Tier[];
  readonly rounding: Rounding;
  /** Less buys nothing. */
  readonly minimum: Amount | undefined;
  /** More buys no more. */
  readonly largestAmount: Amount | undefined;
  /** No purchase buys more than this. */
  readonly largestQuantity: Quantity | undefined;
  readonly happy: HappyHours | undefined;
  /** What a subject gets with its first purchase on top, or for nothing. */
  readonly free: Quantity | undefined;
}

/** The price of time or traffic, of a shop as of a shared network. */
export type Tariff = UnlimitedTariff | FixedTariff | StepsTariff;

/** One reason for what was bought; they come in the order in which they were reckoned with. */
export type Explanation =
  | { readonly kind: 'flat'; readonly price: Amount | undefined; readonly quantity: Allowance }
  | { readonly kind: 'largest_amount'; readonly largest: Amount }
  | { readonly kind: 'happy_hour'; readonly hour: HappyHour; readonly zone: string }
  /** `from`: the tier's amount; undefined for the step of the tariff or the happy hour. */
  | { readonly kind: 'step'; readonly step: Step; readonly from: Amount | undefined }
  /** `quantity` before a factor and a largest quantity. */
  | { readonly kind: 'counted'; readonly steps: bigint; readonly rounding: Rounding; readonly quantity: Quantity }
  | { readonly kind: 'multiplied'; readonly percent: bigint; readonly quantity: Quantity }
  | { readonly kind: 'largest_quantity'; readonly largest: Quantity }
  | { readonly kind: 'free'; readonly quantity: Quantity }
  | { readonly kind: 'unused'; readonly amount: Amount };

export interface Purchase {
  /** What the subject may use for it: what was bought, and what is free. */
  readonly quantity: Allowance;
  readonly bought: Allowance;
  readonly paid: Amount;
  /** The part of `paid` that `bought` costs; it would have bought the same. */
  readonly used: Amount;
  readonly unused: Amount;
  /** Whole steps before a largest quantity; 0 where none are counted. */
  readonly steps: bigint;
  readonly because: readonly Explanation[];
}

/** Why an amount buys nothing. */
export type Nothing =
  | { readonly kind: 'no_tariff' }
  | { readonly kind: 'other_currency'; readonly currency: string }
  /** `inHappyHours`: then it would buy something. */
  | { readonly kind: 'below_least'; readonly least: Amount; readonly inHappyHours: boolean };

/** Errors: `metric_mismatch` if it sells anything else, which no cash register can. */
export function requireTime(tariff: Tariff): void {
  const sold = tariff.kind === 'fixed' ? tariff.allowed : tariff.kind === 'steps' ? tariff.step.quantity : undefined;
  if (sold?.metric === 'traffic') {
    throw new LatchkeyError('metric_mismatch', 'A cash register sells time.', { hint: 'Give durations, such as 10min.' });
  }
}

interface Occasion {
  /** Whether it is the subject's first purchase, which the free allowance goes with. Default: no. */
  readonly first?: boolean;
}

/**
 * What an amount buys at a moment. It is fixed then: what the tariff becomes later changes nothing about it. 0 is an
 * amount only where something is free. Errors: `amount_below_minimum`, `amount_not_positive`, `amount_too_large`,
 * `currency_mismatch`.
 */
export function bought(tariff: Tariff, paid: Amount, at: Date, { first = false }: Occasion = {}): Purchase {
  return tariff.kind === 'steps' ? boughtBySteps(tariff, paid, at, first ? tariff.free : undefined) : boughtAtOnce(tariff, checkedAmount(paid));
}

/** Why `bought` would refuse an amount at a moment; undefined if it buys something. */
export function whyNothing(tariff: Tariff | undefined, paid: Amount, at: Date): Nothing | undefined {
  if (tariff === undefined) {
    return { kind: 'no_tariff' };
  }
  const price = tariff.kind === 'steps' ? tariff.step.price : tariff.price;
  if (price !== undefined && price.currency !== paid.currency) {
    return { kind: 'other_currency', currency: price.currency };
  }
  if (tariff.kind !== 'steps') {
    return price !== undefined && paid.minor < price.minor ? { kind: 'below_least', least: price, inHappyHours: false } : undefined;
  }
  const hour = happyHourAt(tariff.happy, at);
  const minor = least(paid.minor, largestMinor(tariff));
  const buys = (when: HappyHour | undefined) => count(tariff, minor, when).size > 0n;
  return buys(hour)
    ? undefined
    : { kind: 'below_least', least: leastOf(tariff, hour), inHappyHours: hour === undefined && tariff.happy?.hours.some(buys) === true };
}

/**
 * The least amount that buys a quantity at a moment, in whole steps unless the rounding is `exact`; 0 if it is free.
 * Undefined where whatever is paid will do. Errors: `metric_mismatch`, `purchase_too_large`.
 */
export function priceOf(tariff: Tariff, quantity: Quantity, at: Date, { first = false }: Occasion = {}): Amount | undefined {
  if (tariff.kind === 'unlimited') {
    return tariff.price;
  }
  sameMetric(quantity, tariff.kind === 'fixed' ? tariff.allowed : tariff.step.quantity);
  if (tariff.kind === 'fixed') {
    sellsAtMost(tariff.allowed.size, quantity.size);
    return tariff.price;
  }
  const hour = happyHourAt(tariff.happy, at);
  const inSteps = inWholeSteps(tariff);
  const size = quantity.size - (first ? (tariff.free?.size ?? 0n) : 0n);
  sellsAtMost(least(largestSize(tariff), count(inSteps, largestMinor(tariff), hour).size), size);
  return { minor: leastMinor(inSteps, size, hour), currency: tariff.step.price.currency };
}

/**
 * What goes back of a purchase of which `left` is not used, by the tariff it was made by: the same share of the amount
 * used as of the quantity bought, rounded down to minor units. What is free is used first. Purchases that added up go
 * back as one, with the sums of both. Of what is unlimited nothing goes back. Errors: `metric_mismatch`.
 */
export function refundOf(tariff: Tariff, purchase: Pick<Purchase, 'used' | 'bought'>, left: Allowance): Amount {
  const { used, bought: sold } = purchase;
  if (tariff.refund === 'none' || sold === 'unlimited' || left === 'unlimited') {
    return { ...used, minor: 0n };
  }
  sameMetric(left, sold);
  const unused = left.size < 0n ? 0n : least(left.size, sold.size);
  return { ...used, minor: unused === 0n ? 0n : (used.minor * unused) / sold.size };
}

function boughtAtOnce(tariff: UnlimitedTariff | FixedTariff, paid: Amount): Purchase {
  const used = tariff.price ?? paid;
  sameCurrency(paid, used);
  if (paid.minor < used.minor) {
    throw belowMinimum(used);
  }
  const quantity = tariff.kind === 'fixed' ? tariff.allowed : 'unlimited';
  const unused = { ...paid, minor: paid.minor - used.minor };
  const because: readonly Explanation[] = [{ kind: 'flat', price: tariff.price, quantity }, ...explainedRest(unused)];
  return { quantity, bought: quantity, paid, used, unused, steps: 0n, because };
}

function boughtBySteps(tariff: StepsTariff, paid: Amount, at: Date, free: Quantity | undefined): Purchase {
  const { metric } = tariff.step.quantity;
  const { currency } = tariff.step.price;
  sameCurrency(paid, tariff.step.price);
  const forNothing = paid.minor === 0n && free !== undefined;
  if (!forNothing) {
    checkedAmount(paid);
  }
  const hour = happyHourAt(tariff.happy, at);
  const minor = least(paid.minor, largestMinor(tariff));
  const counted = count(tariff, minor, hour);
  if (counted.size === 0n && !forNothing) {
    throw belowMinimum(leastOf(tariff, hour));
  }
  const size = least(counted.size, largestSize(tariff));
  const used = least(minor, leastMinor(inWholeSteps(tariff), size, hour));
  const unused = { minor: paid.minor - used, currency };
  const because: Explanation[] = [];
  if (minor < paid.minor) because.push({ kind: 'largest_amount', largest: { minor, currency } });
  if (!forNothing) because.push(...explainedCount(tariff, counted, hour));
  if (size < counted.size) because.push({ kind: 'largest_quantity', largest: { metric, size } });
  if (free !== undefined) because.push({ kind: 'free', quantity: free });
  because.push(...explainedRest(unused));
  const sold = { metric, size };
  return { quantity: free === undefined ? sold : added(sold, free), bought: sold, paid, used: { minor: used, currency }, unused, steps: counted.steps, because };
}

interface Count {
  readonly step: Step;
  readonly from: Amount | undefined;
  readonly steps: bigint;
  /** Without a factor. */
  readonly plain: bigint;
  readonly size: bigint;
}

/** What an amount buys before the largest quantity, by the best step that it reaches; 0 below the minimum. It never falls as the amount rises. */
function count({ step, tiers, rounding, minimum }: StepsTariff, minor: bigint, hour: HappyHour | undefined): Count {
  const reached: readonly Pick<Count, 'step' | 'from'>[] = [
    { step, from: undefined },
    ...tiers.filter(({ from }) => from.minor <= minor),
    ...(hour !== undefined && 'step' in hour.reward ? [{ step: hour.reward.step, from: undefined }] : []),
  ];
  const percent = hour !== undefined && 'percent' in hour.reward ? hour.reward.percent : 100n;
  const effective = minor < (minimum?.minor ?? 0n) ? 0n : minor;
  const counts = reached.map((each): Count => {
    const { price, quantity } = each.step;
    const steps = (rounding === 'up' ? effective + price.minor - 1n : effective) / price.minor;
    const plain = rounding === 'exact' ? (effective * quantity.size) / price.minor : steps * quantity.size;
    return { step: each.step, from: each.from, steps, plain, size: (plain * percent) / 100n };
  });
  return counts.reduce((best, each) => (each.size > best.size ? each : best));
}

/** The least amount that buys a size; the largest amount if none does. */
function leastMinor(tariff: StepsTariff, size: bigint, hour: HappyHour | undefined): bigint {
  let low = 0n;
  let high = largestMinor(tariff);
  while (low < high) {
    const middle = (low + high) / 2n;
    if (count(tariff, middle, hour).size >= size) high = middle;
    else low = middle + 1n;
  }
  return high;
}

/** The least amount that buys anything. */
function leastOf(tariff: StepsTariff, hour: HappyHour | undefined): Amount {
  return { minor: leastMinor(tariff, 1n, hour), currency: tariff.step.price.currency };
}

/** Rounding up is a favour to who has paid already; a price is of whole steps. */
function inWholeSteps(tariff: StepsTariff): StepsTariff {
  return tariff.rounding === 'up' ? { ...tariff, rounding: 'down' } : tariff;
}

function largestMinor({ largestAmount }: StepsTariff): bigint {
  return largestAmount?.minor ?? mostMinor;
}

function largestSize({ largestQuantity, step }: StepsTariff): bigint {
  return largestQuantity?.size ?? mostSize[step.quantity.metric];
}

function explainedCount({ happy, rounding }: StepsTariff, { step, from, steps, plain, size }: Count, hour: HappyHour | undefined): Explanation[] {
  const { metric } = step.quantity;
  const isHappy = hour !== undefined && ('percent' in hour.reward || hour.reward.step === step);
  return [
    ...(isHappy && happy !== undefined ? [{ kind: 'happy_hour', hour, zone: happy.zone } as const] : []),
    { kind: 'step', step, from },
    { kind: 'counted', steps, rounding, quantity: { metric, size: plain } },
    ...(isHappy && 'percent' in hour.reward ? [{ kind: 'multiplied', percent: hour.reward.percent, quantity: { metric, size } } as const] : []),
  ];
}

function explainedRest(unused: Amount): Explanation[] {
  return unused.minor > 0n ? [{ kind: 'unused', amount: unused }] : [];
}

function sellsAtMost(largest: bigint, wanted: bigint): void {
  if (wanted > largest) {
    throw new LatchkeyError('purchase_too_large');
  }
}

function belowMinimum(minimum: Amount): LatchkeyError {
  return new LatchkeyError('amount_below_minimum', `Less than ${amountText(minimum)} buys nothing.`);
}

function least(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}
