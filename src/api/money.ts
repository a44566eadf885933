import { currencies } from '../domain/currency.ts';
import { mostMinor, type Amount } from '../domain/money.ts';
import { digits, input, object, type Static } from './schema.ts';

export const currency = { type: 'string', pattern: '^[A-Z]{3}$', description: `ISO 4217: ${currencies.length} codes.` } as const;
/** Minor units, below 0 too. */
export const minor = { type: 'string', pattern: '^(0|-?[1-9][0-9]{0,18})$', description: 'Minor units (cents) in decimal digits.' } as const;
const amountProperties = { minor: { ...digits, description: `Minor units (cents), at most ${mostMinor}.` }, currency } as const;

export const amountSchema = object('Amount', amountProperties);
export const amountInputSchema = input('AmountInput', amountProperties);
export type AmountWire = Static<typeof amountSchema>;

export function amountToWire({ minor: units, currency: code }: Amount): AmountWire {
  return { minor: units.toString(), currency: code };
}

export function amountFromWire({ minor: units, currency: code }: AmountWire): Amount {
  return { minor: BigInt(units), currency: code };
}
