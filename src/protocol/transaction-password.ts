import { Buffer } from 'node:buffer';
import { createHash, createHmac, hkdfSync } from 'node:crypto';
import type { Amount } from '../domain/money.ts';
import type { PasswordAlgorithm } from '../domain/payment.ts';
import { base64url } from './encoding.ts';

/** What a payment's password is bound to (protocol.md section 4). */
export interface PaidBy {
  readonly accountId: string;
  readonly amount: Amount;
  readonly payeeId: string;
  readonly idempotencyKey: string;
}

/** What a temporary code has: 32 bytes. */
export const temporaryCodeBytes = 32;
/** What renews it has as many. */
export const rotationBytes = 32;

/**
 * The transaction password: base64url of 32 bytes, or 32 hexadecimal digits by `md5`, which binds it to nothing but
 * the temporary code (protocol.md section 4).
 */
export function transactionPassword(algorithm: PasswordAlgorithm, temporaryCode: Uint8Array, identityCode: string, paid: PaidBy): string {
  if (algorithm === 'md5') {
    return md5Password(temporaryCode, identityCode);
  }
  const { accountId, amount, payeeId, idempotencyKey } = paid;
  const message = ['latchkey/1 pay', accountId, identityCode, amount.minor.toString(), amount.currency, payeeId, idempotencyKey].join('\0');
  return base64url(createHmac('sha256', temporaryCode).update(message).digest());
}

export function md5Password(temporaryCode: Uint8Array, identityCode: string): string {
  return createHash('md5').update(Buffer.from(temporaryCode).toString('hex') + identityCode).digest('hex');
}

/** The temporary code after a success, 32 bytes: who reads the rotation alone does not learn it. */
export function nextCode(temporaryCode: Uint8Array, rotation: Uint8Array, accountId: string): Buffer {
  return Buffer.from(hkdfSync('sha256', temporaryCode, rotation, `latchkey/1 next-code\0${accountId}`, 32));
}
