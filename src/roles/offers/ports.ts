import type { HeardNetwork } from '../../domain/heard-network.ts';
import type { Network } from '../../domain/network.ts';
import type { Approval, Offer, OfferClosure, OfferState, SalesRecord } from '../../domain/offer.ts';
import type { OfferHours } from '../../domain/offer-hours.ts';
import type { Tariff } from '../../domain/tariff.ts';
import type { Page, PageRequest } from '../page.ts';

export interface OfferTerms {
  readonly tariff: Tariff;
  readonly guests: number;
  readonly hours: OfferHours | undefined;
  readonly approval: Approval;
  readonly answerMs: number;
}

/** What is told of a network that was heard: enough to find it, and no more. */
export type Candidate = Pick<HeardNetwork, 'bssid' | 'ssid'>;

/** An offer as a guest finds it. */
export interface FoundOffer {
  readonly offer: Offer;
  readonly network: Pick<Network, 'id' | 'ssid' | 'bssids' | 'security' | 'verifiedAt'>;
  /** Of the candidates, those that are its radios. */
  readonly bssids: readonly string[];
  readonly record: SalesRecord;
  /** Why it takes no requests at this moment; undefined if it does. */
  readonly closed: OfferClosure | undefined;
}

/**
 * Offers, at a terminal. Errors of all: `unauthorized`, `forbidden`, those of storage; `offer_not_found` also for what is
 * another account's.
 */
export interface OffersRole {
  /**
   * Of a valid network at most one offer that is not withdrawn. Errors: `network_not_found`, `network_not_valid`, `offer_exists`, `tariff_without_price`,
   * `currency_mismatch` (the account's), `account_closed`, `invalid_input`.
   */
  offer(networkId: string, terms: OfferTerms, idempotencyKey?: string): Promise<Offer>;
  /** This terminal's accounts', newest first. */
  offers(filter: { readonly state?: OfferState | undefined }, page: PageRequest): Promise<Page<Offer>>;
  showOffer(offerId: string): Promise<Offer>;
  /** Changes what is given; running sales keep the price they were made at. Errors: `offer_withdrawn`, those of terms as `offer`. */
  update(offerId: string, change: Partial<OfferTerms>): Promise<Offer>;
  /** `active` and `paused` as often as wanted; `withdrawn` for good. Errors: `offer_withdrawn`. */
  setState(offerId: string, state: OfferState): Promise<Offer>;

  /**
   * Those of the candidates that are on offer, in no order: by the radio, under the network's own name or hidden. Of the
   * candidates nothing is kept. Errors: `invalid_input`, also for more than 500.
   */
  search(candidates: readonly Candidate[]): Promise<readonly FoundOffer[]>;
}
