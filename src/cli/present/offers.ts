import { foundOfferSchema, foundOfferToWire, offerSchema, offerToWire, type FoundOfferWire, type OfferWire } from '../../api/offers.ts';
import { heardNetworkSchema, heardNetworkToWire, ssidFromWire, type HeardNetworkWire } from '../../api/heard-networks.ts';
import { pageOf } from '../../api/page.ts';
import { arrayOf, boolean, count, object } from '../../api/schema.ts';
import type { HeardNetwork } from '../../domain/heard-network.ts';
import type { Offer, OfferClosure } from '../../domain/offer.ts';
import { offerHoursToJson, type OfferHoursJson } from '../../domain/offer-hours.ts';
import { moneyBackMs } from '../../domain/share-request.ts';
import { ssidText } from '../../domain/ssid-text.ts';
import { tariffToJson } from '../../domain/tariff-json.ts';
import type { FoundOffer, OfferTerms } from '../../roles/offers/ports.ts';
import { morePages, type PageWire } from './page.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';
import type { TariffWire } from './tariffs.ts';
import { duration, localTime } from './time.ts';

const moneyBack = { ...count, description: 'Milliseconds from its hold within which money for which nothing was got is back.' } as const;

const { hours: openHours, ...ofOffer } = offerSchema.properties;
/** An offer, and within which time money comes back. */
export const shownOfferSchema = object('ShownOffer', { ...ofOffer, money_back_ms: moneyBack }, { hours: openHours });
export type ShownOfferWire = OfferWire & { readonly money_back_ms: number };
export const shownOfferPageSchema = pageOf('ShownOfferPage', shownOfferSchema);

export function shownOffer(offer: Offer): ShownOfferWire {
  return { ...offerToWire(offer), money_back_ms: moneyBackMs(offer) };
}

export function presentOffer(offer: ShownOfferWire, screen: Screen): string {
  return details(
    [
      ['offer', offer.offer_id],
      ['network', offer.network_id],
      ['state', offer.state],
      ['tariff', tariffInWords(offer.tariff)],
      ['refund', refundInWords(offer.tariff)],
      ['guests', `${offer.guests} at once`],
      ['hours', hoursInWords(offer)],
      ['approval', offer.approval],
      ['answer', `within ${duration(offer.answer_ms)}`],
      ['money back', `within ${duration(offer.money_back_ms)} if nothing comes of it`],
      ['account', offer.account_id],
      ['made', localTime(offer.created_at)],
      ['changed', offer.changed_at === offer.created_at ? undefined : localTime(offer.changed_at)],
    ],
    screen,
  );
}

export function presentOffers(page: PageWire<ShownOfferWire>, screen: Screen): string {
  if (page.items.length === 0) {
    return 'No offers.';
  }
  const text = table(
    page.items,
    [
      { title: 'OFFER', cell: ({ offer_id }) => offer_id },
      { title: 'NETWORK', cell: ({ network_id }) => network_id },
      { title: 'STATE', cell: ({ state }) => state },
      { title: 'TARIFF', cell: ({ tariff }) => tariffInWords(tariff) },
      { title: 'GUESTS', cell: ({ guests }) => String(guests), right: true },
      { title: 'HOURS', cell: hoursInWords },
      { title: 'APPROVAL', cell: ({ approval }) => approval },
    ],
    screen,
  );
  return text + morePages(page, screen);
}

/** The question before an offer is made. */
export function offerInWords(networkId: string, { tariff, hours, guests, approval, answerMs }: OfferTerms): string {
  const json = tariffToJson(tariff);
  const open = hours === undefined ? 'at any time' : hoursInWords({ hours: offerHoursToJson(hours) });
  const by = approval === 'manual' ? 'once you approve' : 'by itself';
  return `Guests get ${tariffInWords(json)}; ${refundInWords(json)} when they end early. It is sold ${open}, to ${guests} at once, and they are let in ${by} within ${duration(answerMs)}. `
    + `Who pays and gets nothing has the money back within ${duration(moneyBackMs({ answerMs }))}. Offer network ${networkId}?`;
}

/** On the wire it is any object, which the server has made. */
type TariffParts = Readonly<Record<string, unknown>>;

/** What is sold for what, in one line. */
export function tariffInWords(tariff: TariffParts): string {
  const { kind, price, allowed, step, tiers = [], minimum, largest_amount: most, largest_quantity: longest, happy_hours: hours = [], zone, free } = tariff as TariffWire;
  if (kind === 'unlimited') {
    return `all that is wanted for ${price}`;
  }
  if (kind === 'fixed') {
    return `${allowed} for ${price}`;
  }
  const stepInWords = (text: string) => text.replace(/^(.*)=(.*)$/, '$2 for $1');
  return [
    stepInWords(step ?? ''),
    ...tiers.map((tier) => tier.replace(/^([^:]+):(.*)$/, (_, from: string, of: string) => `${stepInWords(of)} from ${from} on`)),
    ...hours.map((hour) => `${hour} (${zone})`),
    minimum && `at least ${minimum}`,
    (most ?? longest) && `at most ${[most, longest].filter(Boolean).join(' and ')}`,
    free && `${free} free the first time`,
  ].filter(Boolean).join(', ');
}

function refundInWords(tariff: TariffParts): string {
  return tariff['refund'] === 'unused' ? 'what is unused goes back' : 'nothing goes back';
}

function hoursInWords({ hours }: { readonly hours?: OfferHoursJson }): string {
  return hours === undefined ? 'always' : `${hours.hours.join(', ')} (${hours.zone})`;
}

const { signal_dbm: signal, frequency_mhz: frequency, ...ofHeard } = heardNetworkSchema.properties;
const { closed: whyClosed, ...ofFound } = foundOfferSchema.properties;
/** Of the radios of an offer that are heard, the strongest, as a scan has it; and what is offered there. */
export const aroundSchema = object(
  'AroundOffer',
  {
    ...ofHeard, ...ofFound, money_back_ms: moneyBack,
    security_differs: { ...boolean, description: 'It is heard with other security than it was proven with: perhaps it is another’s radio.' },
  },
  { signal_dbm: signal, frequency_mhz: frequency, closed: whyClosed },
);
export type AroundWire = HeardNetworkWire & FoundOfferWire & { readonly money_back_ms: number; readonly security_differs: boolean };
export const aroundListSchema = object('AroundOffers', { heard: { ...count, description: 'How many networks.' }, items: arrayOf(aroundSchema) });
export interface AroundListWire {
  readonly heard: number;
  readonly items: readonly AroundWire[];
}

export function aroundToWire(found: FoundOffer, strongest: HeardNetwork): AroundWire {
  return {
    ...heardNetworkToWire(strongest),
    ...foundOfferToWire(found),
    money_back_ms: moneyBackMs(found.offer),
    security_differs: strongest.security !== found.network.security,
  };
}

const closedWords: Readonly<Record<OfferClosure, string>> = {
  hours: 'closed: outside its hours',
  guests: 'closed: as many guests as it takes',
  owing: 'closed: its sharer owes money to guests',
};

export function presentAround({ heard, items }: AroundListWire, screen: Screen): string {
  if (items.length === 0) {
    return heard === 0 ? 'No network is heard.' : `Of ${heard === 1 ? 'the one network that is' : `the ${heard} networks that are`} heard none is on offer.`;
  }
  return table(
    items,
    [
      { title: 'NETWORK', cell: ({ network }) => ssidText(ssidFromWire(network.ssid)) },
      { title: 'OFFER', cell: ({ offer }) => offer.offer_id },
      { title: 'SIGNAL', cell: ({ signal_dbm }) => (signal_dbm === undefined ? undefined : `${signal_dbm} dBm`), right: true },
      { title: 'TARIFF', cell: ({ offer }) => tariffInWords(offer.tariff) },
      { title: 'VERIFIED', cell: ({ network }) => (network.verified_at === undefined ? 'no' : `✓ ${network.verified_at.slice(0, 10)}`) },
      { title: 'SOLD', cell: ({ record }) => recordInWords(record) },
      {
        title: 'NOW',
        cell: ({ closed, offer, security_differs }) => [
          closed === undefined ? `open, let in ${offer.approval === 'manual' ? 'by hand' : 'by itself'} within ${duration(offer.answer_ms)}` : closedWords[closed],
          ...(security_differs ? ['heard with other security than was proven'] : []),
        ].join('; '),
      },
    ],
    screen,
  );
}

function recordInWords({ delivered, failed, disputed }: FoundOfferWire['record']): string {
  return [`${delivered}`, ...(failed === 0 ? [] : [`${failed} failed`]), ...(disputed === 0 ? [] : [`${disputed} disputed`])].join(', ');
}
