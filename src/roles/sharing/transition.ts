import type { AuditAction } from '../../domain/audit.ts';
import type { ShareRequest, ShareRequestState } from '../../domain/share-request.ts';
import { auditEntry, within, type ServiceContext } from '../service-context.ts';
import { News } from './news.ts';
import type { ShareRequestChange } from './store.ts';

/**
 * Work in one transaction, with what it has to tell. Whatever is taken in it is taken in one order, so that no two wait for
 * each other: the offer, the access point, requests, the grant, payments, accounts, and last what terminals are told.
 */
export async function inTransaction<T>(context: ServiceContext, work: (context: ServiceContext, news: News) => Promise<T>): Promise<T> {
  return context.store.transaction(async (tx) => {
    const inner = within(context, tx);
    const news = new News(context);
    const result = await work(inner, news);
    await news.tell(inner);
    return result;
  });
}

/** Compare-and-set of the state, put on record; undefined if it was none of `from`. */
export async function move(context: ServiceContext, request: ShareRequest, from: readonly ShareRequestState[], change: ShareRequestChange): Promise<ShareRequest | undefined> {
  const moved = await context.store.shareRequests.change(request.id, from, change);
  if (moved !== undefined) {
    const { grantId, paymentId, reason } = moved;
    await record(context, `share.${moved.state}` as AuditAction, moved, {
      ...(grantId === undefined ? {} : { grant_id: grantId }),
      ...(paymentId === undefined ? {} : { payment_id: paymentId }),
      ...(reason === undefined ? {} : { reason }),
    });
  }
  return moved;
}

export async function record(context: ServiceContext, action: AuditAction, { id, apId }: ShareRequest, detail: Readonly<Record<string, string | number>> = {}): Promise<void> {
  await context.store.audit.append(auditEntry(context, { action, apId, detail: { share_request_id: id, ...detail } }));
}
