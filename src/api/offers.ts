import { heardSecurities, mostHeard } from '../domain/heard-network.ts';
import { approvals, longestAnswerMs, mostGuests, offerClosures, offerStates, shortestAnswerMs, type Offer, type SalesRecord } from '../domain/offer.ts';
import { mostOfferHours, parseOfferHours } from '../domain/offer-hours.ts';
import { parseTariff, tariffToJson } from '../domain/tariff-json.ts';
import type { Candidate, FoundOffer, OfferTerms } from '../roles/offers/ports.ts';
import type { FoundText } from '../roles/offers/service.ts';
import { hoursToJson, offeredNetworkFromJson, offeredNetworkToJson, offerFromJson, offerToJson } from '../roles/offers/shown-offer.ts';
import { bssid, heardNetworkSchema, ssidBytesSchema, ssidToWire } from './heard-networks.ts';
import { pageOf, pageQuery } from './page.ts';
import { arrayOf, boolean, count, id, input, instant, object, oneOf, type Static } from './schema.ts';
import { present } from './wire.ts';

const tariff = { type: 'object', additionalProperties: true, description: 'As `latchkey pos tariff show --json` prints it.' } as const;
const words = { type: 'string', maxLength: 64 } as const;
const hours = { ...arrayOf(words), minItems: 1, maxItems: mostOfferHours, description: 'Such as `Mon-Fri 08:00-18:00`.' } as const;
const guests = { type: 'integer', minimum: 1, maximum: mostGuests } as const;
const answerMs = { type: 'integer', minimum: shortestAnswerMs, maximum: longestAnswerMs, description: 'Milliseconds from the hold of the money until the access code is there.' } as const;
const { ssid: heardSsid } = heardNetworkSchema.properties;

const hoursSchema = object('OfferHours', { zone: words, hours });
const hoursInputSchema = input('OfferHoursInput', { zone: words, hours });
const terms = { tariff, guests, approval: oneOf(approvals), answer_ms: answerMs } as const;

export const offerInputSchema = input('OfferInput', { network_id: id, ...terms }, { hours: hoursInputSchema });
export type OfferInputWire = Static<typeof offerInputSchema>;
export const offerChangeSchema = input('OfferChange', {}, { ...terms, hours: hoursInputSchema, always: { ...boolean, description: 'It has no hours any more.' } });
export type OfferChangeWire = Static<typeof offerChangeSchema>;
export const offerStateSchema = input('OfferStateInput', { state: oneOf(offerStates) });

export const offerSchema = object(
  'Offer',
  { offer_id: id, network_id: id, account_id: id, terminal_id: id, state: oneOf(offerStates), ...terms, created_at: instant, changed_at: instant },
  { hours: hoursSchema },
);
export type OfferWire = Static<typeof offerSchema>;
export const offerPageSchema = pageOf('OfferPage', offerSchema);
export const offerQuerySchema = input('OfferQuery', {}, { state: oneOf(offerStates), ...pageQuery });

export const searchSchema = input('OfferSearch', { networks: { ...arrayOf(input('Candidate', { bssid, ssid: heardSsid })), maxItems: mostHeard } });
export type SearchWire = Static<typeof searchSchema>;

const foundNetworkSchema = object('OfferedNetwork', { network_id: id, ssid: ssidBytesSchema, bssids: arrayOf(bssid), security: oneOf(heardSecurities) }, { verified_at: instant });
const recordSchema = object('SalesRecord', { delivered: count, failed: count, disputed: count });
export const foundOfferSchema = object(
  'FoundOffer',
  { offer: offerSchema, network: foundNetworkSchema, bssids: arrayOf(bssid), record: recordSchema },
  { closed: { ...oneOf(offerClosures), description: 'Why it takes nobody now.' } },
);
export type FoundOfferWire = Static<typeof foundOfferSchema>;
export const foundOffersSchema = object('FoundOffers', { offers: arrayOf(foundOfferSchema) });

export function offerInputToWire(networkId: string, { tariff: price, guests: most, hours: open, approval, answerMs: within }: OfferTerms): OfferInputWire {
  return present({ network_id: networkId, tariff: { ...tariffToJson(price) }, guests: most, hours: open && hoursToJson(open), approval, answer_ms: within });
}

/** Errors: `invalid_input`. */
export function offerTermsFromWire(wire: OfferInputWire): OfferTerms {
  return {
    tariff: parseTariff(wire.tariff),
    guests: wire.guests,
    hours: wire.hours && parseOfferHours(wire.hours),
    approval: wire.approval,
    answerMs: wire.answer_ms,
  };
}

export function offerChangeToWire(change: Partial<OfferTerms>): OfferChangeWire {
  return present({
    tariff: change.tariff && { ...tariffToJson(change.tariff) },
    guests: change.guests,
    hours: change.hours && hoursToJson(change.hours),
    always: 'hours' in change && change.hours === undefined ? true : undefined,
    approval: change.approval,
    answer_ms: change.answerMs,
  });
}

/** Errors: `invalid_input`. */
export function offerChangeFromWire(wire: OfferChangeWire): Partial<OfferTerms> {
  const open = wire.hours && parseOfferHours(wire.hours);
  return {
    ...present({ tariff: wire.tariff && parseTariff(wire.tariff), guests: wire.guests, approval: wire.approval, answerMs: wire.answer_ms }),
    ...((open !== undefined || wire.always === true) && { hours: open }),
  };
}

export const offerToWire: (offer: Offer) => OfferWire = offerToJson;
export const offerFromWire: (wire: OfferWire) => Offer = offerFromJson;

export function searchToWire(candidates: readonly Candidate[]): SearchWire {
  return { networks: candidates.map(({ bssid: address, ssid }) => ({ bssid: address, ssid: ssidToWire(ssid) })) };
}

export function foundOfferToWire({ offer, network, bssids, record, closed }: FoundOffer): FoundOfferWire {
  return present({ offer: offerToWire(offer), network: offeredNetworkToJson(network), bssids: [...bssids], record: recordToWire(record), closed });
}

/** The same as `foundOfferToWire`, in the text that it is sent in, of what lies there as a text. */
export function foundTextToWire({ shown, bssids, record, closed }: FoundText): string {
  // What is undefined JSON leaves out by itself.
  return `${shown.slice(0, -1)},${JSON.stringify({ bssids, record: recordToWire(record), closed }).slice(1)}`;
}

function recordToWire({ delivered, failed, disputed }: SalesRecord) {
  return { delivered, failed, disputed };
}

export function foundOfferFromWire({ offer, network, bssids, record, closed }: FoundOfferWire): FoundOffer {
  return { offer: offerFromWire(offer), network: offeredNetworkFromJson(network), bssids, record: recordToWire(record), closed };
}
