import { endReasons, unpaidStates, type ShareRequest } from '../../domain/share-request.ts';
import type { MeterReading, MeterSide } from '../../domain/meter.ts';
import type { Quantity } from '../../domain/quantity.ts';
import { recordedActor } from '../../domain/token.ts';
import { once } from '../idempotency.ts';
import { terminalIdOf } from '../ledger/terminal.ts';
import type { Page, PageRequest } from '../page.ts';
import { within, type ServiceContext } from '../service-context.ts';
import { approve, refuse, respond } from './answering.ts';
import { acknowledge } from './collecting.ts';
import { tended } from './due.ts';
import { endEarly, endMismatched } from './ending.ts';
import { giveUp } from './giving-up.ts';
import { requestAccess, requestIncrease } from './ordering.ts';
import { accountsOf, asSide, seenBy } from './parties.ts';
import type { AccessOrder, HourOfTraffic, ShareRequestFilter, SharingRole, Usage } from './ports.ts';
import { takeReading, usageOf, warnLow } from './readings.ts';
import { trafficOf } from './traffic.ts';

export class SharingService implements SharingRole {
  readonly #context: ServiceContext;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  request(order: AccessOrder, idempotencyKey?: string): Promise<ShareRequest> {
    const { offerId, quantity: { metric, size }, jwk, meterKey, account } = order;
    return this.#once('requestAccess', idempotencyKey, [offerId, metric, size.toString(), jwk, [...meterKey], account], (context) => requestAccess(context, order));
  }

  increase(accessId: string, quantity: Quantity, idempotencyKey?: string): Promise<ShareRequest> {
    return this.#once('requestIncrease', idempotencyKey, [accessId, quantity.metric, quantity.size.toString()], (context) => requestIncrease(context, accessId, quantity));
  }

  async cancel(requestId: string): Promise<ShareRequest> {
    const { id } = await this.#as('guest', requestId);
    return giveUp(this.#context, id, {
      state: 'cancelled', from: ['priced', ...unpaidStates], reason: undefined, countedReason: endReasons.givenUp, tell: (news, cancelled) => news.add('sharer', 'request.cancelled', cancelled),
    });
  }

  async accessCode(requestId: string): Promise<string | undefined> {
    const { id, state } = await this.#as('guest', requestId);
    return state === 'ready' || state === 'active' ? this.#context.store.shareRequests.code(id) : undefined;
  }

  async acknowledge(requestId: string): Promise<ShareRequest> {
    return acknowledge(this.#context, await this.#as('guest', requestId));
  }

  async reportMismatch(requestId: string, thumbprint: string): Promise<ShareRequest> {
    return endMismatched(this.#context, await this.#as('guest', requestId), thumbprint);
  }

  async approve(requestId: string): Promise<ShareRequest> {
    return approve(this.#context, await this.#as('sharer', requestId));
  }

  async refuse(requestId: string, reason?: string): Promise<ShareRequest> {
    return refuse(this.#context, await this.#as('sharer', requestId), reason);
  }

  async respond(requestId: string, sealed: string): Promise<ShareRequest> {
    return respond(this.#context, await this.#as('sharer', requestId), sealed);
  }

  async warn(requestId: string, low: { readonly threshold: string; readonly left: Quantity }): Promise<void> {
    return warnLow(this.#context, await this.#as('sharer', requestId), low);
  }

  async read(requestId: string, reading: Omit<MeterReading, 'side' | 'grantId'>): Promise<void> {
    const seen = await seenBy(this.#context, requestId);
    return takeReading(this.#context, { ...seen, request: await tended(this.#context, seen.request) }, reading);
  }

  async end(requestId: string): Promise<ShareRequest> {
    const { request, sides } = await seenBy(this.#context, requestId);
    return endEarly(this.#context, await tended(this.#context, request), sides.includes('guest') ? endReasons.byGuest : endReasons.bySharer);
  }

  async usage(requestId: string): Promise<Usage> {
    return usageOf(this.#context, await this.show(requestId));
  }

  async show(requestId: string): Promise<ShareRequest> {
    return tended(this.#context, (await seenBy(this.#context, requestId)).request);
  }

  async requests({ side, networkId, states }: ShareRequestFilter, page: PageRequest): Promise<Page<ShareRequest>> {
    const guestTerminalId = side === 'sharer' ? undefined : terminalIdOf(this.#context.actor);
    const sharerAccountIds = side === 'guest' ? undefined : await accountsOf(this.#context);
    const { items, next } = await this.#context.store.shareRequests.list({ guestTerminalId, sharerAccountIds, networkId, states }, page);
    const now: ShareRequest[] = [];
    for (const request of items) {
      now.push(await tended(this.#context, request));
    }
    return { items: now, next };
  }

  async traffic(networkId: string | undefined, from: Date, to: Date): Promise<readonly HourOfTraffic[]> {
    return trafficOf(this.#context, networkId, from, to);
  }

  async #as(side: MeterSide, requestId: string): Promise<ShareRequest> {
    return tended(this.#context, await asSide(this.#context, requestId, side));
  }

  /** Makes one, once for a key, if there is one. */
  async #once(scope: string, idempotencyKey: string | undefined, request: unknown, work: (context: ServiceContext) => Promise<ShareRequest>): Promise<ShareRequest> {
    const { store, clock, actor } = this.#context;
    if (idempotencyKey === undefined) {
      return work(this.#context);
    }
    const use = { scope: `${recordedActor(actor)} ${scope}`, key: idempotencyKey, request: JSON.stringify(request) };
    const { body } = await once(store, clock, use, async (tx) => ({ status: 201, body: (await work(within(this.#context, tx))).id }));
    return (await store.shareRequests.find(body))!;
  }
}
