import { timingSafeEqual } from 'node:crypto';
import { isErrorCode, LatchkeyError } from '../../domain/errors.ts';
import { isFinalRefusal, type FinalRefusal } from '../../domain/payment.ts';
import type { ServiceContext } from '../service-context.ts';
import type { KeptTap, Tap } from './store.ts';

// A refusal is final (protocol.md section 4), and kept by the tap: there may be no mandate and so no account to keep it
// under, and what comes late charges nothing once one is set, or set for another account.

const charged = 'charged';

/** Why a tap was refused before. Errors: `idempotency_mismatch` if it was another. */
export async function refusalOfTap({ store }: ServiceContext, tap: Tap): Promise<FinalRefusal | undefined> {
  const kept = await store.taps.find(tap);
  return kept && refusalIn(kept, tap);
}

/**
 * Puts on record what a tap comes to: undefined if it is charged, inside the payment's transaction. Returns what it came
 * to, by whoever was first. Errors: `idempotency_mismatch`.
 */
export async function settleTap({ store, clock }: ServiceContext, tap: Tap, refusal: FinalRefusal | undefined): Promise<FinalRefusal | undefined> {
  return (await store.taps.insert(tap, refusal ?? charged, clock.now())) ? refusal : refusalIn((await store.taps.find(tap))!, tap);
}

function refusalIn({ fingerprint, cameTo }: KeptTap, { fingerprint: given }: Tap): FinalRefusal | undefined {
  if (!timingSafeEqual(fingerprint, given)) {
    throw new LatchkeyError('idempotency_mismatch');
  }
  if (cameTo === charged) {
    return undefined;
  }
  if (!isErrorCode(cameTo) || !isFinalRefusal(cameTo)) {
    throw new LatchkeyError('internal', `A tap came to ${cameTo}, which is nothing that taps come to.`);
  }
  return cameTo;
}
