import { describe, expect, test } from 'vitest';
import { amountText, parseAmount } from './money.ts';
import { parseQuantity, quantityText, type Allowance } from './quantity.ts';
import { parseTariff } from './tariff-json.ts';
import { bought, priceOf, refundOf, whyNothing, type Tariff } from './tariff.ts';

const noon = new Date('2026-11-02T12:00:00Z');
const happyTime = new Date('2026-11-02T14:30:00Z');

const tenMinutes = { kind: 'steps', step: '1.00EUR=10min' };
const tiered = { ...tenMinutes, tiers: ['10.00EUR:1.00EUR=15min', '20.00EUR:1.00EUR=20min'] };

function shown(allowance: Allowance): string {
  return allowance === 'unlimited' ? allowance : quantityText(allowance);
}

/** Quantity, used and unused. */
function outcome(json: object, paid: string, at = noon, first = false): string {
  const purchase = bought(parseTariff(json), parseAmount(paid), at, { first });
  return `${shown(purchase.quantity)} ${amountText(purchase.used)} ${amountText(purchase.unused)}`;
}

function reasons(json: object, paid: string, at = noon, first = false): string[] {
  return bought(parseTariff(json), parseAmount(paid), at, { first }).because.map(({ kind }) => kind);
}

function refused(code: string): object {
  return expect.objectContaining({ code });
}

describe('an unlimited tariff', () => {
  test('lets stay for good, whatever is paid in whatever currency', () => {
    expect(outcome({ kind: 'unlimited' }, '0.01EUR')).toBe('unlimited 0.01EUR 0.00EUR');
    expect(outcome({ kind: 'unlimited' }, '1JPY')).toBe('unlimited 1JPY 0JPY');
  });

  test('with a price takes no less, and uses no more', () => {
    const tariff = { kind: 'unlimited', price: '5.00EUR' };
    expect(outcome(tariff, '7.30EUR')).toBe('unlimited 5.00EUR 2.30EUR');
    expect(() => outcome(tariff, '4.99EUR')).toThrow(refused('amount_below_minimum'));
    expect(() => outcome(tariff, '5.00USD')).toThrow(refused('currency_mismatch'));
  });
});

describe('a fixed tariff', () => {
  const hour = { kind: 'fixed', allowed: '1h', price: '2.00EUR', refund: 'unused' };

  test('allows the same for every amount that reaches its price', () => {
    expect(outcome(hour, '2.00EUR')).toBe('1h 2.00EUR 0.00EUR');
    expect(outcome(hour, '9.00EUR')).toBe('1h 2.00EUR 7.00EUR');
    expect(outcome({ kind: 'fixed', allowed: '1GB' }, '9.00EUR')).toBe('1GB 9.00EUR 0.00EUR');
    expect(() => outcome(hour, '1.99EUR')).toThrow(refused('amount_below_minimum'));
  });

  test('says what it allows and what was not used', () => {
    expect(bought(parseTariff(hour), parseAmount('9.00EUR'), noon).because).toEqual([
      { kind: 'flat', price: parseAmount('2.00EUR'), quantity: parseQuantity('1h') },
      { kind: 'unused', amount: parseAmount('7.00EUR') },
    ]);
  });

  test('sells up to what it allows, at its price', () => {
    expect(priceOf(parseTariff(hour), parseQuantity('20min'), noon)).toEqual(parseAmount('2.00EUR'));
    expect(priceOf(parseTariff({ kind: 'fixed', allowed: '1h' }), parseQuantity('20min'), noon)).toBeUndefined();
    expect(() => priceOf(parseTariff(hour), parseQuantity('61min'), noon)).toThrow(refused('purchase_too_large'));
    expect(() => priceOf(parseTariff(hour), parseQuantity('1MB'), noon)).toThrow(refused('metric_mismatch'));
  });
});

describe('a tariff by steps', () => {
  test.each([
    ['down', '7.30EUR', '1h10min 7.00EUR 0.30EUR'],
    ['up', '7.30EUR', '1h20min 7.30EUR 0.00EUR'],
    ['exact', '7.30EUR', '1h13min 7.30EUR 0.00EUR'],
    ['up', '0.01EUR', '10min 0.01EUR 0.00EUR'],
    ['exact', '0.01EUR', '6s 0.01EUR 0.00EUR'],
    ['down', '1.00EUR', '10min 1.00EUR 0.00EUR'],
    ['up', '1.00EUR', '10min 1.00EUR 0.00EUR'],
  ])('rounded %s sells for %s: %s', (rounding, paid, expected) => {
    expect(outcome({ ...tenMinutes, rounding }, paid)).toBe(expected);
  });

  test('sells traffic as it sells time', () => {
    expect(outcome({ kind: 'steps', step: '50JPY=100MB' }, '170JPY')).toBe('300MB 150JPY 20JPY');
  });

  test('sells nothing for less than a step or its minimum, and says from where on it does', () => {
    expect(() => outcome(tenMinutes, '0.99EUR')).toThrow('1.00EUR');
    expect(() => outcome(tenMinutes, '0.99EUR')).toThrow(refused('amount_below_minimum'));
    expect(() => outcome({ ...tenMinutes, minimum: '3.00EUR' }, '2.99EUR')).toThrow('3.00EUR');
    expect(() => outcome({ ...tenMinutes, rounding: 'up', minimum: '0.50EUR' }, '0.49EUR')).toThrow('0.50EUR');
    expect(outcome({ ...tenMinutes, minimum: '2.50EUR' }, '2.80EUR')).toBe('20min 2.50EUR 0.30EUR');
  });

  test('takes amounts of its own currency', () => {
    expect(() => outcome(tenMinutes, '1.00USD')).toThrow(refused('currency_mismatch'));
    const nothing = { minor: 0n, currency: 'EUR' };
    expect(() => bought(parseTariff(tenMinutes), nothing, noon)).toThrow(refused('amount_not_positive'));
    expect(() => bought(parseTariff(tenMinutes), { ...nothing, minor: -1n }, noon)).toThrow(refused('amount_not_positive'));
  });

  test.each([
    ['9.99EUR', '1h30min 9.00EUR 0.99EUR'],
    ['10.00EUR', '2h30min 10.00EUR 0.00EUR'],
    ['20.50EUR', '6h40min 20.00EUR 0.50EUR'],
  ])('with tiers sells all by the one that %s reaches: %s', (paid, expected) => {
    expect(outcome(tiered, paid)).toBe(expected);
  });

  test('sells by the earlier step where a tier’s large one would leave more unused', () => {
    const coarse = { ...tenMinutes, tiers: ['10.00EUR:7.00EUR=80min'] };
    expect(outcome(coarse, '10.00EUR')).toBe('1h40min 10.00EUR 0.00EUR');
    expect(outcome(coarse, '14.00EUR')).toBe('2h40min 14.00EUR 0.00EUR');
  });

  test('never counts less as used than the tier asks for', () => {
    expect(outcome({ ...tenMinutes, tiers: ['10.00EUR:3.00EUR=1h'] }, '11.00EUR')).toBe('3h 10.00EUR 1.00EUR');
  });

  test('sells no more than its largest purchase, and uses what that costs', () => {
    expect(outcome({ ...tiered, largest_amount: '15.00EUR' }, '50.00EUR')).toBe('3h45min 15.00EUR 35.00EUR');
    expect(outcome({ ...tenMinutes, largest_quantity: '25min' }, '7.30EUR')).toBe('25min 3.00EUR 4.30EUR');
    expect(outcome({ ...tenMinutes, rounding: 'exact', largest_quantity: '25min' }, '7.30EUR')).toBe('25min 2.50EUR 4.80EUR');
    expect(outcome({ kind: 'steps', step: '1.00EUR=3650d' }, '2.00EUR')).toBe('3650d 1.00EUR 1.00EUR');
  });

  test('multiplies in happy hours, for all steps alike', () => {
    const happy = { ...tiered, happy_hours: ['Mon-Fri 14:00-16:00 x1.5'], zone: 'UTC' };
    expect(outcome(happy, '2.50EUR', happyTime)).toBe('30min 2.00EUR 0.50EUR');
    expect(outcome(happy, '10.00EUR', happyTime)).toBe('3h45min 10.00EUR 0.00EUR');
    expect(outcome(happy, '2.50EUR', noon)).toBe('20min 2.00EUR 0.50EUR');
  });

  test('has happy steps for who gets more by them', () => {
    const happy = { ...tiered, happy_hours: ['Mon 14:00-16:00 5.00EUR=75min'], zone: 'UTC' };
    expect(outcome(happy, '5.00EUR', happyTime)).toBe('1h15min 5.00EUR 0.00EUR');
    expect(outcome(happy, '4.00EUR', happyTime)).toBe('40min 4.00EUR 0.00EUR');
    expect(outcome(happy, '20.00EUR', happyTime)).toBe('6h40min 20.00EUR 0.00EUR');
    expect(reasons(happy, '5.00EUR', happyTime)).toEqual(['happy_hour', 'step', 'counted']);
    expect(reasons(happy, '4.00EUR', happyTime)).toEqual(['step', 'counted']);
  });

  test('gives what is free with the first purchase alone, or for nothing', () => {
    const offer = parseTariff({ ...tenMinutes, free: '5min' });
    expect(outcome({ ...tenMinutes, free: '5min' }, '1.00EUR', noon, true)).toBe('15min 1.00EUR 0.00EUR');
    expect(outcome({ ...tenMinutes, free: '5min' }, '1.00EUR', noon)).toBe('10min 1.00EUR 0.00EUR');
    const nothing = { minor: 0n, currency: 'EUR' };
    const purchase = bought(offer, nothing, noon, { first: true });
    expect([purchase.quantity, purchase.bought, purchase.used]).toEqual([parseQuantity('5min'), { metric: 'time', size: 0n }, nothing]);
    expect(purchase.because).toEqual([{ kind: 'free', quantity: parseQuantity('5min') }]);
    expect(() => bought(offer, nothing, noon)).toThrow(refused('amount_not_positive'));
  });

  test('explains itself in the order of the reckoning', () => {
    const tariff = parseTariff({
      ...tiered, largest_amount: '15.00EUR', largest_quantity: '5h', happy_hours: ['Mon 14:00-16:00 x2'], zone: 'UTC', free: '5min',
    });
    const purchase = bought(tariff, parseAmount('17.30EUR'), happyTime, { first: true });
    expect(purchase.steps).toBe(15n);
    expect(purchase.because).toEqual([
      { kind: 'largest_amount', largest: parseAmount('15.00EUR') },
      { kind: 'happy_hour', hour: { days: ['Mon'], from: 840, to: 960, reward: { percent: 200n } }, zone: 'UTC' },
      { kind: 'step', step: { price: parseAmount('1.00EUR'), quantity: parseQuantity('15min') }, from: parseAmount('10.00EUR') },
      { kind: 'counted', steps: 15n, rounding: 'down', quantity: parseQuantity('3h45min') },
      { kind: 'multiplied', percent: 200n, quantity: parseQuantity('7h30min') },
      { kind: 'largest_quantity', largest: parseQuantity('5h') },
      { kind: 'free', quantity: parseQuantity('5min') },
      { kind: 'unused', amount: parseAmount('7.30EUR') },
    ]);
  });
});

describe('the price of a quantity', () => {
  const price = (json: object, quantity: string, at = noon, first = false) => {
    const amount = priceOf(parseTariff(json), parseQuantity(quantity), at, { first });
    return amount && amountText(amount);
  };

  test.each([
    [tenMinutes, '1ms', '1.00EUR'],
    [tenMinutes, '10min', '1.00EUR'],
    [tenMinutes, '11min', '2.00EUR'],
    [{ ...tenMinutes, rounding: 'up' }, '11min', '2.00EUR'],
    [{ ...tenMinutes, rounding: 'exact' }, '11min', '1.10EUR'],
    [{ ...tenMinutes, minimum: '3.00EUR' }, '11min', '3.00EUR'],
    [tiered, '95min', '10.00EUR'],
    [tiered, '6h40min', '20.00EUR'],
  ])('by %j: %s cost %s', (json, quantity, expected) => {
    expect(price(json, quantity)).toBe(expected);
  });

  test('is less in happy hours', () => {
    const happy = { ...tenMinutes, happy_hours: ['Mon 14:00-16:00 x2'], zone: 'UTC' };
    expect([price(happy, '40min', noon), price(happy, '40min', happyTime)]).toEqual(['4.00EUR', '2.00EUR']);
  });

  test('is nothing for what is free at first', () => {
    const offer = { ...tenMinutes, free: '5min' };
    expect([price(offer, '5min', noon, true), price(offer, '15min', noon, true), price(offer, '5min')]).toEqual(['0.00EUR', '1.00EUR', '1.00EUR']);
  });

  test('is refused beyond the largest purchase', () => {
    expect(price({ ...tenMinutes, largest_quantity: '25min' }, '25min')).toBe('3.00EUR');
    expect(() => price({ ...tenMinutes, largest_quantity: '25min' }, '26min')).toThrow(refused('purchase_too_large'));
    expect(price({ ...tenMinutes, largest_amount: '2.50EUR' }, '20min')).toBe('2.00EUR');
    expect(() => price({ ...tenMinutes, largest_amount: '2.50EUR' }, '21min')).toThrow(refused('purchase_too_large'));
  });

  test('is of the tariff’s metric', () => {
    expect(() => price(tenMinutes, '1MB')).toThrow(refused('metric_mismatch'));
  });

  test('is that of the tariff where it is unlimited', () => {
    expect(price({ kind: 'unlimited', price: '2.00EUR' }, '1h')).toBe('2.00EUR');
    expect(price({ kind: 'unlimited' }, '1h')).toBeUndefined();
  });
});

describe('a refund', () => {
  const refund = (tariff: Tariff, paid: string, left: Allowance) => amountText(refundOf(tariff, bought(tariff, parseAmount(paid), noon, { first: true }), left));
  const refunding = parseTariff({ ...tenMinutes, refund: 'unused', free: '5min' });

  test('is the unused share of what was used of the amount, rounded down', () => {
    expect(refund(refunding, '3.50EUR', parseQuantity('10min'))).toBe('1.00EUR');
    expect(refund(refunding, '3.50EUR', parseQuantity('9min59s'))).toBe('0.99EUR');
    expect(refund(refunding, '3.50EUR', { metric: 'time', size: 0n })).toBe('0.00EUR');
    expect(refund(refunding, '3.50EUR', { metric: 'time', size: -1n })).toBe('0.00EUR');
  });

  test('is no less because of what was free', () => {
    expect(refund(refunding, '3.50EUR', parseQuantity('35min'))).toBe('3.00EUR');
    expect(refund(refunding, '3.50EUR', parseQuantity('30min'))).toBe('3.00EUR');
  });

  test('of what was free alone is nothing', () => {
    const purchase = bought(refunding, { minor: 0n, currency: 'EUR' }, noon, { first: true });
    expect(refundOf(refunding, purchase, parseQuantity('5min'))).toEqual({ minor: 0n, currency: 'EUR' });
  });

  test('is nothing where the tariff says so, or no part is unused', () => {
    expect(refund(parseTariff(tenMinutes), '3.50EUR', parseQuantity('30min'))).toBe('0.00EUR');
    expect(refund(parseTariff({ kind: 'unlimited' }), '3.50EUR', 'unlimited')).toBe('0.00EUR');
    expect(refund(refunding, '3.50EUR', 'unlimited')).toBe('0.00EUR');
  });

  test('is of the metric that was bought', () => {
    expect(() => refund(refunding, '3.50EUR', parseQuantity('1MB'))).toThrow(refused('metric_mismatch'));
  });
});

describe('what buys nothing says why', () => {
  const why = (json: object, paid: string, at = noon) => whyNothing(parseTariff(json), parseAmount(paid), at);
  const least = (text: string, inHappyHours = false) => ({ kind: 'below_least', least: parseAmount(text), inHappyHours });

  test('no tariff, another currency, less than the least amount', () => {
    expect(whyNothing(undefined, parseAmount('1.00EUR'), noon)).toEqual({ kind: 'no_tariff' });
    expect(why(tenMinutes, '1.00USD')).toEqual({ kind: 'other_currency', currency: 'EUR' });
    expect(why(tenMinutes, '0.99EUR')).toEqual(least('1.00EUR'));
    expect(why({ ...tenMinutes, rounding: 'up', minimum: '0.50EUR' }, '0.49EUR')).toEqual(least('0.50EUR'));
    expect(why({ kind: 'fixed', allowed: '1h', price: '2.00EUR' }, '1.99EUR')).toEqual(least('2.00EUR'));
    expect(why({ kind: 'unlimited', price: '2.00EUR' }, '1JPY')).toEqual({ kind: 'other_currency', currency: 'EUR' });
  });

  test('and nothing where it buys something', () => {
    expect([why(tenMinutes, '1.00EUR'), why({ kind: 'unlimited' }, '1JPY')]).toEqual([undefined, undefined]);
  });

  test('whether happy hours would have helped', () => {
    const happy = { ...tenMinutes, happy_hours: ['Mon-Fri 14:00-16:00 0.50EUR=10min'], zone: 'UTC' };
    expect(why(happy, '0.50EUR', happyTime)).toBeUndefined();
    expect(why(happy, '0.50EUR')).toEqual(least('1.00EUR', true));
    expect(why(happy, '0.49EUR')).toEqual(least('1.00EUR'));
    expect(why(happy, '0.49EUR', happyTime)).toEqual(least('0.50EUR'));
  });
});
