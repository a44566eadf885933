import {
  codeFromWire, disputeFromWire, issuedCodeFromWire, receiptKeysFromWire, settlementInputToWire, settlementRepliesFromWire, codeWithSettlementsFromWire, signingKeyFromWire, trustListFromWire,
} from '../api/codes.ts';
import { pageFromWire, pageRequestToWire } from '../api/page.ts';
import { routes } from '../api/routes.ts';
import { present } from '../api/wire.ts';
import type { CreditCode } from '../domain/credit-code.ts';
import type { AcceptedCode, CodesRole, Dispute, IssuedCode, Settlement, SettlementReply, SigningKey, TrustList } from '../roles/codes/ports.ts';
import type { Page, PageRequest } from '../roles/page.ts';
import type { HttpClient } from './http-client.ts';

/** Hundreds of signatures are verified. */
const settlementMs = 30_000;

export class CodesClient implements CodesRole {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async issued(id: string, key: string): Promise<IssuedCode> {
    return issuedCodeFromWire(await this.#http.call(routes.showIssuedCode, { params: { id, key } }));
  }

  async codes({ accountId, state }: Parameters<CodesRole['codes']>[0], page: PageRequest): Promise<Page<CreditCode>> {
    const query = { ...present({ account_id: accountId, state }), ...pageRequestToWire(page) };
    return pageFromWire(await this.#http.call(routes.listCodes, { query }), codeFromWire);
  }

  async code(id: string): Promise<CreditCode & { readonly settlements: readonly Settlement[] }> {
    return codeWithSettlementsFromWire(await this.#http.call(routes.showCode, { params: { id } }));
  }

  async revoke(id: string): Promise<CreditCode> {
    return codeFromWire(await this.#http.call(routes.revokeCode, { params: { id } }));
  }

  async receiptKeys(id: string): Promise<readonly Uint8Array[]> {
    return receiptKeysFromWire(await this.#http.call(routes.listReceiptKeys, { params: { id } }));
  }

  async trust(): Promise<TrustList> {
    return trustListFromWire(await this.#http.call(routes.showTrustList, {}));
  }

  async settle(accepted: readonly AcceptedCode[]): Promise<readonly SettlementReply[]> {
    return settlementRepliesFromWire(await this.#http.call(routes.settleCodes, { body: settlementInputToWire(accepted), waitMs: settlementMs }));
  }

  async disputes({ outcome, codeId, accountId }: Parameters<CodesRole['disputes']>[0], page: PageRequest): Promise<Page<Dispute>> {
    const query = { ...present({ outcome, code_id: codeId, account_id: accountId }), ...pageRequestToWire(page) };
    return pageFromWire(await this.#http.call(routes.listDisputes, { query }), disputeFromWire);
  }

  async dispute(id: string): Promise<Dispute> {
    return disputeFromWire(await this.#http.call(routes.showDispute, { params: { id } }));
  }

  async keys(): Promise<readonly SigningKey[]> {
    return (await this.#http.call(routes.listSigningKeys, {})).keys.map(signingKeyFromWire);
  }

  async rotateKey(overlapMs: number, idempotencyKey?: string): Promise<SigningKey> {
    return signingKeyFromWire(await this.#http.call(routes.rotateSigningKey, { body: { overlap_s: Math.round(overlapMs / 1000) }, idempotencyKey }));
  }

  async revokeKey(id: string): Promise<SigningKey> {
    return signingKeyFromWire(await this.#http.call(routes.revokeSigningKey, { params: { id } }));
  }
}
