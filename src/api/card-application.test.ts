import { registerSchema, validate } from '@hyperjump/json-schema/draft-2020-12';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LatchkeyError } from '../domain/errors.ts';
import { cardApplicationSchema, readCardApplication } from './card-application.ts';
import { cardServiceSchema, readCardService } from './card-service.ts';

const dialect = 'https://json-schema.org/draft/2020-12/schema';
registerSchema(cardApplicationSchema as never, 'https://latchkey.example/card-application', dialect);
registerSchema(cardServiceSchema as never, 'https://latchkey.example/card-service', dialect);

const parameters: readonly Record<string, unknown>[] = [
  { id: 'a', type: 'largest_amount', at_most: '10.00EUR', on_fail: 'ask', if_missing: 'skip', reason: 'No fare is dearer' },
  { id: 'b', type: 'total', per: 'day', at_most: ['30.00EUR', '3000JPY'] },
  { id: 'c', type: 'count', per: '90min', at_most: 3 },
  { id: 'd', type: 'currencies', allow: ['EUR'] },
  { id: 'e', type: 'payees', deny: ['acc_x'] },
  { id: 'f', type: 'categories', allow: ['metro'], deny: ['bus'] },
  { id: 'g', type: 'hours', hours: ['Mon-Fri 06:00-22:00'], clock: 'service' },
  { id: 'h', type: 'dates', deny: ['2026-12-25'] },
  { id: 'i', type: 'places', inside: [{ circle: { lat: 52, lon: 13, radius_m: 5 } }, { polygon: [[1, 2], [3, 4], [5, 1]] }], outside: [{ cells: ['262-01'] }, { bssids: ['02:00:00:00:00:01'] }] },
  { id: 'j', type: 'distance', at_most_km: 50 },
  { id: 'k', type: 'speed', at_most_kmh: 300, tolerance_km: 0.5 },
  { id: 'l', type: 'velocity', lower: 3, upper: 8, target_percent: 5, most_percent: 80 },
  { id: 'm', type: 'velocity', lower: '10.00EUR', upper: '50.00EUR' },
  { id: 'n', type: 'card_state' },
  { id: 'o', type: 'card_validity' },
  { id: 'p', type: 'validity', from: '2026-01-01T00:00:00+01:00', until: '2027-01-01T00:00:00Z' },
];
const rules = [
  { id: 'q', when: 'service.amount > 1', then: 'ask' },
  { id: 'r', require: 'service.amount > 1', then: 'terminate', reason: 'Why not' },
];
const whole = { name: 'city', version: 1, kind: 'transit', zone: 'Europe/Berlin', decision: { terminate_at_asks: 3 }, parameters, rules };
const service = {
  kind: 'transit', at: '2026-11-30T14:30:00+01:00', amount: 320, currency: 'EUR', payee: { id: 'acc_x', category: 'metro' }, zone: 'Europe/Berlin', confirmed: false,
  place: { lat: 52.5, lon: 13.4, cell: '262-01', bssid: '02:00:00:00:00:01' }, card: { state: 'active', valid_from: '2026-01-01T00:00:00Z', expires_at: '2028-01-01T00:00:00Z' },
  attributes: { tags: ['a', 1, true], n: 2.5, s: 'x' },
};
const history = { periods: { day: { count: 1, totals: { EUR: 100 } } }, last: { at: '2026-11-30T13:30:00Z', place: { lat: 1, lon: 2 } }, since_confirmed: { count: 1 } };

/** What a validator that is not ours says of it. */
async function isValid(schema: 'card-application' | 'card-service', value: unknown): Promise<boolean> {
  return (await validate(`https://latchkey.example/${schema}`, value as never)).valid;
}

const with_ = (member: object) => ({ ...whole, ...member });
const withOne = (members: object) => with_({ parameters: [{ id: 'x', ...members }] });
const pointersOf = (json: unknown) => readCardApplication(json).problems.map(({ pointer }) => pointer);

test('an application may have all that there is, and each by itself, and needs none of it', async () => {
  for (const json of [whole, ...parameters.map((each) => with_({ parameters: [each] })), { name: 'a', version: 1, kind: 'door' }]) {
    expect(readCardApplication(json).problems).toEqual([]);
    expect(await isValid('card-application', json)).toBe(true);
  }
  expect(readCardApplication(whole).application?.parameters).toHaveLength(parameters.length);
});

test('of what has one of several shapes that shape alone says what is wrong', () => {
  const found = (json: unknown) => readCardApplication(json).problems.map(({ pointer, detail }) => `${pointer} ${detail}`);
  const places = (area: object) => found(withOne({ type: 'places', inside: [area] }));
  expect(places({ circle: { lat: 1, lon: 2, radius_m: -1 } })).toEqual([expect.stringMatching(/^\/parameters\/0\/inside\/0\/circle\/radius_m /)]);
  const oneShape = ['/parameters/0/inside/0 must be one of circle, polygon, cells and bssids'];
  expect(places({})).toEqual(oneShape);
  expect(places({ cells: ['a'], polygon: [[1, 2], [3, 4], [5, 1]] })).toEqual(oneShape);
  const oneSense = ['/rules/0 must have one of the two, when or require'];
  expect(found(with_({ rules: [{ id: 'z', when: 'true', require: 'true', then: 'ask' }] }))).toEqual(oneSense);
  expect(found(with_({ rules: [{ id: 'z', then: 'ask' }] }))).toEqual(oneSense);
});

/** What the published schema refuses as ours does. */
test.each<readonly [string, unknown, string]>([
  ['a member that nobody knows', with_({ extra: 1 }), '/extra'],
  ['one in a parameter', withOne({ type: 'card_state', allowed: ['active'] }), '/parameters/0/allowed'],
  ['one in a place', withOne({ type: 'places', inside: [{ circle: { lat: 1, lon: 2, radius_m: 3, x: 4 } }] }), '/parameters/0/inside/0'],
  ['one in a rule', with_({ rules: [{ id: 'a', when: 'true', then: 'ask', on_fail: 'allow' }] }), '/rules/0/on_fail'],
  ['a parameter of no type', withOne({ type: 'luck' }), '/parameters/0/type'],
  ['a failure that allows', withOne({ type: 'card_state', on_fail: 'allow' }), '/parameters/0/on_fail'],
  ['missing data that pass', withOne({ type: 'card_state', if_missing: 'pass' }), '/parameters/0/if_missing'],
  ['a rule that allows', with_({ rules: [{ id: 'a', when: 'true', then: 'allow' }] }), '/rules/0/then'],
  ['a rule with both', with_({ rules: [{ id: 'a', when: 'true', require: 'true', then: 'ask' }] }), '/rules/0'],
  ['an empty list', withOne({ type: 'currencies', allow: [] }), '/parameters/0/allow'],
  ['a list that is none', withOne({ type: 'payees' }), '/parameters/0'],
  ['a huge number', withOne({ type: 'count', per: 'day', at_most: 1e300 }), '/parameters/0/at_most'],
  ['a number that is none', withOne({ type: 'speed', at_most_kmh: JSON.parse('1e999') as number }), '/parameters/0/at_most_kmh'],
  ['an absurd coordinate', withOne({ type: 'places', inside: [{ circle: { lat: 91, lon: 2, radius_m: 3 } }] }), '/parameters/0/inside/0'],
  ['a version of 0', with_({ version: 0 }), '/version'],
  ['no id', with_({ parameters: [{ type: 'card_state' }] }), '/parameters/0'],
  ['no object', [], ''],
])('%s is refused, by the published schema too', async (_, json, pointer) => {
  expect(pointersOf(json).some((each) => each.startsWith(pointer)), JSON.stringify(readCardApplication(json).problems)).toBe(true);
  expect(await isValid('card-application', json)).toBe(false);
});

/** What no schema can say. */
test.each<readonly [string, unknown, string]>([
  ['a currency that there is not', withOne({ type: 'currencies', allow: ['EUR', 'XXX'] }), '/parameters/0/allow/1'],
  ['an amount that is none', withOne({ type: 'largest_amount', at_most: '1.234EUR' }), '/parameters/0/at_most'],
  ['two limits in one currency', withOne({ type: 'largest_amount', at_most: ['1.00EUR', '2.00EUR'] }), '/parameters/0/at_most/1'],
  ['a period that is none', withOne({ type: 'count', per: 'year', at_most: 1 }), '/parameters/0/per'],
  ['hours that are none', withOne({ type: 'hours', hours: ['Mon 06:00-06:00'] }), '/parameters/0/hours/0'],
  ['a date that is none', withOne({ type: 'dates', deny: ['2026-02-30'] }), '/parameters/0/deny/0'],
  ['a zone that there is not', with_({ zone: 'Europe/Nowhere' }), '/zone'],
  ['a moment without a zone', withOne({ type: 'validity', from: '2026-01-01T00:00:00' }), '/parameters/0/from'],
  ['an end before the start', withOne({ type: 'validity', from: '2026-01-02T00:00:00Z', until: '2026-01-01T00:00:00Z' }), '/parameters/0/until'],
  ['limits the wrong way round', withOne({ type: 'velocity', lower: 8, upper: 3 }), '/parameters/0/upper'],
  ['limits of two sorts', withOne({ type: 'velocity', lower: 8, upper: '9.00EUR' }), '/parameters/0/upper'],
  ['latitude and longitude the wrong way round', withOne({ type: 'places', inside: [{ polygon: [[113, 22], [114, 22], [114, 23]] }] }), '/parameters/0/inside/0'],
  ['one id twice', with_({ parameters: [parameters[0], parameters[0]] }), '/parameters/1/id'],
  ['the id of the check of the kind', with_({ rules: [{ ...rules[0], id: 'kind' }] }), '/rules/0/id'],
])('%s is refused', (_, json, pointer) => {
  expect(pointersOf(json)).toContain(pointer);
});

test('all that is wrong is said at once', () => {
  const { problems } = readCardApplication(with_({ zone: 'x', parameters: [{ id: 'a', type: 'count' }, { id: 'b', type: 'currencies', allow: ['XXX'] }], rules: [{ id: 'b', when: '', then: 'ask' }] }));
  expect(problems.map(({ pointer }) => pointer)).toEqual(['/zone', '/parameters/0', '/parameters/1/allow/0', '/rules/0/when', '/rules/0/id']);
});

describe('a service', () => {
  const pointers = (json: unknown): readonly string[] => {
    try {
      readCardService(json);
      return [];
    } catch (error) {
      return error instanceof LatchkeyError && error.code === 'invalid_input' ? error.problems.map(({ pointer }) => pointer) : [String(error)];
    }
  };

  test('may have all that there is, or next to nothing', async () => {
    for (const json of [{ service, history }, { service: { kind: 'door', at: '2026-11-30T14:30:00Z' } }, { service, history: { last: null } }]) {
      expect(pointers(json)).toEqual([]);
      expect(await isValid('card-service', json)).toBe(true);
    }
    const read = readCardService({ service, history: { ...history, periods: { '90min': { count: 1 }, day: { count: 0 } } } });
    expect(read.service).toMatchObject({ at: new Date('2026-11-30T13:30:00Z'), amount: { minor: 320n, currency: 'EUR' } });
    expect(read.history?.periods).toEqual({ '1h30min': { count: 1, totals: undefined }, day: { count: 0, totals: {} } });
  });

  test.each<readonly [string, object, string]>([
    ['a member that nobody knows', { ammount: 1 }, '/service/ammount'],
    ['an amount below nothing', { amount: -1 }, '/service/amount'],
    ['half a cent', { amount: 0.5 }, '/service/amount'],
    ['a huge amount', { amount: 1e15 }, '/service/amount'],
    ['a latitude that there is not', { place: { lat: 90.1, lon: 0 } }, '/service/place/lat'],
    ['a time without a zone', { at: '2026-11-30T14:30:00' }, '/service/at'],
    ['a time of another age', { at: '1999-12-31T23:59:59Z' }, '/service/at'],
    ['a state that there is not', { card: { state: 'fine' } }, '/service/card/state'],
    ['attributes within attributes', { attributes: { a: { b: 1 } } }, '/service/attributes/a'],
    ['a name that is none', { attributes: { 'a-b': 1 } }, '/service/attributes'],
  ])('with %s is refused, by the published schema too', async (_, members, pointer) => {
    const json = { service: { ...service, ...members } };
    expect(pointers(json).some((each) => each.startsWith(pointer)), pointers(json).join()).toBe(true);
    expect(await isValid('card-service', json)).toBe(false);
  });

  test.each<readonly [string, unknown, string]>([
    // JSON has no such numbers, so the published schema cannot be asked.
    ['an amount that is no number', { service: { ...service, amount: NaN } }, '/service/amount'],
    ['a longitude that is no number', { service: { ...service, place: { lat: 0, lon: Infinity } } }, '/service/place/lon'],
    ['an amount without a currency', { service: { kind: 'a', at: service.at, amount: 1 } }, '/service/currency'],
    ['a currency that there is not', { service: { ...service, currency: 'XXX' } }, '/service/currency'],
    ['a day that there is not', { service: { ...service, at: '2026-02-30T14:30:00Z' } }, '/service/at'],
    ['a zone that there is not', { service: { ...service, zone: 'Europe/Nowhere' } }, '/service/zone'],
    ['a period that is none', { service, history: { periods: { year: { count: 1 } } } }, '/history/periods/year'],
    ['one period under two names', { service, history: { periods: { '90min': { count: 1 }, '1h30m': { count: 2 } } } }, '/history/periods'],
  ])('with %s is refused', (_, json, pointer) => {
    expect(pointers(json)).toContain(pointer);
  });
});

/** Every place in a JSON value. */
function placesIn(value: unknown, at: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([name, each]) => placesIn(each, [...at, name])) : [];
  return [at, ...inner];
}

function replaced(value: unknown, [name, ...rest]: readonly (string | number)[], by: unknown): unknown {
  if (name === undefined) {
    return by;
  }
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) };
  (copy as Record<string | number, unknown>)[name] = replaced((value as Record<string | number, unknown>)[name], rest, by);
  return copy;
}

const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(-1, 0, 0.5, 1e300, -0, NaN, Infinity, '', '__proto__', 'kind', '1.00EUR', 'day', '2026-11-30T00:00:00Z', '\ud800', [], {}, null, undefined, [[]], { __proto__: null, type: 'count' }),
);

test('with anything in the place of any part an application is read or refused, never more', () => {
  const places = placesIn(whole);
  fc.assert(
    fc.property(fc.constantFrom(...places), anything, (place, by) => {
      const { application, problems } = readCardApplication(replaced(whole, place, by));
      expect(application === undefined).toBe(problems.length > 0);
    }),
    { numRuns: 2000 },
  );
});

test('with anything in the place of any part a service is read or refused, never more', () => {
  const json = { service, history };
  fc.assert(
    fc.property(fc.constantFrom(...placesIn(json)), anything, (place, by) => {
      try {
        expect(readCardService(replaced(json, place, by)).service.at.getTime()).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(LatchkeyError);
        expect((error as LatchkeyError).problems).not.toEqual([]);
      }
    }),
    { numRuns: 2000 },
  );
});
