import { timingSafeEqual } from 'node:crypto';
import { LatchkeyError } from '../../domain/errors.ts';
import { isFinalRefusal, type FinalRefusal } from '../../domain/payment.ts';
import type { ServiceContext } from '../service-context.ts';
import type { KeptReply } from '../store.ts';

/** A bare card held to a register, under the register's key. */
export interface Tap {
  readonly registerId: string;
  readonly key: string;
  readonly subjectId: string;
  /** SHA-256 of the request. */
  readonly fingerprint: Uint8Array;
}

// A refusal is final (protocol.md section 4), and kept by the tap: there may be no mandate and so no account to keep it
// under, and what comes late charges nothing once one is set, or set for another account.

/** Why a tap was refused before. Errors: `idempotency_mismatch` if it was another. */
export async function refusalOfTap({ store }: ServiceContext, tap: Tap): Promise<FinalRefusal | undefined> {
  const kept = await store.replies.find(scopeOf(tap), tap.key);
  return kept && refusalIn(kept, tap);
}

/**
 * Puts on record what a tap comes to: undefined if it is charged, inside the payment's transaction. Returns what it came
 * to, by whoever was first. Errors: `idempotency_mismatch`.
 */
export async function settleTap({ store, clock }: ServiceContext, tap: Tap, refusal: FinalRefusal | undefined): Promise<FinalRefusal | undefined> {
  const { key, fingerprint } = tap;
  const reply: KeptReply = { fingerprint, status: refusal === undefined ? 201 : 409, body: refusal ?? '' };
  if (await store.replies.insert(scopeOf(tap), key, reply, clock.now())) {
    return refusal;
  }
  return refusalIn((await store.replies.find(scopeOf(tap), key))!, tap);
}

function scopeOf({ registerId, subjectId }: Tap): string {
  return `${registerId} tap ${subjectId}`;
}

function refusalIn({ fingerprint, body }: KeptReply, tap: Tap): FinalRefusal | undefined {
  if (!timingSafeEqual(fingerprint, tap.fingerprint)) {
    throw new LatchkeyError('idempotency_mismatch');
  }
  return body !== '' && isFinalRefusal(body as FinalRefusal) ? (body as FinalRefusal) : undefined;
}
