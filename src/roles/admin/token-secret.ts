import { hash } from 'node:crypto';
import type { Random } from '../../domain/clock.ts';
import type { Role } from '../../domain/token.ts';
import { base64url } from '../../protocol/encoding.ts';

/** A single-use enrolment code: `lke_` and 128 random bits in base64url. */
export function newEnrollCode(random: Random): string {
  return `lke_${base64url(random.bytes(16))}`;
}

/** `lk_<role>_<22 base64url>` (protocol.md section 3): 128 random bits. */
export function newTokenSecret(role: Role, random: Random): string {
  return `lk_${role}_${base64url(random.bytes(16))}`;
}

/** What the registry keeps of a token or code: its SHA-256 (protocol.md section 3). */
export function secretHash(secret: string): Uint8Array {
  return hash('sha256', secret, 'buffer');
}
