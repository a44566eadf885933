import { describe, expect, test } from 'vitest';
import { currencies, decimalsOf, parseCurrency } from './currency.ts';
import { LatchkeyError } from './errors.ts';
import { amountText, mostMinor, parseAmount, sameCurrency } from './money.ts';

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return error instanceof LatchkeyError ? error.code : String(error);
  }
  return undefined;
}

describe('an amount of money', () => {
  test.each([
    ['12.50EUR', 1250n, 'EUR'],
    ['12.5EUR', 1250n, 'EUR'],
    ['12 EUR', 1200n, 'EUR'],
    ['0.01USD', 1n, 'USD'],
    ['1200JPY', 1200n, 'JPY'],
    ['1.234KWD', 1234n, 'KWD'],
    ['9999999999.99EUR', mostMinor, 'EUR'],
  ])('%s is read', (text, minor, currency) => {
    expect(parseAmount(text)).toEqual({ minor, currency });
  });

  test.each([
    ['1,5EUR', 'amount_malformed'],
    ['1e3EUR', 'amount_malformed'],
    ['NaNEUR', 'amount_malformed'],
    ['EUR', 'amount_malformed'],
    ['12.50', 'amount_malformed'],
    ['12.EUR', 'amount_malformed'],
    ['0x10EUR', 'amount_malformed'],
    ['12.50eur', 'amount_malformed'],
    ['١٢EUR', 'amount_malformed'],
    ['-1.00EUR', 'amount_not_positive'],
    ['0.00EUR', 'amount_not_positive'],
    ['0.001EUR', 'amount_too_fine'],
    ['1.5JPY', 'amount_too_fine'],
    ['10000000000.00EUR', 'amount_too_large'],
    ['1.00XYZ', 'currency_unknown'],
    ['1XAU', 'currency_unknown'],
  ])('%s is refused as %s', (text, code) => {
    expect(codeOf(() => parseAmount(text))).toBe(code);
  });

  test('is written as it is read', () => {
    for (const text of ['12.50EUR', '0.05EUR', '1200JPY', '0.001BHD']) {
      expect(amountText(parseAmount(text))).toBe(text);
    }
    expect(amountText({ minor: -5n, currency: 'EUR' })).toBe('-0.05EUR');
  });

  test('of two currencies do not go together', () => {
    expect(codeOf(() => sameCurrency(parseAmount('1EUR'), parseAmount('1USD')))).toBe('currency_mismatch');
    expect(codeOf(() => sameCurrency(parseAmount('1EUR'), parseAmount('2EUR')))).toBeUndefined();
  });
});

describe('a currency', () => {
  test('is one of ISO 4217, each once', () => {
    expect(new Set(currencies).size).toBe(currencies.length);
    expect(currencies).toContain('EUR');
    expect(currencies.every((code) => /^[A-Z]{3}$/.test(code))).toBe(true);
    expect(['ISK', 'CHF', 'TND', 'UYW'].map(decimalsOf)).toEqual([0, 2, 3, 4]);
  });

  test('that is none is refused, whatever objects inherit', () => {
    expect(codeOf(() => parseCurrency('constructor'))).toBe('currency_unknown');
    expect(codeOf(() => parseCurrency('eur'))).toBe('currency_unknown');
  });
});
