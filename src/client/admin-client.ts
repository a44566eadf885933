import {
  auditEntryFromWire,
  auditVerificationFromWire,
  headToWire,
  signedAuditHeadFromWire,
} from '../api/audit.ts';
import { enrollCodeFromWire, newEnrollCodeToWire } from '../api/enrollments.ts';
import { pageFromWire, pageRequestToWire } from '../api/page.ts';
import { routes } from '../api/routes.ts';
import { revokedTokenFromWire, tokenFromWire } from '../api/tokens.ts';
import { present } from '../api/wire.ts';
import type { AuditAction, AuditEntry } from '../domain/audit.ts';
import { parseUuid } from '../domain/identifiers.ts';
import type { Token } from '../domain/token.ts';
import type { AdminRole, NewEnrollCode, RevokedToken, SignedAuditHead } from '../roles/admin/ports.ts';
import type { Page, PageRequest } from '../roles/page.ts';
import type { AuditHead, AuditVerification, EnrollCode } from '../roles/store.ts';
import type { HttpClient } from './http-client.ts';

export class AdminClient implements AdminRole {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async createEnrollCode(
    input: NewEnrollCode,
    idempotencyKey?: string,
  ): Promise<{ readonly code: string; readonly enrollCode: EnrollCode }> {
    const body = newEnrollCodeToWire(input);
    return enrollCodeFromWire(await this.#http.call(routes.createEnrollCode, { body, idempotencyKey }));
  }

  async tokens(page: PageRequest): Promise<Page<Token>> {
    return pageFromWire(await this.#http.call(routes.listTokens, { query: pageRequestToWire(page) }), tokenFromWire);
  }

  async revokeToken(id: string): Promise<RevokedToken> {
    return revokedTokenFromWire(await this.#http.call(routes.revokeToken, { params: { id } }));
  }

  async auditEntries(
    filter: { action?: AuditAction | undefined; uuid?: string | undefined },
    page: PageRequest,
  ): Promise<Page<AuditEntry>> {
    const { action, uuid } = filter;
    const query = { ...present({ action, uuid: uuid && parseUuid(uuid) }), ...pageRequestToWire(page) };
    return pageFromWire(await this.#http.call(routes.listAudit, { query }), auditEntryFromWire);
  }

  async verifyAudit(exported?: AuditHead): Promise<AuditVerification> {
    const query = exported === undefined ? {} : headToWire(exported);
    return auditVerificationFromWire(await this.#http.call(routes.verifyAudit, { query }));
  }

  async auditHead(): Promise<SignedAuditHead> {
    return signedAuditHeadFromWire(await this.#http.call(routes.auditHead, {}));
  }
}
