import { areaTest, distanceKm, pointOf } from '../../../src/domain/security-check/place.ts';
import type { History } from '../../../src/domain/security-check/history.ts';
import type { Service } from '../../../src/domain/security-check/service.ts';
import { dateOf, minuteOf, weekdayOf, zoneClock } from '../../../src/domain/security-check/zone-clock.ts';

/**
 * A case as the peers take it. They know no zones, no places and no fractions: what they cannot tell themselves is
 * told to them, before the time is taken.
 */
export interface PeerFacts {
  readonly kind: string;
  readonly amount: number;
  readonly currency: string;
  readonly payee: string;
  readonly category: string;
  readonly hour: number;
  readonly minute: number;
  readonly weekend: boolean;
  readonly date: string;
  readonly at: number;
  readonly in_polygon: boolean;
  readonly in_circle: boolean;
  readonly cell: string;
  readonly metres: number;
  readonly metres_an_hour: number;
  /** Whether it is drawn between the limits, for the two velocities. */
  readonly drawn_count: boolean;
  readonly drawn_total: boolean;
  readonly since_count: number;
  readonly since_total: number;
  readonly card_state: string;
  /** Milliseconds since it is valid, and until it is no more: neither compares two facts everywhere. */
  readonly card_age: number;
  readonly card_rest: number;
  readonly tags: readonly string[];
  readonly riders: number;
  readonly member: boolean;
  readonly hour_count: number;
  readonly hour_total: number;
  readonly day_count: number;
  readonly day_total: number;
  readonly week_count: number;
  readonly week_total: number;
  readonly month_count: number;
  readonly month_total: number;
  readonly rolling_count: number;
  readonly rolling_total: number;
}

const clock = zoneClock('Europe/Berlin');
const inPolygon = areaTest({ shape: 'polygon', points: [[52.3, 13.1], [52.7, 13.1], [52.7, 13.8], [52.3, 13.8]] });
const inCircle = areaTest({ shape: 'circle', centre: [52.52, 13.405], radiusM: 40_000 });

export function peerFacts({ kind, at, amount, payee, place, card, attributes }: Service, { periods, last, sinceConfirmed }: History, random: number): PeerFacts {
  const shown = clock(at.getTime());
  const minor = Number(amount!.minor);
  const km = distanceKm(pointOf(place)!, pointOf(last!.place)!);
  const kmh = Math.max(0, km - 0.5) / (Math.abs(at.getTime() - last!.at.getTime()) / 3_600_000);
  const used = (period: string) => ({ count: periods[period]!.count + 1, total: Number(periods[period]!.totals!['EUR']) + minor });
  const [hour, day, week, month, rolling] = ['hour', 'day', 'week', 'month', '1h30min'].map(used);
  const since = { count: sinceConfirmed!.count + 1, total: Number(sinceConfirmed!.totals!['EUR']) + minor };
  const drawn = (value: number, lower: number, upper: number) => value > lower && value <= upper && random * 100 < (99 * (value - lower)) / (upper - lower);
  return {
    kind, amount: minor, currency: amount!.currency, payee: payee!.id!, category: payee!.category!,
    hour: Math.floor(minuteOf(shown) / 60), minute: minuteOf(shown), weekend: ['Sat', 'Sun'].includes(weekdayOf(shown)), date: dateOf(shown), at: at.getTime(),
    in_polygon: inPolygon(place!) === true, in_circle: inCircle(place!) === true, cell: place!.cell!, metres: Math.ceil(km * 1000), metres_an_hour: Math.ceil(kmh * 1000),
    drawn_count: drawn(since.count, 5, 20), drawn_total: drawn(since.total, 30_000, 90_000), since_count: since.count, since_total: since.total,
    card_state: card!.state!, card_age: at.getTime() - card!.validFrom!.getTime(), card_rest: card!.expiresAt!.getTime() - at.getTime(),
    tags: attributes['tags'] as readonly string[], riders: attributes['riders'] as number, member: attributes['member'] as boolean,
    hour_count: hour!.count, hour_total: hour!.total, day_count: day!.count, day_total: day!.total, week_count: week!.count, week_total: week!.total,
    month_count: month!.count, month_total: month!.total, rolling_count: rolling!.count, rolling_total: rolling!.total,
  };
}

const start = Date.UTC(2026, 0, 1);
const end = Date.UTC(2027, 0, 1);
const payees = Array.from({ length: 20 }, (_, number) => `acc_${number}`);

/** What of the facts fails a check: all of some conditions, or any of them, as both peers can say it. */
export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly fact: keyof PeerFacts; readonly is: '==' | '!=' | '<' | '>' | '>=' | 'in' | 'not in' | 'contains'; readonly value: string | number | boolean | readonly string[] };

const more = (fact: keyof PeerFacts, value: number): Condition => ({ fact, is: '>', value });
const is = (fact: keyof PeerFacts, value: string | boolean): Condition => ({ fact, is: '==', value });

export const peerChecks: readonly (readonly [id: string, effect: 'ask' | 'terminate', fails: Condition])[] = [
  ['kind', 'terminate', { fact: 'kind', is: '!=', value: 'transit' }],
  ['p01', 'terminate', more('amount', 9500)],
  ['p02', 'ask', more('amount', 8000)],
  ['p03', 'ask', more('hour_total', 15_000)],
  ['p04', 'ask', more('day_total', 39_000)],
  ['p05', 'terminate', more('week_total', 79_000)],
  ['p06', 'terminate', more('month_total', 159_000)],
  ['p07', 'ask', more('rolling_total', 20_000)],
  ['p08', 'ask', more('hour_count', 9)],
  ['p09', 'terminate', more('day_count', 19)],
  ['p10', 'terminate', more('week_count', 39)],
  ['p11', 'terminate', more('month_count', 79)],
  ['p12', 'ask', more('rolling_count', 14)],
  ['p13', 'terminate', { fact: 'currency', is: 'not in', value: ['EUR', 'CHF', 'USD'] }],
  ['p14', 'terminate', { fact: 'payee', is: 'in', value: ['acc_3', 'acc_bad'] }],
  ['p15', 'terminate', { fact: 'payee', is: 'not in', value: payees }],
  ['p16', 'terminate', { fact: 'category', is: 'in', value: ['gambling', 'fireworks'] }],
  ['p17', 'terminate', { fact: 'category', is: 'not in', value: ['metro', 'bus', 'ferry', 'gambling', 'tram'] }],
  ['p18', 'terminate', { any: [{ fact: 'minute', is: '<', value: 240 }, { fact: 'minute', is: '>=', value: 1410 }] }],
  ['p19', 'ask', { any: [
    { all: [is('weekend', false), { any: [{ fact: 'minute', is: '<', value: 240 }, { fact: 'minute', is: '>=', value: 1380 }] }] },
    { all: [is('weekend', true), { any: [{ fact: 'minute', is: '<', value: 360 }, { fact: 'minute', is: '>=', value: 1410 }] }] },
  ] }],
  ['p20', 'ask', { fact: 'date', is: 'in', value: ['2026-12-24', '2026-12-25'] }],
  ['p21', 'terminate', { all: [is('in_polygon', false), is('in_circle', false)] }],
  ['p22', 'terminate', { fact: 'cell', is: 'in', value: ['262-01-13', '262-01-14'] }],
  ['p23', 'ask', more('metres', 60_000)],
  ['p24', 'terminate', more('metres_an_hour', 200_000)],
  ['p25', 'ask', { any: [more('since_count', 20), is('drawn_count', true)] }],
  ['p26', 'ask', { any: [more('since_total', 90_000), is('drawn_total', true)] }],
  ['p27', 'terminate', { fact: 'card_state', is: '!=', value: 'active' }],
  ['p28', 'terminate', { any: [{ fact: 'card_age', is: '<', value: 0 }, { fact: 'card_rest', is: '<', value: 1 }] }],
  ['p29', 'terminate', { any: [{ fact: 'at', is: '<', value: start }, { fact: 'at', is: '>=', value: end }] }],
  ['r1', 'ask', { all: [more('amount', 6000), is('category', 'bus')] }],
  ['r2', 'terminate', { all: [{ fact: 'hour', is: '<', value: 5 }, more('amount', 2000)] }],
  ['r3', 'terminate', { fact: 'tags', is: 'contains', value: 'stolen' }],
  ['r4', 'ask', { any: [more('riders', 6), { all: [more('riders', 4), is('member', false)] }] }],
  ['r5', 'ask', { all: [more('day_count', 16), { fact: 'payee', is: 'in', value: ['acc_7', 'acc_8'] }] }],
];
