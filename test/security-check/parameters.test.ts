import { describe, expect, test } from 'vitest';
import type { ParameterTerms } from '../../src/domain/security-check/application.ts';
import { check } from '../../src/domain/security-check/compile.ts';
import type { CheckResult } from '../../src/domain/security-check/decision.ts';
import type { History } from '../../src/domain/security-check/history.ts';
import type { Service } from '../../src/domain/security-check/service.ts';
import { compiled, parameter, sampleHistory, sampleService, withRules } from './samples.ts';

const eur = (minor: bigint) => ({ minor, currency: 'EUR' });

function resultOf(terms: ParameterTerms, service: Partial<Service> = {}, history: Partial<History> = {}, random = 0.5): CheckResult {
  return check(compiled([parameter(terms)]), sampleService(service), sampleHistory(history), random).checks[1]!;
}

const at = (text: string) => ({ at: new Date(text) });
const place = (lat: number | undefined, lon: number | undefined, cell?: string, bssid?: string) => ({ place: { lat, lon, cell, bssid } });
const day = (count: number, minor: bigint) => ({ periods: { day: { count, totals: { EUR: minor } } } });
const since = (count: number, minor = 0n) => ({ sinceConfirmed: { count, totals: { EUR: minor } } });
const last = (time: string, lat: number, lon: number) => ({ last: { at: new Date(time), ...place(lat, lon) } });
const largest: ParameterTerms = { type: 'largest_amount', atMost: [eur(320n), { minor: 400n, currency: 'CHF' }] };
const total: ParameterTerms = { type: 'total', per: 'day', atMost: [eur(1000n)] };
const count: ParameterTerms = { type: 'count', per: 'day', atMost: 3 };
const hours: ParameterTerms = { type: 'hours', hours: [{ days: ['Mon'], from: 14 * 60, to: 15 * 60 }], clock: 'application' };
const dates: ParameterTerms = { type: 'dates', allow: undefined, deny: ['2026-12-01'], clock: 'application' };
const circle: ParameterTerms = { type: 'places', inside: [{ shape: 'circle', centre: [52.52, 13.405], radiusM: 1000 }], outside: undefined };
const fence: ParameterTerms = { type: 'places', inside: undefined, outside: [{ shape: 'cells', cells: ['262-01-1'] }, { shape: 'bssids', bssids: ['02:00:00:00:00:02'] }] };
const either: ParameterTerms = { type: 'places', inside: [{ shape: 'circle', centre: [0, 0], radiusM: 1 }, { shape: 'cells', cells: ['home'] }], outside: undefined };
const speed: ParameterTerms = { type: 'speed', atMostKmh: 300, toleranceKm: 1 };
const distance: ParameterTerms = { type: 'distance', atMostKm: 100 };
const velocity: ParameterTerms = { type: 'velocity', limits: { of: 'count', lower: 5, upper: 10 }, targetPercent: 0, mostPercent: 99 };
const spent: ParameterTerms = { type: 'velocity', limits: { of: 'total', lower: eur(1000n), upper: eur(2000n) }, targetPercent: 10, mostPercent: 90 };
const state: ParameterTerms = { type: 'card_state', allow: ['active'] };
const card: ParameterTerms = { type: 'card_validity' };
const validity: ParameterTerms = { type: 'validity', from: new Date('2026-11-01T00:00:00Z'), until: new Date('2026-12-01T00:00:00Z') };

interface Case {
  readonly about: string;
  readonly terms: ParameterTerms;
  readonly data: readonly [service?: Partial<Service>, history?: Partial<History>, random?: number];
}

function cases(...all: readonly (readonly [about: string, terms: ParameterTerms, service?: Partial<Service>, history?: Partial<History>, random?: number])[]): Case[] {
  return all.map(([about, terms, ...data]) => ({ about, terms, data }));
}

test.each(cases(
  ['the largest amount', largest],
  ['the largest amount in another of its currencies', largest, { amount: { minor: 400n, currency: 'CHF' } }],
  ['what makes the total full', total, { amount: eur(360n) }],
  ['the first of a currency in its period', total, {}, { periods: { day: { count: 1, totals: {} } } }],
  ['the last of a count', count],
  ['a currency of the list', { type: 'currencies', allow: ['EUR'], deny: undefined }],
  ['a payee that is not denied', { type: 'payees', allow: undefined, deny: ['acc_other'] }],
  ['a category of the list in whatever way its accents are written', { type: 'categories', allow: ['Cafe\u0301'], deny: undefined }, { payee: { id: 'acc_x', category: 'Caf\u00e9' } }],
  ['a category of the list', { type: 'categories', allow: ['metro'], deny: undefined }],
  ['an hour by the clock of the application', hours],
  ['an hour by the clock of the service', { ...hours, hours: [{ days: ['Mon'], from: 13 * 60, to: 14 * 60 }], clock: 'service' } as ParameterTerms],
  ['a date that is not denied', dates],
  ['a place in the circle', circle, place(52.528, 13.405)],
  ['a place outside cells and access points', fence],
  ['a place that one of two areas knows, without a position', either, place(undefined, undefined, 'home')],
  ['a way that is near', distance],
  ['the first service of all, for the way', distance, {}, { last: null }],
  ['a speed that is possible', speed],
  ['a place within the tolerance at the same moment', speed, {}, last('2026-11-30T13:30:00Z', 52.525, 13.405)],
  ['what came since the confirmation up to the lower limit', velocity, {}, since(4), 0],
  ['what is between the limits and not drawn', velocity, {}, since(5), 0.2],
  ['an amount between the limits and not drawn', spent, {}, since(9, 1180n), 0.5],
  ['an active card', state],
  ['the first moment of a card', card, at('2026-01-01T00:00:00Z')],
  ['the first moment of the application', validity, at('2026-11-01T00:00:00Z')],
))('$about passes', ({ terms, data }) => {
  expect(resultOf(terms, ...data)).toMatchObject({ status: 'passed', effect: 'none' });
});

test.each(cases(
  ['one unit more than the largest amount', largest, { amount: eur(321n) }],
  ['an amount in a currency without a limit', largest, { amount: { minor: 1n, currency: 'JPY' } }],
  ['an amount below nothing', largest, { amount: eur(-1n) }],
  ['one unit more than the total', total, { amount: eur(361n) }],
  ['an amount below nothing, that would lower the total', total, { amount: eur(-1n) }],
  ['a total below nothing', total, {}, day(1, -1000n)],
  ['one more than the count', count, {}, day(3, 0n)],
  ['a count that is no number', count, {}, day(NaN, 0n)],
  ['a count below nothing', count, {}, day(-5, 0n)],
  ['a currency that is not in the list', { type: 'currencies', allow: ['CHF'], deny: undefined }],
  ['a payee that is denied', { type: 'payees', allow: undefined, deny: ['acc_metro'] }],
  ['a category that is denied, in whatever way its accents are written', { type: 'categories', allow: undefined, deny: ['Gl\u00fccksspiel'] }, { payee: { id: 'acc_x', category: 'Glu\u0308cksspiel' } }],
  ['a category that is allowed and denied', { type: 'categories', allow: ['metro'], deny: ['metro'] }],
  ['the first minute after the hours', hours, at('2026-11-30T14:00:00Z')],
  ['a moment that is none, for hours', hours, { at: new Date(NaN) }],
  ['a date that is denied, in the zone', dates, at('2026-11-30T23:00:00Z')],
  ['a date of a moment that is none', dates, { at: new Date(NaN) }],
  ['a place outside the circle', circle, place(52.54, 13.405)],
  ['a place that is no number', circle, place(NaN, 13)],
  ['a cell to be kept out of', fence, place(1, 1, '262-01-1')],
  ['an access point to be kept out of', fence, place(1, 1, undefined, '02:00:00:00:00:02')],
  ['a way that is far', distance, place(48.14, 11.58)],
  ['a way to no place', distance, place(NaN, NaN)],
  ['an impossible speed', speed, place(48.14, 11.58)],
  ['an impossible speed from a service that is said to be later', speed, place(48.14, 11.58), last('2026-11-30T14:00:00Z', 52.5, 13.4)],
  ['two places at one moment', speed, {}, last('2026-11-30T13:30:00Z', 52.6, 13.405)],
  ['a speed from a moment that is none', speed, {}, last('x', 52.6, 13.405)],
  ['what is above the upper limit', velocity, {}, since(10), 0.9999],
  ['what is between the limits and drawn', velocity, {}, since(5), 0.19],
  ['what is at the upper limit and drawn', velocity, {}, since(9), 0.98],
  ['what is between the limits, with no random number', velocity, {}, since(5), NaN],
  ['what is between the limits, with too large a random number', velocity, {}, since(5), 7],
  ['a number since the confirmation that is none', velocity, {}, since(NaN)],
  ['an amount since the confirmation in another currency', spent, { amount: { minor: 1n, currency: 'CHF' } }],
  ['an amount between the limits and drawn', spent, {}, since(9, 1180n), 0.49],
  ['a card that is lost', state, { card: { state: 'lost', validFrom: undefined, expiresAt: undefined } }],
  ['the moment at which a card expires', card, at('2028-01-01T00:00:00Z')],
  ['the moment before a card is valid', card, at('2025-12-31T23:59:59.999Z')],
  ['the moment at which the application ends', validity, at('2026-12-01T00:00:00Z')],
  ['a moment that is none, for the validity', validity, { at: new Date(NaN) }],
))('$about fails', ({ terms, data }) => {
  expect(resultOf(terms, ...data)).toMatchObject({ status: 'failed', effect: 'terminate' });
});

test.each(cases(
  ['service.amount', largest, { amount: undefined }],
  ['service.amount', total, { amount: undefined }],
  ['history.periods.day', total, {}, { periods: {} }],
  ['history.periods.day.totals', total, {}, { periods: { day: { count: 500, totals: undefined } } }],
  ['history.since_confirmed.totals', spent, {}, { sinceConfirmed: { count: 500, totals: undefined } }],
  ['history.periods.day', count, {}, { periods: { week: { count: 1, totals: {} } } }],
  ['service.currency', { type: 'currencies', allow: ['EUR'], deny: undefined }, { amount: undefined }],
  ['service.payee.id', { type: 'payees', allow: undefined, deny: ['x'] }, { payee: undefined }],
  ['service.payee.category', { type: 'categories', allow: undefined, deny: ['x'] }, { payee: { id: 'a', category: undefined } }],
  ['service.zone', { ...hours, clock: 'service' } as ParameterTerms, { zone: undefined }],
  ['service.place', circle, { place: undefined }],
  ['service.place.lat', circle, place(undefined, 13)],
  ['service.place.cell', fence, place(1, 1, undefined, '02:00:00:00:00:01')],
  ['service.place.bssid', fence, place(1, 1, 'x')],
  ['history.last', speed, {}, { last: undefined }],
  ['history.last.place.lat', speed, {}, { last: { at: new Date(), place: undefined } }],
  ['service.place.lat', distance, { place: undefined }],
  ['history.since_confirmed', velocity, {}, { sinceConfirmed: undefined }],
  ['service.amount', spent, { amount: undefined }],
  ['service.card.state', state, { card: undefined }],
  ['service.card.valid_from', card, { card: undefined }],
  ['service.card.expires_at', card, { card: { state: 'active', validFrom: new Date(0), expiresAt: undefined } }],
))('without $about a check is not available, and counts as failed unless it is to be skipped', ({ about: missing, terms, data: [service, history] }) => {
  expect(resultOf(terms, service, history)).toMatchObject({ status: 'not_available', effect: 'terminate', missing });
  const skipping = compiled([parameter(terms, { ifMissing: 'skip' })]);
  expect(check(skipping, sampleService(service), sampleHistory(history), 0.5)).toMatchObject({ outcome: 'allow', checks: [{}, { status: 'not_available', effect: 'none', missing }] });
});

test('between the limits of velocity it is asked with a probability that rises from the target to the most', () => {
  const asked = (count: number) => {
    let times = 0;
    for (let step = 0; step < 1000; step += 1) times += resultOf(velocity, {}, since(count - 1), (step + 0.5) / 1000).status === 'failed' ? 1 : 0;
    return times / 1000;
  };
  expect([5, 6, 7, 8, 9, 10, 11].map(asked)).toEqual([0, 0.198, 0.396, 0.594, 0.792, 0.99, 1]);
});

describe('the decision', () => {
  const failing = (id: string, onFail: 'ask' | 'terminate') => parameter({ type: 'count', per: 'day', atMost: 0 }, { id, onFail });
  const decided = (parameters: Parameters<typeof compiled>[0], service: Partial<Service> = {}, terminateAtAsks?: number) =>
    check(compiled(parameters, { decision: { terminateAtAsks } }), sampleService(service), sampleHistory(), 0.5);

  test('is what the worst of the checks asks for, and all of them are run', () => {
    expect(decided([]).outcome).toBe('allow');
    expect(decided([failing('a', 'ask')]).outcome).toBe('ask');
    const both = decided([failing('a', 'terminate'), failing('b', 'ask'), parameter(state)]);
    expect(both.outcome).toBe('terminate');
    expect(both.checks.map(({ id, status }) => [id, status])).toEqual([['kind', 'passed'], ['a', 'failed'], ['b', 'failed'], ['card_state', 'passed']]);
  });

  test('a confirmation answers what asks, and nothing that terminates', () => {
    expect(decided([failing('a', 'ask'), failing('b', 'ask')], { confirmed: true })).toMatchObject({ outcome: 'allow', confirmed: true });
    expect(decided([failing('a', 'terminate')], { confirmed: true }).outcome).toBe('terminate');
  });

  test('so many checks that ask terminate together, confirmed or not', () => {
    const two = [failing('a', 'ask'), failing('b', 'ask')];
    expect(decided(two, {}, 3).outcome).toBe('ask');
    expect(decided(two, {}, 2).outcome).toBe('terminate');
    expect(decided(two, { confirmed: true }, 2).outcome).toBe('terminate');
  });

  test('a service of another kind is terminated', () => {
    expect(decided([], { kind: 'door' })).toMatchObject({ outcome: 'terminate', checks: [{ id: 'kind', status: 'failed' }] });
  });

  test('says which application decided', () => {
    expect(decided([])).toMatchObject({ application: 'city', version: 1, policyHash: 'hash', at: sampleService().at });
  });
});

describe('a rule', () => {
  const decided = (...rules: Parameters<typeof withRules>[0]) => check(withRules(rules), sampleService(), sampleHistory(), 0.5);

  test('when fails where it is true, require where it is false', () => {
    expect(decided({ test: () => false }, { sense: 'require', test: () => true }).outcome).toBe('allow');
    expect(decided({ test: () => true, then: 'ask' })).toMatchObject({ outcome: 'ask', checks: [{}, { status: 'failed', found: true }] });
    expect(decided({ sense: 'require', test: () => false })).toMatchObject({ outcome: 'terminate', checks: [{}, { status: 'failed', found: false }] });
  });

  test.each<readonly [string, () => unknown]>([
    ['an error', () => { throw new Error('no such key'); }],
    ['a text', () => 'true'],
    ['a number', () => 1n],
    ['nothing', () => undefined],
    ['something that is awaited', () => Promise.resolve(false)],
  ])('that gives %s has failed, whichever it is', (_, work) => {
    for (const sense of ['when', 'require'] as const) {
      expect(decided({ sense, test: work })).toMatchObject({ outcome: 'terminate', checks: [{}, { status: 'failed', error: expect.any(String) }] });
    }
  });

  test('whose facts cannot be made has failed', () => {
    const broken = withRules([{ test: () => false }]);
    const compiledSo = { ...broken, rules: { ...broken.rules, facts: () => { throw new Error('no facts'); } } };
    expect(check(compiledSo, sampleService(), sampleHistory(), 0)).toMatchObject({ outcome: 'terminate', checks: [{}, { status: 'failed', error: 'no facts' }] });
  });
});
