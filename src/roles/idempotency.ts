import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../domain/clock.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { parseId } from '../domain/identifiers.ts';
import type { KeptReply, Store } from './store.ts';

/** One use of an idempotency key (protocol.md section 3). */
export interface IdempotentRequest {
  /** Whose key it is and for what: token and route. */
  readonly scope: string;
  readonly key: string;
  /** The whole request, in the bytes that are compared by their SHA-256. */
  readonly request: string | Uint8Array;
}

export type Reply = Pick<KeptReply, 'status' | 'body'>;

/**
 * Does `work` once for a key: its effects and its reply are one transaction, and the same request gets the same
 * reply from then on. Of two at the same time one does the work and the other gets its reply.
 * Errors: `idempotency_mismatch`, and what `work` throws (nothing is kept then).
 */
export async function once(
  store: Store,
  clock: Clock,
  { scope, key, request }: IdempotentRequest,
  work: (tx: Store) => Promise<Reply>,
): Promise<Reply> {
  parseId(key, 'idempotency key');
  const fingerprint = createHash('sha256').update(request).digest();
  const kept = await store.replies.find(scope, key);
  if (kept !== undefined) {
    return matching(kept, fingerprint);
  }
  const lost = Symbol('another request with this key was faster');
  try {
    return await store.transaction(async (tx) => {
      const reply = await work(tx);
      if (!(await tx.replies.insert(scope, key, { fingerprint, ...reply }, clock.now()))) {
        throw lost;
      }
      return reply;
    });
  } catch (error) {
    // A competitor with the same key may have won before this one got as far as its own insert.
    const winner = await store.replies.find(scope, key);
    if (winner !== undefined) {
      return matching(winner, fingerprint);
    }
    throw error;
  }
}

function matching(kept: KeptReply, fingerprint: Uint8Array): Reply {
  if (!timingSafeEqual(kept.fingerprint, fingerprint)) {
    throw new LatchkeyError('idempotency_mismatch');
  }
  return { status: kept.status, body: kept.body };
}
