import { accessPointFromWire } from '../api/access-points.ts';
import { accessRequestFromWire } from '../api/access-requests.ts';
import { listedAttemptFromWire } from '../api/attempts.ts';
import { grantFromWire, increaseToWire, termsToWire } from '../api/grants.ts';
import { pageFromWire, pageRequestToWire } from '../api/page.ts';
import { routes } from '../api/routes.ts';
import { present } from '../api/wire.ts';
import type { AccessRequest } from '../domain/access-request.ts';
import type { Attempt } from '../domain/audit.ts';
import type { Grant, GrantIncrease, GrantTerms } from '../domain/grant.ts';
import { parseUuid } from '../domain/identifiers.ts';
import type { OwnerRole } from '../roles/owner/ports.ts';
import type { Page, PageRequest } from '../roles/page.ts';
import type { AccessPoint, GrantFilter, RequestFilter } from '../roles/store.ts';
import type { HttpClient } from './http-client.ts';

export class OwnerClient implements OwnerRole {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async requests(filter: RequestFilter, page: PageRequest): Promise<Page<AccessRequest>> {
    const query = {
      ...present({ uuid: filter.uuid && parseUuid(filter.uuid), ap_id: list(filter.apIds), status: list(filter.statuses) }),
      ...pageRequestToWire(page),
    };
    return pageFromWire(await this.#http.call(routes.listAccessRequests, { query }), accessRequestFromWire);
  }

  async request(id: string): Promise<AccessRequest> {
    return accessRequestFromWire(await this.#http.call(routes.showAccessRequest, { params: { id } }));
  }

  async approve(id: string, terms: GrantTerms = {}): Promise<AccessRequest> {
    return accessRequestFromWire(await this.#http.call(routes.approveAccessRequest, { params: { id }, body: termsToWire(terms) }));
  }

  async deny(id: string, reason?: string): Promise<AccessRequest> {
    const input = { params: { id }, body: present({ reason }) };
    return accessRequestFromWire(await this.#http.call(routes.denyAccessRequest, input));
  }

  async attempts(
    filter: { uuid?: string | undefined },
    page: PageRequest,
  ): Promise<Page<Attempt & { readonly apId: string }>> {
    const query = { ...present({ uuid: filter.uuid && parseUuid(filter.uuid) }), ...pageRequestToWire(page) };
    return pageFromWire(await this.#http.call(routes.listAttempts, { query }), listedAttemptFromWire);
  }

  async accessPoints(page: PageRequest): Promise<Page<AccessPoint>> {
    return pageFromWire(await this.#http.call(routes.listAccessPoints, { query: pageRequestToWire(page) }), accessPointFromWire);
  }

  async grants(filter: GrantFilter, page: PageRequest): Promise<Page<Grant>> {
    const { apIds, subjectId, source, state } = filter;
    const query = { ...present({ ap_id: list(apIds), subject_id: subjectId, source, state }), ...pageRequestToWire(page) };
    return pageFromWire(await this.#http.call(routes.listGrants, { query }), grantFromWire);
  }

  async grant(id: string): Promise<Grant> {
    return grantFromWire(await this.#http.call(routes.showGrant, { params: { id } }));
  }

  async increaseGrant(id: string, increase: GrantIncrease): Promise<Grant> {
    return grantFromWire(await this.#http.call(routes.increaseGrant, { params: { id }, body: increaseToWire(increase) }));
  }

  async revokeGrant(id: string, reason?: string): Promise<Grant> {
    return grantFromWire(await this.#http.call(routes.revokeGrant, { params: { id }, body: present({ reason }) }));
  }
}

function list<T>(items: readonly T[] | undefined): T[] | undefined {
  return items && [...items];
}
