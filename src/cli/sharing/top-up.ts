import { LatchkeyError } from '../../domain/errors.ts';
import type { Quantity } from '../../domain/quantity.ts';
import type { ShareRequest } from '../../domain/share-request.ts';
import { buy } from '../../roles/guest/buying.ts';
import { openGuest, purchaseFor, withPurchase, type OpenedGuest } from './open-guest.ts';
import { requireConsent, type FeeFlags } from './pay-fee.ts';
import { buying, type RequestOptions } from './request-access.ts';

export interface TopUpFlags extends FeeFlags {
  readonly 'no-wait': boolean;
  readonly 'idempotency-key'?: string | undefined;
}

/** Buys more of what is in use, or goes on with what was begun of it. Errors: those of `buy` and of paying, `missing_input`. */
export async function topUp(accessId: string, quantity: Quantity, flags: TopUpFlags, options: RequestOptions): Promise<ShareRequest> {
  requireConsent(flags, options.interactive);
  return topUpBy(await openGuest(flags, options), accessId, quantity, flags, options);
}

export async function topUpBy(guest: OpenedGuest, accessId: string, quantity: Quantity, flags: TopUpFlags, options: RequestOptions): Promise<ShareRequest> {
  const access = await guest.sharing.show(accessId);
  if (access.kind !== 'access') {
    throw new LatchkeyError('invalid_input', `Request ${accessId} is an increase itself: name that which it adds to, ${access.accessId}.`);
  }
  const purchase = await purchaseFor(guest, { kind: 'increase', accessId, quantity }, flags['idempotency-key']);
  return withPurchase(purchase, async () => (await buy(buying(guest, flags, options), purchase)).request);
}
