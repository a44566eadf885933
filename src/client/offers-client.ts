import { foundOfferFromWire, offerChangeToWire, offerFromWire, offerInputToWire, searchToWire } from '../api/offers.ts';
import { pageFromWire, pageRequestToWire } from '../api/page.ts';
import { routes } from '../api/routes.ts';
import { present } from '../api/wire.ts';
import type { Offer, OfferState } from '../domain/offer.ts';
import type { Candidate, FoundOffer, OffersRole, OfferTerms } from '../roles/offers/ports.ts';
import type { Page, PageRequest } from '../roles/page.ts';
import type { HttpClient } from './http-client.ts';

export class OffersClient implements OffersRole {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async offer(networkId: string, terms: OfferTerms, idempotencyKey?: string): Promise<Offer> {
    return offerFromWire(await this.#http.call(routes.offer, { body: offerInputToWire(networkId, terms), idempotencyKey }));
  }

  async offers({ state }: { readonly state?: OfferState | undefined }, page: PageRequest): Promise<Page<Offer>> {
    return pageFromWire(await this.#http.call(routes.listOffers, { query: { ...present({ state }), ...pageRequestToWire(page) } }), offerFromWire);
  }

  async showOffer(id: string): Promise<Offer> {
    return offerFromWire(await this.#http.call(routes.showOffer, { params: { id } }));
  }

  async update(id: string, change: Partial<OfferTerms>): Promise<Offer> {
    return offerFromWire(await this.#http.call(routes.updateOffer, { params: { id }, body: offerChangeToWire(change) }));
  }

  async setState(id: string, state: OfferState): Promise<Offer> {
    return offerFromWire(await this.#http.call(routes.setOfferState, { params: { id }, body: { state } }));
  }

  async search(candidates: readonly Candidate[]): Promise<readonly FoundOffer[]> {
    return (await this.#http.call(routes.searchOffers, { body: searchToWire(candidates) })).offers.map(foundOfferFromWire);
  }
}
