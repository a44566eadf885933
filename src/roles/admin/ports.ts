import type { AuditAction, AuditEntry } from '../../domain/audit.ts';
import type { Role, Scope, Token } from '../../domain/token.ts';
import type { Page, PageRequest } from '../page.ts';
import type { AuditHead, AuditVerification, EnrollCode } from '../store.ts';

export interface NewEnrollCode {
  readonly role: Role;
  readonly scope: Scope;
  readonly lifetimeMs: number;
}

/** The chain's head with a signature of the server's (Ed25519 over its canonical text). */
export interface SignedAuditHead extends AuditHead {
  readonly at: Date;
  readonly publicKey: string;
  readonly signature: string;
}

export interface RevokedToken extends Token {
  /** How many credit payment codes were revoked with it. */
  readonly codesRevoked: number;
}

export interface AdminRole {
  createEnrollCode(input: NewEnrollCode, idempotencyKey?: string): Promise<{ readonly code: string; readonly enrollCode: EnrollCode }>;
  tokens(page: PageRequest): Promise<Page<Token>>;
  /** Takes effect at once, also on a terminal's credit payment codes. Errors: `token_not_found`. */
  revokeToken(id: string): Promise<RevokedToken>;
  auditEntries(filter: { action?: AuditAction | undefined; uuid?: string | undefined }, page: PageRequest): Promise<Page<AuditEntry>>;
  /** Recomputes the chain; seals what is open first. `exported`: a head kept elsewhere, which it must still contain. */
  verifyAudit(exported?: AuditHead): Promise<AuditVerification>;
  auditHead(): Promise<SignedAuditHead>;
}
