import type { KnownActor, Token } from '../../domain/token.ts';

/** What an enrolment gives; the token is shown this once. */
export interface Enrollment {
  /** `lk_<role>_<22 base64url>` (protocol.md section 3). */
  readonly secret: string;
  readonly token: Token;
}

/** For those who have no token yet, and for those who ask which they have. */
export interface EnrollmentRole {
  /**
   * Uses a single-use code. `name`: what the token is called in lists; for an access point also its name.
   * Errors: `enroll_code_invalid`.
   */
  enroll(code: string, name: string): Promise<Enrollment>;
  /** Errors: `unauthorized`. */
  whoami(): Promise<KnownActor>;
}
