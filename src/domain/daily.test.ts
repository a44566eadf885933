import { describe, expect, test } from 'vitest';
import { nextDaily, parseTimeOfDay } from './daily.ts';

const zone = 'Europe/Berlin';
const next = (time: string, after: string, where = zone) => nextDaily(parseTimeOfDay(time), where, new Date(after)).toISOString();

test('today if it is yet to come, and tomorrow if it is not', () => {
  expect(next('02:00', '2026-11-30T00:59:59Z')).toBe('2026-11-30T01:00:00.000Z');
  expect(next('02:00', '2026-11-30T01:00:00Z')).toBe('2026-12-01T01:00:00.000Z');
  expect(next('00:00', '2026-12-31T22:59:59.999Z')).toBe('2026-12-31T23:00:00.000Z');
  expect(next('23:59', '2026-12-31T23:00:00Z')).toBe('2027-01-01T22:59:00.000Z');
});

describe('when clocks are put', () => {
  test('forward, a minute that is left out is the first after the gap', () => {
    expect(next('02:30', '2026-03-28T12:00:00Z')).toBe('2026-03-29T01:00:00.000Z');
    expect(next('02:30', '2026-03-29T01:00:00Z')).toBe('2026-03-30T00:30:00.000Z');
  });

  test('back, a minute that is there twice is the first, once', () => {
    expect(next('02:30', '2026-10-24T12:00:00Z')).toBe('2026-10-25T00:30:00.000Z');
    expect(next('02:30', '2026-10-25T00:30:00Z')).toBe('2026-10-26T01:30:00.000Z');
  });

  test('forward at midnight', () => {
    expect(next('00:00', '2026-09-05T12:00:00Z', 'America/Santiago')).toBe('2026-09-06T04:00:00.000Z');
  });
});

test('a day that a zone left out has none', () => {
  expect(next('02:00', '2011-12-29T13:00:00Z', 'Pacific/Apia')).toBe('2011-12-30T12:00:00.000Z');
});

test('each day has one', () => {
  let at = new Date('2026-03-15T00:00:00Z');
  const days = new Set<string>();
  for (let day = 0; day < 30; day += 1) {
    at = nextDaily(150, zone, at);
    days.add(new Intl.DateTimeFormat('sv', { timeZone: zone, dateStyle: 'short' }).format(at));
  }
  expect(days.size).toBe(30);
});

test.each(['24:00', '2:00', '02:60', '25:00', '', '02:00:00'])('%s is no time of the day', (text) => {
  expect(() => parseTimeOfDay(text)).toThrow(expect.objectContaining({ code: 'invalid_input', message: expect.stringContaining('to 23:59') as string }));
});
