import { pageFromWire, pageRequestToWire } from '../api/page.ts';
import { routes } from '../api/routes.ts';
import { accessOrderToWire, readingToWire, shareRequestFromWire, shareRequestQueryToWire, shareUsageFromWire, trafficFromWire } from '../api/share-requests.ts';
import { instantToWire, present } from '../api/wire.ts';
import type { MeterReading } from '../domain/meter.ts';
import { quantityText, type Quantity } from '../domain/quantity.ts';
import type { ShareRequest } from '../domain/share-request.ts';
import type { Page, PageRequest } from '../roles/page.ts';
import type { AccessOrder, HourOfTraffic, ShareRequestFilter, SharingRole, Usage } from '../roles/sharing/ports.ts';
import type { HttpClient } from './http-client.ts';

export class SharingClient implements SharingRole {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async request(order: AccessOrder, idempotencyKey?: string): Promise<ShareRequest> {
    return shareRequestFromWire(await this.#http.call(routes.requestSharedAccess, { params: { id: order.offerId }, body: accessOrderToWire(order), idempotencyKey }));
  }

  async increase(id: string, quantity: Quantity, idempotencyKey?: string): Promise<ShareRequest> {
    return shareRequestFromWire(await this.#http.call(routes.increaseSharedAccess, { params: { id }, body: { quantity: quantityText(quantity) }, idempotencyKey }));
  }

  async cancel(id: string): Promise<ShareRequest> {
    return shareRequestFromWire(await this.#http.call(routes.cancelShareRequest, { params: { id } }));
  }

  async accessCode(id: string): Promise<string | undefined> {
    return (await this.#http.call(routes.showSharedAccessCode, { params: { id } })).access_code;
  }

  async acknowledge(id: string): Promise<ShareRequest> {
    return shareRequestFromWire(await this.#http.call(routes.acknowledgeSharedAccess, { params: { id } }));
  }

  async reportMismatch(id: string, thumbprint: string): Promise<ShareRequest> {
    return shareRequestFromWire(await this.#http.call(routes.reportMismatch, { params: { id }, body: { thumbprint } }));
  }

  async approve(id: string): Promise<ShareRequest> {
    return shareRequestFromWire(await this.#http.call(routes.approveShareRequest, { params: { id } }));
  }

  async refuse(id: string, reason?: string): Promise<ShareRequest> {
    return shareRequestFromWire(await this.#http.call(routes.refuseShareRequest, { params: { id }, body: present({ reason }) }));
  }

  async respond(id: string, sealed: string): Promise<ShareRequest> {
    return shareRequestFromWire(await this.#http.call(routes.respondToShareRequest, { params: { id }, body: { access_code: sealed } }));
  }

  async warn(id: string, { threshold, left }: { readonly threshold: string; readonly left: Quantity }): Promise<void> {
    await this.#http.call(routes.warnOfLow, { params: { id }, body: { threshold, remaining: quantityText(left) } });
  }

  async read(id: string, reading: Omit<MeterReading, 'side' | 'grantId'>): Promise<void> {
    await this.#http.call(routes.readMeter, { params: { id }, body: readingToWire(reading) });
  }

  async end(id: string): Promise<ShareRequest> {
    return shareRequestFromWire(await this.#http.call(routes.endShareRequest, { params: { id } }));
  }

  async usage(id: string): Promise<Usage> {
    return shareUsageFromWire(await this.#http.call(routes.showShareUsage, { params: { id } }));
  }

  async show(id: string): Promise<ShareRequest> {
    return shareRequestFromWire(await this.#http.call(routes.showShareRequest, { params: { id } }));
  }

  async requests(filter: ShareRequestFilter, page: PageRequest): Promise<Page<ShareRequest>> {
    const query = { ...shareRequestQueryToWire(filter), ...pageRequestToWire(page) };
    return pageFromWire(await this.#http.call(routes.listShareRequests, { query }), shareRequestFromWire);
  }

  async traffic(networkId: string | undefined, from: Date, to: Date): Promise<readonly HourOfTraffic[]> {
    const query = present({ network_id: networkId, from: instantToWire(from), to: instantToWire(to) });
    return trafficFromWire(await this.#http.call(routes.showSharedTraffic, { query }));
  }
}
