import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { added, mostSize, parseQuantity, quantityText, type Quantity } from './quantity.ts';

const tenMinutes: Quantity = { metric: 'time', size: 600_000n };
const megabyte: Quantity = { metric: 'traffic', size: 1_000_000n };

describe('a quantity', () => {
  test('is time or traffic', () => {
    expect(parseQuantity('10min')).toEqual(tenMinutes);
    expect(parseQuantity('1mb')).toEqual(megabyte);
  });

  test.each(['', '10', 'min', '0min', '0MB', '4000d', '10000PB', '1 h'])('%j is none', (text) => {
    expect(() => parseQuantity(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });

  test.each(['10min', '1h30min', '7d', '1d250ms', '500MB', '2GiB', '1500kB', '1B'])('%s is written as it is read', (text) => {
    expect(quantityText(parseQuantity(text))).toBe(text);
  });

  test('loses nothing in writing', () => {
    const anyQuantity = fc.constantFrom('time' as const, 'traffic' as const).chain((metric) =>
      fc.bigInt({ min: 1n, max: mostSize[metric] }).map((size) => ({ metric, size })));
    fc.assert(fc.property(anyQuantity, (quantity) => {
      expect(parseQuantity(quantityText(quantity))).toEqual(quantity);
    }));
  });
});

describe('what is added to what is left', () => {
  test('is the sum', () => {
    expect(added(tenMinutes, { metric: 'time', size: 1n })).toEqual({ metric: 'time', size: 600_001n });
  });

  test('is unlimited if either is', () => {
    expect(added('unlimited', megabyte)).toBe('unlimited');
    expect(added(megabyte, 'unlimited')).toBe('unlimited');
  });

  test('does not get beyond what can be counted', () => {
    expect(added({ metric: 'traffic', size: mostSize.traffic }, megabyte)).toEqual({ metric: 'traffic', size: mostSize.traffic });
  });

  test('is of the same metric', () => {
    expect(() => added(tenMinutes, megabyte)).toThrow(expect.objectContaining({ code: 'metric_mismatch' }));
  });
});
