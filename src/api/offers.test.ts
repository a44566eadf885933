import { describe, expect, test } from 'vitest';
import type { Offer } from '../domain/offer.ts';
import { parseOfferHours } from '../domain/offer-hours.ts';
import { parseTariff } from '../domain/tariff-json.ts';
import type { FoundOffer } from '../roles/offers/ports.ts';
import { shownOfferText } from '../roles/offers/shown-offer.ts';
import { checker } from './check.ts';
import { foundOfferFromWire, foundOfferSchema, foundOfferToWire, foundTextToWire, offerChangeFromWire, offerChangeToWire } from './offers.ts';

const at = new Date('2026-12-01T08:00:00.123Z');
const offer: Offer = {
  id: 'off_1', networkId: 'net_1', accountId: 'acc_1', terminalId: 'tok_1', state: 'active', tariff: parseTariff({ kind: 'steps', step: '1.00EUR=500MB' }), guests: 5,
  hours: undefined, approval: 'automatic', answerMs: 120_000, createdAt: at, changedAt: at,
};
const network = { id: 'net_1', ssid: Uint8Array.of(0x1b, 0xff), bssids: ['02:00:00:00:01:00'], security: 'wpa2-psk', verifiedAt: at } as const;
const record = { delivered: 3, failed: 1, disputed: 0 };
const found: readonly FoundOffer[] = [
  { offer, network: { ...network, verifiedAt: undefined }, bssids: [], record, closed: undefined },
  { offer: { ...offer, hours: parseOfferHours({ zone: 'UTC', hours: ['Mon 08:00-18:00'] }) }, network, bssids: network.bssids, record, closed: 'hours' },
];

describe('a found offer', () => {
  test.each(found.map((each) => [each.closed ?? 'open', each] as const))('that is %s is the same there and back, as an object and as the text that lies there', (_, each) => {
    const wire = foundOfferToWire(each);
    expect(checker(foundOfferSchema)(wire)).toEqual({ ok: true, value: wire });
    expect(foundOfferFromWire(wire)).toEqual(each);
    const { bssids, closed } = each;
    expect(JSON.parse(foundTextToWire({ shown: shownOfferText(each), bssids, record, closed }))).toEqual(wire);
  });
});

test.each([{}, { guests: 3 }, { hours: undefined }, { hours: found[1]!.offer.hours, answerMs: 60_000, approval: 'manual' }] as const)('a change of an offer has what is given alone: %o', (change) => {
  expect(offerChangeFromWire(offerChangeToWire(change))).toStrictEqual(change);
});
