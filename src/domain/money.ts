import { decimalsOf } from './currency.ts';
import { LatchkeyError } from './errors.ts';
import { quoted } from './shown-text.ts';

/** An amount of money: whole minor units (cents) of a currency of ISO 4217. */
export interface Amount {
  readonly minor: bigint;
  readonly currency: string;
}

/** The largest amount that is moved at once, in minor units: ten thousand of them still fit into one balance. */
export const mostMinor = 999_999_999_999n;

/**
 * An amount of money such as `12.50EUR` or `1200JPY`: more than nothing, with no more decimals than its currency has.
 * Errors: `amount_malformed`, `amount_not_positive`, `amount_too_fine`, `amount_too_large`, `currency_unknown`.
 */
export function parseAmount(text: string): Amount {
  const [, sign = '', whole = '', fraction = '', currency = ''] = /^([+-]?)(\d{1,40})(?:\.(\d{1,40}))? ?([A-Z]{3})$/.exec(text) ?? [];
  if (whole === '') {
    throw new LatchkeyError('amount_malformed', `${quoted(text)} is not an amount such as 12.50EUR.`);
  }
  const decimals = decimalsOf(currency);
  if (fraction.length > decimals) {
    throw new LatchkeyError('amount_too_fine', `${currency} has ${decimals === 0 ? 'no' : decimals} decimals, and this amount has ${fraction.length}.`);
  }
  const minor = BigInt(whole + fraction.padEnd(decimals, '0'));
  return checkedAmount({ minor: sign === '-' ? -minor : minor, currency });
}

/** Errors: `amount_not_positive`, `amount_too_large`, `currency_unknown`. */
export function checkedAmount({ minor, currency }: Amount): Amount {
  decimalsOf(currency);
  if (minor <= 0n) {
    throw new LatchkeyError('amount_not_positive');
  }
  if (minor > mostMinor) {
    throw new LatchkeyError('amount_too_large', `At most ${amountText({ minor: mostMinor, currency })} are moved at once.`);
  }
  return { minor, currency };
}

/** As `parseAmount` reads it: `12.50EUR`, `-0.05EUR`. */
export function amountText(amount: Amount): string {
  return `${decimalText(amount)}${amount.currency}`;
}

/** Without the currency: `12.50`. */
export function decimalText({ minor, currency }: Amount): string {
  const decimals = decimalsOf(currency);
  const digits = (minor < 0n ? -minor : minor).toString().padStart(decimals + 1, '0');
  const at = digits.length - decimals;
  return `${minor < 0n ? '-' : ''}${digits.slice(0, at)}${decimals === 0 ? '' : `.${digits.slice(at)}`}`;
}

/** Errors: `currency_mismatch` if the two are of different currencies. */
export function sameCurrency(one: Pick<Amount, 'currency'>, other: Pick<Amount, 'currency'>): void {
  if (one.currency !== other.currency) {
    throw new LatchkeyError('currency_mismatch', `${one.currency} is not ${other.currency}.`);
  }
}
