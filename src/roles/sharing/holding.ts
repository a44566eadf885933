import { LatchkeyError } from '../../domain/errors.ts';
import { recordedActor } from '../../domain/token.ts';
import type { ShareRequest } from '../../domain/share-request.ts';
import { newId, type ServiceContext } from '../service-context.ts';

// What is held for a request, inside the transaction of what ends it. For a fee of 0 nothing is.

/**
 * Pays the whole of it to the sharer. Errors, after which the transaction is lost: `share_request_over` if it is not held
 * any more, `account_closed`, `account_full`.
 */
export async function captureHold(context: ServiceContext, { id, paymentId, fee, guest, sharer }: ShareRequest): Promise<void> {
  if (paymentId === undefined) {
    return;
  }
  const { store, clock, actor } = context;
  const at = clock.now();
  const paid = await store.payments.settle(paymentId, { state: 'paid', captured: fee.minor, at, reason: undefined });
  if (paid === undefined) {
    throw new LatchkeyError('share_request_over', `What was held for request ${id} went back.`);
  }
  await store.postings.insert({
    id: newId(context, 'pst'),
    at,
    kind: 'payment',
    debitId: guest.accountId,
    creditId: sharer.accountId,
    amount: fee,
    unheld: fee.minor,
    paymentId,
    actor: recordedActor(actor),
    memo: paid.memo,
  });
}

/** Gives it back; one that went back already stays so. */
export async function releaseHold({ store, clock }: ServiceContext, { paymentId }: ShareRequest, reason: string): Promise<void> {
  if (paymentId !== undefined) {
    await store.payments.settle(paymentId, { state: 'released', captured: 0n, at: clock.now(), reason });
  }
}
