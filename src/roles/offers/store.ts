import type { Offer, OfferState, SalesRecord } from '../../domain/offer.ts';
import type { Page, PageRequest } from '../page.ts';

export interface OfferFilter {
  readonly accountIds?: readonly string[] | undefined;
  readonly state?: OfferState | undefined;
}

export interface OnOffer {
  /** As `parseShownOffer` reads it. */
  readonly shown: string;
  /** Of its network. */
  readonly ssid: Uint8Array;
  readonly limits: Pick<Offer, 'guests' | 'hours'>;
  /** Where in what was asked for its radios are. */
  readonly foundAt: readonly number[];
  readonly record: SalesRecord;
  /** Access requests of it that are paid for, or for which money is held. */
  readonly guests: number;
  /** Its sharer owes money that should have gone back: it takes nobody. */
  readonly owes: boolean;
}

/** Before an offer is added or changed, its network's row is taken: they are found by the radios of valid networks. */
export interface OfferRepository {
  /** False if its network has one that is not withdrawn. */
  insert(offer: Offer): Promise<boolean>;
  find(id: string): Promise<Offer | undefined>;
  /** Takes its row until the transaction ends. */
  lock(id: string): Promise<Offer | undefined>;
  /** Newest first. */
  list(filter: OfferFilter, page: PageRequest): Promise<Page<Offer>>;
  put(offer: Offer): Promise<void>;
  /** Active offers of valid networks that have one of these radios, at most `mostHeard`. */
  search(bssids: readonly string[]): Promise<OnOffer[]>;
  record(accountId: string): Promise<SalesRecord>;
  /** Access requests that are paid for, or for which money is held. */
  guests(offerId: string): Promise<number>;
  /** Whether there is money that should have gone back to guests of this account, and that it lacks. */
  owes(accountId: string): Promise<boolean>;
}
