import { amountText } from '../money.ts';
import type { CheckResult, CheckType, Compared } from './decision.ts';

/** What each type of check looks at. A number is held to a limit; anything else must be something. */
const words: Readonly<Record<CheckType, { readonly what: string; readonly held: 'limit' | 'must be'; readonly unit?: string }>> = {
  kind: { what: 'kind', held: 'must be' },
  largest_amount: { what: 'amount', held: 'limit' },
  total: { what: 'total with this service', held: 'limit' },
  count: { what: 'services with this one', held: 'limit' },
  currencies: { what: 'currency', held: 'must be' },
  payees: { what: 'payee', held: 'must be' },
  categories: { what: 'category of the payee', held: 'must be' },
  hours: { what: 'time', held: 'must be' },
  dates: { what: 'date', held: 'must be' },
  places: { what: 'place', held: 'must be' },
  distance: { what: 'distance from the last service', held: 'limit', unit: ' km' },
  speed: { what: 'speed from the last service', held: 'limit', unit: ' km/h' },
  velocity: { what: 'since the last confirmation', held: 'limit' },
  card_state: { what: 'state of the card', held: 'must be' },
  card_validity: { what: 'time', held: 'must be' },
  validity: { what: 'time', held: 'must be' },
  rule: { what: '', held: 'must be' },
};

/** What a check compared with what, as a clause: `amount 3.20EUR, limit 10.00EUR`. Texts may be given that are made already. */
export function resultText({ type, found, limit, missing, error }: CheckResult, foundText = comparedText(found), limitText = comparedText(limit)): string {
  if (missing !== undefined) {
    return `${missing} is missing`;
  }
  if (error !== undefined) {
    return `error: ${error}`;
  }
  if (type === 'rule') {
    return `${foundText}: ${limitText}`;
  }
  if (found === noServiceBefore) {
    return noServiceBefore;
  }
  const { what, held, unit = '' } = words[type];
  return `${what}${foundText === '' ? '' : ` ${foundText}${unit}`}, ${held} ${limitText}${unit}`;
}

/** What is found where there is nothing to be far from. */
export const noServiceBefore = 'no service before';

/** Nothing for nothing. */
export function comparedText(value: Compared | undefined): string {
  if (value === undefined) {
    return '';
  }
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? 'no moment' : value.toISOString();
  }
  return typeof value === 'object' ? amountText(value) : String(value);
}
