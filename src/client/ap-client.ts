import { changesFromWire } from '../api/access-points.ts';
import { accessRequestFromWire, dppAnswerFromWire, provenRequestToWire } from '../api/access-requests.ts';
import { attemptToWire } from '../api/attempts.ts';
import { grantReportToWire, termsToWire } from '../api/grants.ts';
import { registerFromWire } from '../api/registers.ts';
import { routes } from '../api/routes.ts';
import { helloToWire, verificationFromWire } from '../api/verifications.ts';
import { present } from '../api/wire.ts';
import { base64url } from '../protocol/encoding.ts';
import type { AccessRequest, DeviceReport } from '../domain/access-request.ts';
import type { Attempt } from '../domain/audit.ts';
import type { GrantTerms } from '../domain/grant.ts';
import type { Register } from '../domain/sale.ts';
import type { ApChanges, ApRole, DppAnswer, GrantReport, ProvenRequest, Serving, Verification } from '../roles/ap/ports.ts';
import type { HttpClient } from './http-client.ts';

const reports = {
  delivered: routes.reportDelivered,
  joined: routes.reportJoined,
  declined: routes.reportDeclined,
} as const;

/** The server holds a call for changes no longer than this. */
const longestWaitMs = 30_000;

export class ApClient implements ApRole {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async self(): Promise<{ apId: string; name: string }> {
    const { ap_id: apId, name } = await this.#http.call(routes.showSelf, {});
    return { apId, name };
  }

  async announce({ ssid, onboardingSsid, enforcement }: Serving): Promise<void> {
    await this.#http.call(routes.announceSelf, { body: { ssid, onboarding_ssid: onboardingSsid, enforcement } });
  }

  async verify(hello: { uuid: string; deviceNonce: Uint8Array }): Promise<Verification> {
    return verificationFromWire(await this.#http.call(routes.verifyDevice, { body: helloToWire(hello) }));
  }

  async request(proven: ProvenRequest): Promise<AccessRequest> {
    return accessRequestFromWire(await this.#http.call(routes.createAccessRequest, { body: provenRequestToWire(proven) }));
  }

  async requestByDpp(hash: Uint8Array): Promise<DppAnswer> {
    return dppAnswerFromWire(await this.#http.call(routes.requestByDpp, { body: { hash: base64url(hash) } }));
  }

  async approve(requestId: string, by: 'local' | 'auto', terms: GrantTerms = {}): Promise<AccessRequest> {
    const input = { params: { id: requestId }, body: { by, ...termsToWire(terms) } };
    return accessRequestFromWire(await this.#http.call(routes.approveAccessRequest, input));
  }

  async deny(requestId: string, by: 'local' | 'auto', reason?: string): Promise<AccessRequest> {
    const input = { params: { id: requestId }, body: present({ by, reason }) };
    return accessRequestFromWire(await this.#http.call(routes.denyAccessRequest, input));
  }

  async report(requestId: string, status: DeviceReport): Promise<AccessRequest> {
    return accessRequestFromWire(await this.#http.call(reports[status], { params: { id: requestId } }));
  }

  async reportAttempts(attempts: readonly Attempt[]): Promise<void> {
    if (attempts.length > 0) {
      await this.#http.call(routes.addAttempts, { body: { attempts: attempts.map(attemptToWire) } });
    }
  }

  async reportGrants(reports: readonly GrantReport[]): Promise<void> {
    if (reports.length > 0) {
      await this.#http.call(routes.reportGrants, { body: { reports: reports.map(grantReportToWire) } });
    }
  }

  async changes(revision: number, waitMs: number, signal?: AbortSignal): Promise<ApChanges> {
    const held = Math.min(waitMs, longestWaitMs);
    const query = { revision, wait: held / 1000 };
    return changesFromWire(await this.#http.call(routes.listChanges, { query, signal, waitMs: held }));
  }

  async registers(): Promise<readonly Register[]> {
    return (await this.#http.call(routes.listRegisters, {})).registers.map(registerFromWire);
  }

  async claimNetwork(id: string): Promise<void> {
    await this.#http.call(routes.claimNetwork, { params: { id } });
  }

  async putAccessCode(id: string, registerId: string, sealed: string): Promise<void> {
    await this.#http.call(routes.putAccessCode, { params: { id }, body: { register_id: registerId, sealed } });
  }
}
