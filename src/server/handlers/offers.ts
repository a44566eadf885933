import { ssidFromWire } from '../../api/heard-networks.ts';
import { foundTextToWire, offerChangeFromWire, offerTermsFromWire, offerToWire } from '../../api/offers.ts';
import { pageRequestFromWire, pageToWire } from '../../api/page.ts';
import { JsonText, type Handlers } from './handler.ts';

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
    const { networks } = body;
    const found = await services.offers.searchAsTexts(networks.map(({ bssid }) => bssid), (at) => ssidFromWire(networks[at]!.ssid));
    return new JsonText(`{"offers":[${found.map(foundTextToWire).join(',')}]}`);
  },
};
