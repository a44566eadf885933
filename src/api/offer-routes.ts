import { foundOffersSchema, offerChangeSchema, offerInputSchema, offerPageSchema, offerQuerySchema, offerSchema, offerStateSchema, searchSchema } from './offers.ts';
import { byId, type Route } from './route.ts';

const terminals = ['terminal'] as const;
const ofTerms = ['tariff_without_price', 'currency_mismatch', 'account_closed', 'metric_mismatch'] as const;

/** Shared networks: what is offered, and what of that is around. */
export const offerRoutes = {
  offer: {
    method: 'POST',
    path: '/v1/offers',
    summary: 'Offer a network that is proven',
    roles: terminals,
    body: offerInputSchema,
    status: 201,
    reply: offerSchema,
    idempotent: true,
    errors: ['network_not_found', 'network_not_valid', 'offer_exists', ...ofTerms],
  },
  listOffers: {
    method: 'GET',
    path: '/v1/offers',
    summary: 'The offers of the accounts that this terminal is bound to, newest first',
    roles: terminals,
    query: offerQuerySchema,
    status: 200,
    reply: offerPageSchema,
  },
  showOffer: {
    method: 'GET',
    path: '/v1/offers/{id}',
    summary: 'One offer of an account that this terminal is bound to',
    roles: terminals,
    params: byId,
    status: 200,
    reply: offerSchema,
    errors: ['offer_not_found'],
  },
  updateOffer: {
    method: 'POST',
    path: '/v1/offers/{id}',
    summary: 'Change what is given of an offer; what is sold already keeps its price',
    roles: terminals,
    params: byId,
    body: offerChangeSchema,
    status: 200,
    reply: offerSchema,
    idempotent: true,
    errors: ['offer_not_found', 'offer_withdrawn', ...ofTerms],
  },
  setOfferState: {
    method: 'POST',
    path: '/v1/offers/{id}/state',
    summary: 'Pause an offer, go on with it, or withdraw it for good',
    roles: terminals,
    params: byId,
    body: offerStateSchema,
    status: 200,
    reply: offerSchema,
    idempotent: true,
    errors: ['offer_not_found', 'offer_withdrawn'],
  },
  searchOffers: {
    method: 'POST',
    path: '/v1/offers/search',
    summary: 'Which of the networks that are heard are on offer; of the others nothing is kept',
    roles: terminals,
    body: searchSchema,
    status: 200,
    reply: foundOffersSchema,
  },
} as const satisfies Record<string, Route>;
