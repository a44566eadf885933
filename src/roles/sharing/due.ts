import type { ShareRequest } from '../../domain/share-request.ts';
import type { ServiceContext } from '../service-context.ts';
import { endInTime } from './ending.ts';
import { expire, expiredBecause, unlessOver } from './giving-up.ts';
import { payOwed, settle } from './settlement.ts';

/** Does what time brings to up to `limit` requests; returns of how many. Errors: the first of them, when all were tried. */
export async function tendRequests(context: ServiceContext, limit: number): Promise<number> {
  const due = await context.store.shareRequests.due(context.clock.now(), limit);
  let failed: { readonly error: unknown } | undefined;
  for (const request of due) {
    await tend(context, request).catch((error: unknown) => (failed ??= { error }));
  }
  if (failed !== undefined) {
    throw failed.error;
  }
  return due.length;
}

/** One, if its time is over, as it is then. */
export async function tended(context: ServiceContext, request: ShareRequest): Promise<ShareRequest> {
  const { store, clock } = context;
  if (request.dueAt === undefined || clock.now() < request.dueAt) {
    return request;
  }
  await tend(context, request);
  return (await store.shareRequests.find(request.id))!;
}

/** Not in the name of who happens to come by. */
async function tend(context: ServiceContext, { id, state, ...request }: ShareRequest): Promise<void> {
  const own: ServiceContext = { ...context, actor: { kind: 'local' } };
  switch (state) {
    case 'priced':
    case 'held':
    case 'approved':
    case 'ready':
      await expire(own, id, expiredBecause[state], [state]).catch(unlessOver);
      return;
    case 'active':
      return endInTime(own, { ...request, id, state });
    case 'ending':
      await settle(own, id);
      return;
    case 'ended':
      await payOwed(own, id);
      return;
    case 'refused':
    case 'expired':
    case 'cancelled':
      return;
  }
}
