import { vi } from 'vitest';
import type { Offer } from '../../src/domain/offer.ts';
import type { GrantUsage } from '../../src/domain/grant.ts';
import type { ShareRequest, ShareRequestState } from '../../src/domain/share-request.ts';
import { parsePublicJwk, sealAccessCode, type PublicJwk } from '../../src/protocol/access-code.ts';
import type { OfferTerms } from '../../src/roles/offers/ports.ts';
import { accessCode, type Site } from '../contract/share-parties.ts';

/** Who shares a network, in a home's database, step by step. */
export class TestSharer {
  readonly #site: Site;
  readonly #catchUp: () => void;

  constructor(site: Site, catchUp: () => void) {
    this.#site = site;
    this.#catchUp = catchUp;
  }

  get account() {
    return this.#site.sharer.account;
  }

  get terminalId(): string {
    return this.#site.sharer.holder.token.id;
  }

  /** Of a network of its own, which nobody's agent enforces unless that is said. */
  async offer(terms: Partial<OfferTerms> = {}, { isEnforced = false } = {}): Promise<Offer> {
    this.#catchUp();
    return (await this.#site.newNetwork(terms, { isEnforced })).offer;
  }

  /** The last request for an offer, once it is in such a state. */
  async request({ id: offerId }: Offer, state: ShareRequestState, kind: ShareRequest['kind'] = 'access'): Promise<ShareRequest> {
    return vi.waitUntil(async () => {
      this.#catchUp();
      const { items } = await this.sharing.requests({ side: 'sharer', states: [state] }, { limit: 100 });
      return items.find((request) => request.offerId === offerId && request.kind === kind);
    }, { timeout: 20_000 });
  }

  get sharing() {
    this.#catchUp();
    return this.#site.sharer.sharing;
  }

  /** Says yes to the next one, and brings the code, sealed to its key or to another. */
  async deliver(offer: Offer, to?: PublicJwk): Promise<ShareRequest> {
    const { id, jwk } = await this.request(offer, 'held');
    await this.sharing.approve(id);
    return this.sharing.respond(id, await sealAccessCode(accessCode, to ?? parsePublicJwk(jwk!), id));
  }

  read(request: ShareRequest, usage: Partial<GrantUsage>, isFinal = false): Promise<void> {
    this.#catchUp();
    return this.#site.sharer.read(request, usage, { isFinal });
  }

  async balance(): Promise<bigint> {
    return (await this.#site.money(this.#site.sharer)).balance;
  }

  async tend(): Promise<void> {
    this.#catchUp();
    await this.#site.tend();
  }
}
