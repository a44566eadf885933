import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { currencies } from '../domain/currency.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { mostMinor, parseAmount } from '../domain/money.ts';
import { fromStripe, toStripe } from './stripe-amount.ts';

describe('an amount for Stripe', () => {
  test.each([
    ['12.50EUR', 1250, 'eur'],
    ['0.01USD', 1, 'usd'],
    ['500JPY', 500, 'jpy'],
    ['10.45HUF', 1045, 'huf'],
    ['800.45TWD', 80_045, 'twd'],
    // Without decimals at Stripe, with two in ISO 4217.
    ['1000.00MGA', 1000, 'mga'],
    // With two at Stripe, which have to be 00, without any in ISO 4217.
    ['5ISK', 500, 'isk'],
    ['5.120KWD', 5120, 'kwd'],
  ])('%s is %i %s', (text, amount, currency) => {
    expect(toStripe(parseAmount(text))).toEqual({ amount, currency });
    expect(fromStripe({ amount, currency })).toEqual(parseAmount(text));
  });

  test.each([
    ['1000.50MGA', 'has no decimals there'],
    ['5.124KWD', 'ends in another digit than 0'],
    ['0.001TND', 'ends in another digit than 0'],
    ['5UGX', 'is documented with two units'],
    ['1.000IQD', 'has a number of decimals that Stripe says nothing of'],
    ['1.0000CLF', 'has a number of decimals that Stripe says nothing of'],
    ['100UYI', 'has a number of decimals that Stripe says nothing of'],
  ])('%s is refused: it %s', (text) => {
    expect(() => toStripe(parseAmount(text))).toThrow(expect.objectContaining({ code: 'amount_not_collectable' }));
  });

  test('whatever is taken comes back as it was', () => {
    fc.assert(fc.property(fc.constantFrom(...currencies), fc.bigInt({ min: 1n, max: mostMinor }), (currency, minor) => {
      try {
        const sent = toStripe({ minor, currency });
        expect(Number.isSafeInteger(sent.amount)).toBe(true);
        expect(fromStripe(sent)).toEqual({ minor, currency });
      } catch (error) {
        if (!(error instanceof LatchkeyError)) throw error;
      }
    }));
  });

  test.each([
    ['a fraction that the currency does not have', 550, 'isk'],
    ['a currency whose units are not certain', 500, 'ugx'],
    ['a currency that nobody knows', 500, 'xxx'],
  ])('%s equals no amount', (_, amount, currency) => {
    expect(fromStripe({ amount, currency }).minor).toBe(0n);
  });
});
