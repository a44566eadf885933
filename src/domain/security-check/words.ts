import { amountText } from '../money.ts';
import type { CheckResult, CheckType, Compared } from './decision.ts';

/** What each type of check looks at, and how its limit is said. */
const words: Readonly<Record<CheckType, { readonly what: string; readonly good: string; readonly bad: string; readonly unit?: string }>> = {
  kind: { what: 'the kind of service', good: 'is', bad: 'is not' },
  largest_amount: { what: 'the amount', good: 'is at most', bad: 'is more than' },
  total: { what: 'the total with it', good: 'is at most', bad: 'is more than' },
  count: { what: 'services with it', good: 'are at most', bad: 'are more than' },
  currencies: { what: 'the currency', good: 'is', bad: 'is not' },
  payees: { what: 'the payee', good: 'is', bad: 'is not' },
  categories: { what: 'the payee’s category', good: 'is', bad: 'is not' },
  hours: { what: 'the time', good: 'is within', bad: 'is not within' },
  dates: { what: 'the date', good: 'is', bad: 'is not' },
  places: { what: 'the place', good: 'is', bad: 'is not' },
  distance: { what: 'the way from the last service', good: 'is at most', bad: 'is more than', unit: ' km' },
  speed: { what: 'the speed from the last service', good: 'is at most', bad: 'is more than', unit: ' km/h' },
  velocity: { what: 'what came since the last confirmation, with it,', good: 'is not asked about at', bad: 'is asked about at' },
  card_state: { what: 'the card’s state', good: 'is', bad: 'is not' },
  card_validity: { what: 'the time', good: 'is within the card’s validity,', bad: 'is not within the card’s validity,' },
  validity: { what: 'the time', good: 'is within the application’s validity,', bad: 'is not within the application’s validity,' },
  rule: { what: 'the expression', good: 'is as it must be:', bad: 'is not as it must be:' },
};

/** What a check compared with what, as a clause; both may be given as text that is made already. */
export function resultText({ type, status, found: compared, limit: to, missing, error }: CheckResult, found = compared, limit = to): string {
  if (missing !== undefined) {
    return `${missing} is missing`;
  }
  if (error !== undefined) {
    return `it went wrong: ${error}`;
  }
  const { what, good, bad, unit = '' } = words[type];
  if (type === 'rule') {
    return `${found === true ? 'true' : 'false'}: ${comparedText(limit)}`;
  }
  const value = comparedText(found);
  return found === 'no service before'
    ? 'there was no service before'
    : `${what}${value === '' ? '' : ` ${value}${unit}`} ${status === 'passed' ? good : bad} ${comparedText(limit)}${unit}`;
}

export function comparedText(value: Compared | undefined): string {
  if (value === undefined) {
    return '';
  }
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? 'no moment' : value.toISOString();
  }
  return typeof value === 'object' ? amountText(value) : String(value);
}
