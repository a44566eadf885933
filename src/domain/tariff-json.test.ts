import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LatchkeyError } from './errors.ts';
import { parseTariff, tariffToJson } from './tariff-json.ts';

const full = {
  kind: 'steps', step: '1.00EUR=10min', tiers: ['10.00EUR:1.00EUR=15min', '20.00EUR:1.00EUR=20min'], rounding: 'up', minimum: '1.00EUR',
  largest_amount: '50.00EUR', largest_quantity: '1d', happy_hours: ['Mon-Fri 14:00-16:00 x2', 'Sun 00:00-24:00 1.00EUR=20min'],
  zone: 'Europe/Berlin', free: '5min', pausable: true, refund: 'unused',
};

function pointerOf(json: unknown): string | undefined {
  try {
    parseTariff(json);
  } catch (error) {
    expect(error).toBeInstanceOf(LatchkeyError);
    expect(error).toMatchObject({ code: 'invalid_input' });
    return error instanceof LatchkeyError ? error.problems[0]?.pointer : undefined;
  }
  return undefined;
}

describe('a tariff in JSON', () => {
  test.each([
    [full],
    [{ kind: 'unlimited', pausable: false, refund: 'none' }],
    [{ kind: 'unlimited', price: '2.00EUR', pausable: true, refund: 'none' }],
    [{ kind: 'fixed', price: '2.00EUR', allowed: '1h', pausable: false, refund: 'unused' }],
  ])('is written as it is read: %j', (json) => {
    expect(tariffToJson(parseTariff(json))).toEqual(json);
  });

  test('rounds down, is not pausable and gives nothing back unless it says otherwise', () => {
    expect(parseTariff({ kind: 'steps', step: '1.00EUR=10min' })).toMatchObject({ tiers: [], rounding: 'down', happy: undefined, pausable: false, refund: 'none' });
  });

  test.each([
    ['', []],
    ['', null],
    ['', 'unlimited'],
    ['/kind', {}],
    ['/kind', { kind: 'free' }],
    ['/refund', { kind: 'unlimited', refund: 'unused' }],
    ['/allowed', { kind: 'unlimited', allowed: '1h' }],
    ['/allowed', { kind: 'fixed' }],
    ['/allowed', { kind: 'fixed', allowed: 'unlimited' }],
    ['/price', { kind: 'fixed', allowed: '1h', price: 2 }],
    ['/step', { ...full, step: undefined }],
    ['/step', { ...full, step: '1.00EUR' }],
    ['/step', { ...full, step: '0.00EUR=10min' }],
    ['/tiers', { ...full, tiers: '10.00EUR:1.00EUR=15min' }],
    ['/tiers', { ...full, tiers: Array(51).fill('10.00EUR:1.00EUR=15min') }],
    ['/tiers/1', { ...full, tiers: ['10.00EUR:1.00EUR=15min', 7] }],
    ['/tiers/1', { ...full, tiers: ['10.00EUR:1.00EUR=15min', '1.00EUR=20min'] }],
    ['/tiers/1', { ...full, tiers: ['10.00EUR:1.00EUR=15min', '10.00EUR:1.00EUR=20min'] }],
    ['/tiers/0', { ...full, tiers: ['10.00EUR:1.01EUR=10min'] }],
    ['/tiers/1', { ...full, tiers: ['10.00EUR:1.00EUR=15min', '20.00EUR:1.00EUR=14min'] }],
    ['/tiers/0', { ...full, tiers: ['10.00USD:1.00EUR=15min'] }],
    ['/tiers/0', { ...full, tiers: ['10.00EUR:1.00USD=15min'] }],
    ['/tiers/0', { ...full, tiers: ['10.00EUR:1.00EUR=15MB'] }],
    ['/rounding', { ...full, rounding: 'nearest' }],
    ['/minimum', { ...full, minimum: '1.00USD' }],
    ['/largest_amount', { ...full, largest_amount: '0.99EUR' }],
    ['/largest_amount', { ...full, minimum: '5.00EUR', largest_amount: '4.99EUR' }],
    ['/largest_quantity', { ...full, largest_quantity: '1GB' }],
    ['/happy_hours/0', { ...full, happy_hours: ['always x2'] }],
    ['/happy_hours/1', { ...full, happy_hours: ['Mon 14:00-16:00 x2', 'Tue 14:00-16:00 1.00EUR=1GB'] }],
    ['/zone', { ...full, zone: 'Middle/Earth' }],
    ['/zone', { kind: 'steps', step: '1.00EUR=10min', happy_hours: ['Mon 14:00-16:00 x2'] }],
    ['/zone', { kind: 'steps', step: '1.00EUR=10min', zone: 'UTC' }],
    ['/free', { ...full, free: '5MB' }],
    ['/pausable', { ...full, pausable: 'yes' }],
    ['/a~1b~0c', { ...full, 'a/b~c': 1 }],
    ['/__proto__', JSON.parse('{"kind": "unlimited", "__proto__": {}}')],
  ])('is refused at %j: %j', (pointer, json) => {
    expect(pointerOf(json)).toBe(pointer);
  });

  test('is refused with a word on what is wrong', () => {
    expect(() => parseTariff({ ...full, minimum: '1.00USD' })).toThrow('USD is not EUR');
  });

  test('is read or refused, whatever it is', () => {
    const texts = fc.constantFrom('1.00EUR=10min', '1.00EUR', '10min', '1GB', '5.00EUR:1.00EUR=20min', 'Mon 14:00-16:00 x2', 'UTC', 'up', 'unused', '');
    const value = fc.oneof(texts, fc.array(texts, { maxLength: 3 }), fc.jsonValue({ maxDepth: 2 }));
    const optional = Object.fromEntries(Object.keys(full).map((name) => [name, value]));
    const almost = fc.record({ ...optional, kind: fc.constantFrom('unlimited', 'fixed', 'steps') }, { requiredKeys: ['kind'] });
    fc.assert(fc.property(fc.oneof(fc.jsonValue(), almost), (json) => {
      try {
        expect(parseTariff(tariffToJson(parseTariff(json)))).toEqual(parseTariff(json));
      } catch (error) {
        expect(error).toMatchObject({ name: 'LatchkeyError', code: 'invalid_input', problems: [{ pointer: expect.any(String) }] });
      }
    }), { numRuns: 500 });
  });
});
