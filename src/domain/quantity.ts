import { durationText, mostDurationMs, parseDuration } from './duration.ts';
import { LatchkeyError } from './errors.ts';
import { mostTraffic, parseTraffic, trafficText } from './traffic.ts';

export type Metric = 'time' | 'traffic';

/** What a tariff sells: whole milliseconds of time, or whole bytes of traffic. */
export interface Quantity {
  readonly metric: Metric;
  readonly size: bigint;
}

/** How much somebody may use: so much, or without limit. */
export type Allowance = Quantity | 'unlimited';

/** The largest size of each metric. */
export const mostSize: Readonly<Record<Metric, bigint>> = { time: BigInt(mostDurationMs), traffic: mostTraffic };

/** Time such as `10min` or traffic such as `500MB`; more than 0. Errors: `invalid_input`. */
export function parseQuantity(text: string): Quantity {
  return /b$/i.test(text) ? { metric: 'traffic', size: parseTraffic(text) } : { metric: 'time', size: BigInt(parseDuration(text)) };
}

/** As `parseQuantity` reads it. */
export function quantityText({ metric, size }: Quantity): string {
  return metric === 'time' ? durationText(Number(size)) : trafficText(size);
}

/** For people. */
export function allowanceForPeople(allowance: Allowance): string {
  return allowance === 'unlimited' ? 'no limit' : allowance.size === 0n ? 'nothing' : quantityText(allowance);
}

/** Errors: `metric_mismatch` if one is time and the other traffic. */
export function sameMetric(one: Quantity, other: Quantity): void {
  if (one.metric !== other.metric) {
    throw new LatchkeyError('metric_mismatch', `One is ${one.metric}, the other is ${other.metric}.`);
  }
}

/** What is left and what was bought now, together: unlimited stays so, and nothing gets beyond the largest size. Errors: `metric_mismatch`. */
export function added(left: Allowance, bought: Allowance): Allowance {
  if (left === 'unlimited' || bought === 'unlimited') {
    return 'unlimited';
  }
  sameMetric(left, bought);
  const size = left.size + bought.size;
  const most = mostSize[left.metric];
  return { metric: left.metric, size: size < most ? size : most };
}
