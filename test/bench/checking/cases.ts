/** What all contenders are held to: 30 checks (the kind and 29 parameters) and 5 expressions, over services that are drawn. */
export interface BenchCase {
  readonly json: { readonly service: Record<string, unknown>; readonly history: Record<string, unknown> };
  readonly random: number;
}

const area = { polygon: [[52.3, 13.1], [52.7, 13.1], [52.7, 13.8], [52.3, 13.8]] };
const centre = { circle: { lat: 52.52, lon: 13.405, radius_m: 40_000 } };

export const benchApplication = {
  name: 'bench', version: 1, kind: 'transit', zone: 'Europe/Berlin',
  parameters: [
    { id: 'p01', type: 'largest_amount', at_most: '95.00EUR' },
    { id: 'p02', type: 'largest_amount', at_most: '80.00EUR', on_fail: 'ask' },
    { id: 'p03', type: 'total', per: 'hour', at_most: '150.00EUR', on_fail: 'ask' },
    { id: 'p04', type: 'total', per: 'day', at_most: '390.00EUR', on_fail: 'ask' },
    { id: 'p05', type: 'total', per: 'week', at_most: '790.00EUR' },
    { id: 'p06', type: 'total', per: 'month', at_most: '1590.00EUR' },
    { id: 'p07', type: 'total', per: '1h30min', at_most: '200.00EUR', on_fail: 'ask' },
    { id: 'p08', type: 'count', per: 'hour', at_most: 9, on_fail: 'ask' },
    { id: 'p09', type: 'count', per: 'day', at_most: 19 },
    { id: 'p10', type: 'count', per: 'week', at_most: 39 },
    { id: 'p11', type: 'count', per: 'month', at_most: 79 },
    { id: 'p12', type: 'count', per: '1h30min', at_most: 14, on_fail: 'ask' },
    { id: 'p13', type: 'currencies', allow: ['EUR', 'CHF', 'USD'] },
    { id: 'p14', type: 'payees', deny: ['acc_3', 'acc_bad'] },
    { id: 'p15', type: 'payees', allow: Array.from({ length: 20 }, (_, number) => `acc_${number}`) },
    { id: 'p16', type: 'categories', deny: ['gambling', 'fireworks'] },
    { id: 'p17', type: 'categories', allow: ['metro', 'bus', 'ferry', 'gambling', 'tram'] },
    { id: 'p18', type: 'hours', hours: ['Mon-Sun 04:00-23:30'] },
    { id: 'p19', type: 'hours', hours: ['Mon-Fri 04:00-23:00', 'Sat,Sun 06:00-23:30'], on_fail: 'ask' },
    { id: 'p20', type: 'dates', deny: ['2026-12-24', '2026-12-25'], on_fail: 'ask' },
    { id: 'p21', type: 'places', inside: [area, centre] },
    { id: 'p22', type: 'places', outside: [{ cells: ['262-01-13', '262-01-14'] }] },
    { id: 'p23', type: 'distance', at_most_km: 60, on_fail: 'ask' },
    { id: 'p24', type: 'speed', at_most_kmh: 200, tolerance_km: 0.5 },
    { id: 'p25', type: 'velocity', lower: 5, upper: 20 },
    { id: 'p26', type: 'velocity', lower: '300.00EUR', upper: '900.00EUR' },
    { id: 'p27', type: 'card_state' },
    { id: 'p28', type: 'card_validity' },
    { id: 'p29', type: 'validity', from: '2026-01-01T00:00:00Z', until: '2027-01-01T00:00:00Z' },
  ],
  rules: [
    { id: 'r1', when: 'service.amount > 6000 && service.payee.category == "bus"', then: 'ask' },
    { id: 'r2', when: 'local.hour < 5 && service.amount > 2000', then: 'terminate' },
    { id: 'r3', require: '!service.attributes.tags.exists(tag, tag == "stolen")', then: 'terminate' },
    { id: 'r4', when: 'service.attributes.riders > 6 || (service.attributes.riders > 4 && !service.attributes.member)', then: 'ask' },
    { id: 'r5', when: 'history.periods.day.count > 15 && service.payee.id in ["acc_7", "acc_8"]', then: 'ask' },
  ],
} as const;

const periods = [['hour', 10, 15_000], ['day', 20, 40_000], ['week', 40, 80_000], ['month', 80, 160_000], ['1h30min', 15, 20_000]] as const;
const day = 86_400_000;

/** The same each time. */
export function benchCases(count: number): readonly BenchCase[] {
  const draw = generator(20_261_130);
  const whole = (below: number) => Math.floor(draw() * below);
  return Array.from({ length: count }, (): BenchCase => {
    const at = Date.UTC(2026, 10, 1) + whole(60 * day);
    const bad = draw() < 0.5;
    // Half are good in all that is not drawn at random, so that not everything is refused.
    const upTo = (most: number) => whole(bad ? most : most * 0.4);
    const [lat, lon] = bad ? [52.2 + draw() * 0.6, 13 + draw() * 0.9] : [52.5 + draw() * 0.05, 13.35 + draw() * 0.1];
    return {
      random: draw(),
      json: {
        service: {
          kind: 'transit', at: new Date(at).toISOString(), amount: 1 + upTo(10_000), currency: 'EUR',
          payee: { id: `acc_${bad ? whole(22) : 4 + whole(3)}`, category: bad ? ['metro', 'bus', 'tram', 'gambling', 'taxi'][whole(5)] : 'metro' },
          place: { lat, lon, cell: `262-01-${bad ? whole(60) : 20}` },
          card: { state: bad && draw() < 0.1 ? 'blocked' : 'active', valid_from: '2026-01-01T00:00:00.000Z', expires_at: '2028-01-01T00:00:00.000Z' },
          attributes: { tags: bad && draw() < 0.1 ? ['day', 'stolen'] : ['day', 'zone-a'], riders: 1 + upTo(7), member: draw() < 0.5 },
        },
        history: {
          periods: Object.fromEntries(periods.map(([period, most, money]) => [period, { count: upTo(most), totals: { EUR: upTo(money) } }])),
          last: { at: new Date(at - 600_000 - whole(7_200_000)).toISOString(), place: { lat: lat + (draw() - 0.5) * (bad ? 1 : 0.05), lon: lon + (draw() - 0.5) * (bad ? 1 : 0.05) } },
          since_confirmed: { count: upTo(24), totals: { EUR: upTo(100_000) } },
        },
      },
    };
  });
}

/** Mulberry32: small, and the same everywhere. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
