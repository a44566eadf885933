import { heardNetworkToWire } from '../api/heard-networks.ts';
import {
  challengeFromWire, matchingListFromWire, messageFromWire, messageInputToWire, nearbyFromWire, networkClaimToWire, networkFromWire, servingToWire,
} from '../api/networks.ts';
import { pageFromWire, pageRequestToWire } from '../api/page.ts';
import { routes } from '../api/routes.ts';
import type { HeardNetwork } from '../domain/heard-network.ts';
import type { Challenge, Network, NetworkMessage } from '../domain/network.ts';
import type { MatchingList, NetworkClaim, NetworksRole, NewMessage, WitnessRole } from '../roles/networks/ports.ts';
import type { Page, PageRequest } from '../roles/page.ts';
import type { HttpClient } from './http-client.ts';

export class NetworksClient implements NetworksRole {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async startVerification(claim: NetworkClaim): Promise<Challenge> {
    return challengeFromWire(await this.#http.call(routes.startVerification, { body: networkClaimToWire(claim) }));
  }

  async confirm(id: string, heard: readonly HeardNetwork[]): Promise<Challenge> {
    return challengeFromWire(await this.#http.call(routes.confirmChallenge, { params: { id }, body: { heard: heard.map(heardNetworkToWire) } }));
  }

  async challenge(id: string): Promise<Challenge> {
    return challengeFromWire(await this.#http.call(routes.showChallenge, { params: { id } }));
  }

  async networks(page: PageRequest): Promise<Page<Network>> {
    return pageFromWire(await this.#http.call(routes.listNetworks, { query: pageRequestToWire(page) }), networkFromWire);
  }

  async network(id: string): Promise<Network> {
    return networkFromWire(await this.#http.call(routes.showNetwork, { params: { id } }));
  }

  async setMessage(id: string, message: NewMessage): Promise<Network> {
    return networkFromWire(await this.#http.call(routes.setNetworkMessage, { params: { id }, body: messageInputToWire(message) }));
  }

  async clearMessage(id: string): Promise<Network> {
    return networkFromWire(await this.#http.call(routes.clearNetworkMessage, { params: { id } }));
  }

  async nearby(heard: readonly HeardNetwork[]): ReturnType<NetworksRole['nearby']> {
    return nearbyFromWire(await this.#http.call(routes.nearbyNetworks, { body: { heard: heard.map(heardNetworkToWire) } }));
  }

  async matchingList(since: number): Promise<MatchingList> {
    return matchingListFromWire(await this.#http.call(routes.matchingList, { query: { since } }));
  }

  async message(id: string): Promise<NetworkMessage> {
    return messageFromWire(await this.#http.call(routes.showNetworkMessage, { params: { id } }));
  }

  async serve(id: string, serving: Parameters<NetworksRole['serve']>[1]): Promise<Network> {
    return networkFromWire(await this.#http.call(routes.serveNetwork, { params: { id }, body: servingToWire(serving) }));
  }
}

export class WitnessClient implements WitnessRole {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async report(heard: readonly HeardNetwork[]): Promise<{ readonly kept: number }> {
    return this.#http.call(routes.observe, { body: { heard: heard.map(heardNetworkToWire) } });
  }
}
