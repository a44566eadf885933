import { timeUpAt, type GrantUsage } from '../../domain/grant.ts';
import type { ShareRequest } from '../../domain/share-request.ts';
import type { ServiceContext } from '../service-context.ts';
import { paidOrGivenBack, unlessOver } from './giving-up.ts';
import { start } from './granting.ts';
import { captureHold } from './holding.ts';
import { over } from './parties.ts';
import { inTransaction, move } from './transition.ts';

/** The guest has opened the code: nobody needs it any more. Errors: `share_request_over`. */
export async function acknowledge(context: ServiceContext, request: ShareRequest): Promise<ShareRequest> {
  const collected = await collect(context, request);
  await context.store.shareRequests.removeCode(request.id);
  return collected;
}

/**
 * The code was collected, or the access is in use: what is held is paid, and its time runs from now. The code stays
 * until the guest says that it was opened: use is the sharer's word alone. Errors: `share_request_over`.
 */
export async function collect(context: ServiceContext, request: ShareRequest): Promise<ShareRequest> {
  if (request.kind !== 'access') {
    throw over(request);
  }
  return request.state === 'active' ? request : paidOrGivenBack(context, request.id, () => pay(context, request));
}

function pay(context: ServiceContext, request: ShareRequest): Promise<ShareRequest> {
  return inTransaction(context, async (within, news) => {
    const { store, clock } = within;
    const revision = await store.accessPoints.nextRevision(request.apId);
    const now = clock.now();
    const found = (await store.shareRequests.find(request.id))!;
    if (found.state === 'active') {
      return found;
    }
    const grant = found.state === 'ready' ? await start(within, found, { now, revision }) : undefined;
    const paid = grant && (await move(within, found, ['ready'], { state: 'active', paidAt: now, dueAt: timeUpAt(grant) }));
    if (paid === undefined) {
      throw over(found);
    }
    await captureHold(within, paid);
    news.add('sharer', 'code.collected', paid);
    return paid;
  });
}

/** An access point reports what its grants have used: what waits to be collected and is in use, is. */
export async function collectUsed(context: ServiceContext, apId: string, reports: readonly { readonly grantId: string; readonly usage: GrantUsage }[]): Promise<void> {
  const used = reports.filter(({ usage }) => isUse(usage)).map(({ grantId }) => grantId);
  for (const request of await context.store.shareRequests.ready(used)) {
    if (request.apId === apId) {
      await collect(context, request).catch(unlessOver);
    }
  }
}

/** Whether the subject of a grant was there. */
export function isUse({ bytesIn, bytesOut, seconds }: GrantUsage): boolean {
  return bytesIn + bytesOut > 0n || seconds > 0;
}
