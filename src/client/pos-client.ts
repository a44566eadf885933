import { accessPointFromWire } from '../api/access-points.ts';
import { grantFromWire } from '../api/grants.ts';
import { pageFromWire, pageRequestToWire } from '../api/page.ts';
import {
  chargedFromWire, chargeToWire, claimToWire, mandateFromWire, mandateInputToWire, moveToWire, refundedFromWire, registerDescriptionToWire, registerFromWire, saleFromWire,
  type MoveTarget,
} from '../api/registers.ts';
import { routes } from '../api/routes.ts';
import { instantToWire, present } from '../api/wire.ts';
import type { Grant } from '../domain/grant.ts';
import type { Mandate, Register, Sale } from '../domain/sale.ts';
import { tariffToJson } from '../domain/tariff-json.ts';
import type { Tariff } from '../domain/tariff.ts';
import type { TerminatedService } from '../roles/card/ports.ts';
import type { Page, PageRequest } from '../roles/page.ts';
import type { Charge, Charged, Claim, MandateRole, MandateSetting, PosRole, Refunded, RegisterDescription } from '../roles/pos/ports.ts';
import type { SaleFilter } from '../roles/pos/store.ts';
import type { AccessPoint, GrantFilter } from '../roles/store.ts';
import type { HttpClient } from './http-client.ts';
import { tellTerminated } from './tell-terminated.ts';

export class PosClient implements PosRole {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async self(): Promise<Register> {
    return registerFromWire(await this.#http.call(routes.showRegister, {}));
  }

  async describe(description: RegisterDescription): Promise<Register> {
    return registerFromWire(await this.#http.call(routes.describeRegister, { body: registerDescriptionToWire(description) }));
  }

  async network(): Promise<AccessPoint> {
    return accessPointFromWire(await this.#http.call(routes.showRegisterNetwork, {}));
  }

  async setTariff(tariff: Tariff | undefined): Promise<Register> {
    return registerFromWire(await this.#http.call(routes.setTariff, { body: present({ tariff: tariff && { ...tariffToJson(tariff) } }) }));
  }

  async charge(charge: Charge): Promise<Charged> {
    return chargedFromWire(await this.#http.call(routes.charge, { body: chargeToWire(charge), idempotencyKey: charge.key }));
  }

  async access(claim: Claim): Promise<Grant> {
    return grantFromWire(await this.#http.call(routes.requestAccess, { body: claimToWire(claim) }));
  }

  async accessCode(id: string, waitMs: number, signal?: AbortSignal): Promise<string | undefined> {
    const query = { wait: Math.ceil(Math.min(30_000, waitMs) / 1000) };
    return (await this.#http.call(routes.fetchAccessCode, { params: { id }, query, waitMs, signal })).sealed;
  }

  async acknowledge(id: string): Promise<void> {
    await this.#http.call(routes.acknowledgeAccessCode, { params: { id } });
  }

  async permissions({ subjectId, state }: Pick<GrantFilter, 'subjectId' | 'state'>, page: PageRequest): Promise<Page<Grant>> {
    const query = { ...present({ subject_id: subjectId, state }), ...pageRequestToWire(page) };
    return pageFromWire(await this.#http.call(routes.listPermissions, { query }), grantFromWire);
  }

  async permission(id: string): Promise<Grant> {
    return grantFromWire(await this.#http.call(routes.showPermission, { params: { id } }));
  }

  async move(id: string, to: MoveTarget): Promise<Grant> {
    return grantFromWire(await this.#http.call(routes.moveGrant, { params: { id }, body: moveToWire(to) }));
  }

  async pause(id: string): Promise<Grant> {
    return grantFromWire(await this.#http.call(routes.pauseGrant, { params: { id } }));
  }

  async resume(id: string): Promise<Grant> {
    return grantFromWire(await this.#http.call(routes.resumeGrant, { params: { id } }));
  }

  async refund(id: string): Promise<Refunded> {
    return refundedFromWire(await this.#http.call(routes.refundGrant, { params: { id } }));
  }

  async refundable(id: string): Promise<Refunded> {
    return refundedFromWire(await this.#http.call(routes.showRefundable, { params: { id } }));
  }

  async sales({ from, to }: SaleFilter, page: PageRequest): Promise<Page<Sale>> {
    const query = { ...present({ from: instantToWire(from), to: instantToWire(to) }), ...pageRequestToWire(page) };
    return pageFromWire(await this.#http.call(routes.listSales, { query }), saleFromWire);
  }

  terminated(service: TerminatedService): Promise<void> {
    return tellTerminated(this.#http, service);
  }
}

export class MandateClient implements MandateRole {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async setMandate(setting: MandateSetting): Promise<Mandate> {
    return mandateFromWire(await this.#http.call(routes.setMandate, { body: mandateInputToWire(setting) }));
  }

  async mandates(): Promise<readonly Mandate[]> {
    return (await this.#http.call(routes.listMandates, {})).mandates.map(mandateFromWire);
  }

  async endMandate(id: string): Promise<Mandate> {
    return mandateFromWire(await this.#http.call(routes.endMandate, { params: { id } }));
  }
}
