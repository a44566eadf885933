import { heardSecurities, mostHeard } from '../domain/heard-network.ts';
import { approvals, longestAnswerMs, mostGuests, offerClosures, offerStates, shortestAnswerMs, type Offer, type SalesRecord } from '../domain/offer.ts';
import { mostOfferHours, offerHoursToJson, parseOfferHours, type OfferHours } from '../domain/offer-hours.ts';
import { parseTariff, tariffToJson } from '../domain/tariff-json.ts';
import type { Candidate, FoundOffer, OfferTerms } from '../roles/offers/ports.ts';
import { bssid, heardNetworkSchema, ssidBytesSchema, ssidFromWire, ssidToWire } from './heard-networks.ts';
import { pageOf, pageQuery } from './page.ts';
import { arrayOf, boolean, count, id, input, instant, object, oneOf, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

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

function hoursToWire(open: OfferHours | undefined) {
  return open && { zone: open.zone, hours: [...offerHoursToJson(open).hours] };
}

export function offerInputToWire(networkId: string, { tariff: price, guests: most, hours: open, approval, answerMs: within }: OfferTerms): OfferInputWire {
  return present({ network_id: networkId, tariff: { ...tariffToJson(price) }, guests: most, hours: hoursToWire(open), approval, answer_ms: within });
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
    hours: hoursToWire(change.hours),
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

export function offerToWire(offer: Offer): OfferWire {
  return present({
    offer_id: offer.id,
    network_id: offer.networkId,
    account_id: offer.accountId,
    terminal_id: offer.terminalId,
    state: offer.state,
    tariff: { ...tariffToJson(offer.tariff) },
    guests: offer.guests,
    hours: hoursToWire(offer.hours),
    approval: offer.approval,
    answer_ms: offer.answerMs,
    created_at: instantToWire(offer.createdAt),
    changed_at: instantToWire(offer.changedAt),
  });
}

export function offerFromWire(wire: OfferWire): Offer {
  return {
    id: wire.offer_id,
    networkId: wire.network_id,
    accountId: wire.account_id,
    terminalId: wire.terminal_id,
    state: wire.state,
    tariff: parseTariff(wire.tariff),
    guests: wire.guests,
    hours: wire.hours && parseOfferHours(wire.hours),
    approval: wire.approval,
    answerMs: wire.answer_ms,
    createdAt: instantFromWire(wire.created_at),
    changedAt: instantFromWire(wire.changed_at),
  };
}

export function searchToWire(candidates: readonly Candidate[]): SearchWire {
  return { networks: candidates.map(({ bssid: address, ssid }) => ({ bssid: address, ssid: ssidToWire(ssid) })) };
}

export function searchFromWire({ networks }: SearchWire): Candidate[] {
  return networks.map(({ bssid: address, ssid }) => ({ bssid: address, ssid: ssidFromWire(ssid) }));
}

export function foundOfferToWire({ offer, network, bssids, record, closed }: FoundOffer): FoundOfferWire {
  return present({
    offer: offerToWire(offer),
    network: present({
      network_id: network.id,
      ssid: ssidToWire(network.ssid),
      bssids: [...network.bssids],
      security: network.security,
      verified_at: instantToWire(network.verifiedAt),
    }),
    bssids: [...bssids],
    record: recordToWire(record),
    closed,
  });
}

function recordToWire({ delivered, failed, disputed }: SalesRecord) {
  return { delivered, failed, disputed };
}

export function foundOfferFromWire({ offer, network, bssids, record, closed }: FoundOfferWire): FoundOffer {
  return {
    offer: offerFromWire(offer),
    network: {
      id: network.network_id,
      ssid: ssidFromWire(network.ssid),
      bssids: network.bssids,
      security: network.security,
      verifiedAt: instantFromWire(network.verified_at),
    },
    bssids,
    record: recordToWire(record),
    closed,
  };
}
