import type { AuditAction, AuditEntry } from '../../domain/audit.ts';
import type { Actor, Role, Scope, Token } from '../../domain/token.ts';
import type { Page, PageRequest } from '../page.ts';
import type { AuditVerification, EnrollCode } from '../store.ts';

export interface NewEnrollCode {
  readonly role: Role;
  readonly scope: Scope;
  readonly lifetimeMs: number;
}

/** What an enrolment gives; the token is shown this once. */
export interface Enrollment {
  /** `lk_<role>_<22 base64url>` (protocol.md section 3). */
  readonly secret: string;
  readonly token: Token;
}

/** The chain's head with a signature of the server's (Ed25519 over its canonical text). */
export interface SignedAuditHead {
  readonly id: bigint;
  readonly count: bigint;
  readonly hash: string;
  readonly at: Date;
  readonly publicKey: string;
  readonly signature: string;
}

export interface AdminRole {
  createEnrollCode(input: NewEnrollCode, idempotencyKey?: string): Promise<{ readonly code: string; readonly enrollCode: EnrollCode }>;
  tokens(page: PageRequest): Promise<Page<Token>>;
  /** Takes effect at once. Errors: `token_not_found`. */
  revokeToken(id: string): Promise<Token>;
  auditEntries(filter: { action?: AuditAction | undefined; uuid?: string | undefined }, page: PageRequest): Promise<Page<AuditEntry>>;
  /** Recomputes the chain; seals what is open first. */
  verifyAudit(): Promise<AuditVerification>;
  auditHead(): Promise<SignedAuditHead>;
}

/** For those who have no token yet, and for those who ask which they have. */
export interface EnrollmentRole {
  /**
   * Uses a single-use code. `name`: what the token is called in lists; for an access point also its name.
   * Errors: `enroll_code_invalid`.
   */
  enroll(code: string, name: string): Promise<Enrollment>;
  whoami(): Promise<Actor>;
}
