import type { AmountWire } from '../../api/money.ts';
import { decimalText } from '../../domain/money.ts';

/** `12.50 EUR`. */
export function moneyForPeople({ minor, currency }: { readonly minor: string | bigint; readonly currency: string }): string {
  return `${decimalText({ minor: BigInt(minor), currency })} ${currency}`;
}

/** The same where nothing is not worth a word. */
export function someMoney(amount: AmountWire): string | undefined {
  return amount.minor === '0' ? undefined : moneyForPeople(amount);
}
