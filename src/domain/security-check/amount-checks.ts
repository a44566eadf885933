import { amountText, type Amount } from '../money.ts';
import type { Limits, TermsOf } from './application.ts';
import type { CheckResult } from './decision.ts';
import type { Usage } from './history.ts';
import { periodText } from './period.ts';
import type { Check, Recorder } from './record.ts';

export function largestAmountCheck({ atMost }: TermsOf<'largest_amount'>, record: Recorder): Check {
  return ({ amount }) => (amount === undefined ? record.missing('service.amount') : withinLimits(record, amount, amount.minor, atMost));
}

/** What was paid in the period before, with the amount of this service. */
export function totalCheck({ per, atMost }: TermsOf<'total'>, record: Recorder): Check {
  const period = periodText(per);
  const member = `history.periods.${period}`;
  return ({ amount }, { periods }) => {
    if (amount === undefined) {
      return record.missing('service.amount');
    }
    if (!Object.hasOwn(periods, period)) {
      return record.missing(member);
    }
    const { totals } = periods[period]!;
    return totals === undefined ? record.missing(`${member}.totals`) : withinLimits(record, amount, totalWith(totals, amount), atMost);
  };
}

export function countCheck({ per, atMost }: TermsOf<'count'>, record: Recorder): Check {
  const period = periodText(per);
  const member = `history.periods.${period}`;
  return (_, { periods }) => {
    if (!Object.hasOwn(periods, period)) {
      return record.missing(member);
    }
    const { count } = periods[period]!;
    return record.compared(count >= 0 && count + 1 <= atMost, count + 1, atMost);
  };
}

/**
 * Velocity checking of EMV (Book 3, 10.6.3): up to the lower limit never, above the upper limit always. Between them
 * at random, with a probability that rises as that of biased random selection does (Book 3, 10.6.2): target percentage
 * + (largest percentage − target percentage) × (value − lower) / (upper − lower).
 */
export function velocityCheck({ limits, targetPercent, mostPercent }: TermsOf<'velocity'>, record: Recorder): Check {
  const judged = (value: number, lower: number, upper: number, found: number | Amount, text: string, random: number): CheckResult => {
    if (value <= lower) {
      return record.compared(true, found, text);
    }
    if (!(value <= upper)) {
      return record.compared(false, found, text);
    }
    const percent = targetPercent + ((mostPercent - targetPercent) * (value - lower)) / (upper - lower);
    // What is no random number asks, as the lowest would.
    const drawn = random >= 0 && random < 1 ? random * 100 : 0;
    return record.compared(drawn >= percent, found, `${text} (${Math.round(percent)} % at random)`);
  };
  if (limits.of === 'count') {
    const { lower, upper } = limits;
    const text = `${lower} to ${upper}`;
    return (_, { sinceConfirmed }, random) => {
      if (sinceConfirmed === undefined) {
        return record.missing('history.since_confirmed');
      }
      const { count } = sinceConfirmed;
      return count >= 0 ? judged(count + 1, lower, upper, count + 1, text, random) : record.compared(false, count, text);
    };
  }
  const { lower, upper } = limits;
  const text = `${amountText(lower)} to ${amountText(upper)}`;
  return ({ amount }, { sinceConfirmed }, random) => {
    if (amount === undefined || sinceConfirmed === undefined) {
      return record.missing(amount === undefined ? 'service.amount' : 'history.since_confirmed');
    }
    if (sinceConfirmed.totals === undefined) {
      return record.missing('history.since_confirmed.totals');
    }
    const minor = totalWith(sinceConfirmed.totals, amount);
    const found = { minor: minor ?? amount.minor, currency: amount.currency };
    return minor === undefined || amount.currency !== lower.currency
      ? record.compared(false, found, text)
      : judged(Number(minor), Number(lower.minor), Number(upper.minor), found, text, random);
  };
}

/** Of one currency; undefined if a part of it is below 0, which no total may be. */
function totalWith(totals: NonNullable<Usage['totals']>, { minor, currency }: Amount): bigint | undefined {
  const before = Object.hasOwn(totals, currency) ? totals[currency]! : 0n;
  return before < 0n || minor < 0n ? undefined : before + minor;
}

function withinLimits(record: Recorder, { minor, currency }: Amount, found: bigint | undefined, atMost: Limits): CheckResult {
  for (const limit of atMost) {
    if (limit.currency === currency) {
      return record.compared(found !== undefined && found >= 0n && found <= limit.minor, { minor: found ?? minor, currency }, limit);
    }
  }
  return record.compared(false, { minor: found ?? minor, currency }, atMost.map(amountText).join(' or '));
}
