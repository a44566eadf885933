import { describe, expect, test } from 'vitest';
import { dayAt, parseDay, parseInstant, spanOfDay } from './day.ts';

describe('a day', () => {
  test.each([
    ['2026-11-30', 'UTC', '2026-11-30T00:00:00.000Z', '2026-12-01T00:00:00.000Z'],
    ['2026-11-30', 'Europe/Berlin', '2026-11-29T23:00:00.000Z', '2026-11-30T23:00:00.000Z'],
    ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'],
    ['2026-10-25', 'Europe/Berlin', '2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z'],
    ['2026-01-01', 'Pacific/Kiritimati', '2025-12-31T10:00:00.000Z', '2026-01-01T10:00:00.000Z'],
    ['2026-01-01', 'Pacific/Pago_Pago', '2026-01-01T11:00:00.000Z', '2026-01-02T11:00:00.000Z'],
    // Its clocks went from 00:00 to 01:00.
    ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z', '2018-11-05T02:00:00.000Z'],
    // It was left out.
    ['2011-12-30', 'Pacific/Apia', '2011-12-30T10:00:00.000Z', '2011-12-30T10:00:00.000Z'],
  ])('%s in %s', (day, zone, from, to) => {
    expect(spanOfDay(day, zone)).toEqual({ from: new Date(from), to: new Date(to) });
  });

  test('is the one of its moments', () => {
    const { from, to } = spanOfDay('2026-10-25', 'Europe/Berlin');
    expect(dayAt(from, 'Europe/Berlin')).toBe('2026-10-25');
    expect(dayAt(new Date(to.getTime() - 1), 'Europe/Berlin')).toBe('2026-10-25');
    expect(dayAt(to, 'Europe/Berlin')).toBe('2026-10-26');
  });

  test.each(['', 'today', '2026-02-29', '2026-13-01', '2026-1-1', '26-01-01', '2026-11-30T00:00:00Z'])('%j is none', (text) => {
    expect(() => parseDay(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });

  test('has a time zone that there is', () => {
    expect(() => spanOfDay('2026-11-30', 'Europe/Nowhere')).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });
});

describe('a moment', () => {
  test.each([
    ['2026-11-30T14:30:00Z', '2026-11-30T14:30:00.000Z'],
    ['2026-11-30t14:30:00.5z', '2026-11-30T14:30:00.500Z'],
    ['2026-11-30T14:30:00+01:00', '2026-11-30T13:30:00.000Z'],
    ['2028-02-29T14:30:00Z', '2028-02-29T14:30:00.000Z'],
  ])('%s', (text, at) => {
    expect(parseInstant(text).toISOString()).toBe(at);
  });

  test.each(['', '2026-11-30', '2026-11-30T14:30:00', '2026-11-30 14:30:00Z', '2026-02-29T14:30:00Z', '2100-02-29T14:30:00Z', '2026-04-31T14:30:00Z', '2026-00-10T14:30:00Z', '2026-01-00T14:30:00Z', '2026-11-30T25:00:00Z', 'now'])('%j is none', (text) => {
    expect(() => parseInstant(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });
});
