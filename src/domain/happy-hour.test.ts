import { describe, expect, test } from 'vitest';
import { happyHourAt, happyHourText, parseHappyHour, parseZone } from './happy-hour.ts';

describe('a happy hour', () => {
  test('has days, hours and a factor or a step', () => {
    expect(parseHappyHour('Mon-Wed,Sat 14:00-16:30 x1.5')).toEqual({ days: ['Mon', 'Tue', 'Wed', 'Sat'], from: 840, to: 990, reward: { percent: 150n } });
    expect(parseHappyHour('Sun 00:00-24:00 1.00EUR=20min')).toEqual({
      days: ['Sun'], from: 0, to: 1440,
      reward: { step: { price: { minor: 100n, currency: 'EUR' }, quantity: { metric: 'time', size: 1_200_000n } } },
    });
  });

  test.each([
    ['Mon-Fri 14:00-16:00 x2', 'Mon-Fri 14:00-16:00 x2'],
    ['Sat-Mon 22:00-02:00 x1.50', 'Mon,Sat-Sun 22:00-02:00 x1.5'],
    ['Fri,Mon,Fri 00:00-24:00 x1.05', 'Mon,Fri 00:00-24:00 x1.05'],
    ['Sun 00:00-24:00 1EUR=20min', 'Sun 00:00-24:00 1.00EUR=20min'],
  ])('%s is written as %s', (text, written) => {
    expect(happyHourText(parseHappyHour(text))).toBe(written);
    expect(parseHappyHour(written)).toEqual(parseHappyHour(text));
  });

  test.each([
    '', 'Mon-Fri 14:00-16:00', 'mon 14:00-16:00 x2', 'Mon-Tue-Wed 14:00-16:00 x2', 'Mon- 14:00-16:00 x2', ', 14:00-16:00 x2',
    'Mon 14:00-14:00 x2', 'Mon 24:00-02:00 x2', 'Mon 14:60-16:00 x2', 'Mon 14:00-24:01 x2', 'Mon 4:00-6:00 x2',
    'Mon 14:00-16:00 x1', 'Mon 14:00-16:00 x0.5', 'Mon 14:00-16:00 x100.01', 'Mon 14:00-16:00 x1.234', 'Mon 14:00-16:00 2', 'Mon 14:00-16:00 =20min',
  ])('%j is none', (text) => {
    expect(() => parseHappyHour(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });
});

test.each(['Europe/Berlin', 'Asia/Kathmandu', 'UTC'])('%s is a time zone', (zone) => {
  expect(parseZone(zone)).toBe(zone);
});

test.each(['', 'Berlin/Europe', '+01:00', 'Europe/Berlin '])('%j is no time zone', (zone) => {
  expect(() => parseZone(zone)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});

describe('happy hours', () => {
  const holds = (text: string, zone: string, at: string) => happyHourAt({ zone, hours: [parseHappyHour(text)] }, new Date(at)) !== undefined;

  test.each([
    ['2026-11-02T12:59:59.999Z', false],
    ['2026-11-02T13:00:00Z', true],
    ['2026-11-02T14:59:59.999Z', true],
    ['2026-11-02T15:00:00Z', false],
    ['2026-11-07T13:30:00Z', false],
    ['2026-07-06T12:00:00Z', true],
    ['2026-07-06T14:00:00Z', false],
  ])('go by the clock on the wall, in winter as in summer: %s', (at, expected) => {
    expect(holds('Mon-Fri 14:00-16:00 x2', 'Europe/Berlin', at)).toBe(expected);
  });

  test.each([
    ['2026-11-06T22:00:00Z', true],
    ['2026-11-07T01:59:00Z', true],
    ['2026-11-07T02:00:00Z', false],
    ['2026-11-06T01:00:00Z', false],
    ['2026-11-07T22:30:00Z', false],
  ])('over midnight belong to the day on which they begin: %s', (at, expected) => {
    expect(holds('Fri 22:00-02:00 x2', 'UTC', at)).toBe(expected);
  });

  test('from Sunday reach into Monday', () => {
    expect(holds('Sun 23:00-01:00 x2', 'UTC', '2026-11-02T00:30:00Z')).toBe(true);
  });

  test('go by the day of their zone', () => {
    expect(holds('Tue 00:00-24:00 x2', 'Pacific/Auckland', '2026-11-02T12:00:00Z')).toBe(true);
    expect(holds('Mon 00:00-24:00 x2', 'Pacific/Auckland', '2026-11-02T12:00:00Z')).toBe(false);
  });

  test('come twice when clocks are put back, and not at all when they are put forward past them', () => {
    const hours = (times: readonly string[]) => times.map((at) => holds('Sun 02:00-03:00 x2', 'Europe/Berlin', at));
    expect(hours(['2026-10-24T23:59:00Z', '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z', '2026-10-25T02:00:00Z'])).toEqual([false, true, true, false]);
    expect(hours(['2026-03-29T00:59:00Z', '2026-03-29T01:00:00Z', '2026-03-29T01:30:00Z'])).toEqual([false, false, false]);
  });

  test('that overlap: the first of them holds', () => {
    const hours = ['Mon-Sun 00:00-24:00 x2', 'Mon 14:00-16:00 x3'].map(parseHappyHour);
    expect(happyHourAt({ zone: 'UTC', hours }, new Date('2026-11-02T15:00:00Z'))).toBe(hours[0]);
  });

  test('are none where a tariff has none', () => {
    expect(happyHourAt(undefined, new Date())).toBeUndefined();
  });
});
