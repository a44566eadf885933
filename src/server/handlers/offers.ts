import { foundOfferToWire, offerChangeFromWire, offerTermsFromWire, offerToWire, searchFromWire } from '../../api/offers.ts';
import { pageRequestFromWire, pageToWire } from '../../api/page.ts';
import type { Handlers } from './handler.ts';

export const offerHandlers: Handlers<'offer' | 'listOffers' | 'showOffer' | 'updateOffer' | 'setOfferState' | 'searchOffers'> = {
  async offer({ services, body }) {
    return offerToWire(await services.offers.offer(body.network_id, offerTermsFromWire(body)));
  },
  async listOffers({ services, query }) {
    return pageToWire(await services.offers.offers({ state: query.state }, pageRequestFromWire(query)), offerToWire);
  },
  async showOffer({ services, params }) {
    return offerToWire(await services.offers.showOffer(params.id));
  },
  async updateOffer({ services, params, body }) {
    return offerToWire(await services.offers.update(params.id, offerChangeFromWire(body)));
  },
  async setOfferState({ services, params, body }) {
    return offerToWire(await services.offers.setState(params.id, body.state));
  },
  async searchOffers({ services, body }) {
    return { offers: (await services.offers.search(searchFromWire(body))).map(foundOfferToWire) };
  },
};
