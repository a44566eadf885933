import { heardNetworkFromWire } from '../../api/heard-networks.ts';
import {
  challengeToWire, matchingListToWire, messageInputFromWire, messageToWire, nearbyToWire, networkClaimFromWire, networkToWire, servingFromWire,
} from '../../api/networks.ts';
import { pageRequestFromWire, pageToWire } from '../../api/page.ts';
import type { Handlers } from './handler.ts';

export const networkHandlers: Handlers<
  | 'startVerification' | 'showChallenge' | 'confirmChallenge' | 'listNetworks' | 'matchingList' | 'nearbyNetworks' | 'showNetwork' | 'setNetworkMessage'
  | 'clearNetworkMessage' | 'showNetworkMessage' | 'serveNetwork' | 'claimNetwork' | 'observe'
> = {
  async startVerification({ services, body }) {
    return challengeToWire(await services.networks.startVerification(networkClaimFromWire(body)));
  },
  async showChallenge({ services, params }) {
    return challengeToWire(await services.networks.challenge(params.id));
  },
  async confirmChallenge({ services, params, body }) {
    return challengeToWire(await services.networks.confirm(params.id, body.heard.map(heardNetworkFromWire)));
  },
  async listNetworks({ services, query }) {
    return pageToWire(await services.networks.networks(pageRequestFromWire(query)), networkToWire);
  },
  async matchingList({ services, query }) {
    return matchingListToWire(await services.networks.matchingList(query.since ?? 0));
  },
  async nearbyNetworks({ services, body }) {
    return nearbyToWire(await services.networks.nearby(body.heard.map(heardNetworkFromWire)));
  },
  async showNetwork({ services, params }) {
    return networkToWire(await services.networks.network(params.id));
  },
  async setNetworkMessage({ services, params, body }) {
    return networkToWire(await services.networks.setMessage(params.id, messageInputFromWire(body)));
  },
  async clearNetworkMessage({ services, params }) {
    return networkToWire(await services.networks.clearMessage(params.id));
  },
  async showNetworkMessage({ services, params }) {
    return messageToWire(await services.networks.message(params.id));
  },
  async serveNetwork({ services, params, body }) {
    return networkToWire(await services.networks.serve(params.id, servingFromWire(body)));
  },
  async claimNetwork({ services, params }) {
    await services.ap.claimNetwork(params.id);
    return undefined;
  },
  async observe({ services, body }) {
    return services.witness.report(body.heard.map(heardNetworkFromWire));
  },
};
