import { hash } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.ts';

/** SHA-256 of an application's JSON in its canonical form (RFC 8785), base64url. Errors: `invalid_input` if it has none. */
export function policyHash(json: unknown): string {
  return hash('sha256', canonicalJson(json), 'base64url');
}
