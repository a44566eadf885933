import { LatchkeyError } from '../../domain/errors.ts';
import { endReasons, lastReadingsMs, unpaidStates, type ShareRequest, type ShareRequestState } from '../../domain/share-request.ts';
import { revokeGrant } from '../grants/ending.ts';
import type { ServiceContext } from '../service-context.ts';
import { isCounted } from './counting.ts';
import { releaseHold } from './holding.ts';
import type { News } from './news.ts';
import { over } from './parties.ts';
import { inTransaction, move } from './transition.ts';

type GivenUp = Extract<ShareRequestState, 'refused' | 'expired' | 'cancelled'>;

export interface GivingUp {
  readonly state: GivenUp;
  readonly from: readonly ShareRequestState[];
  readonly reason: string | undefined;
  /** Where an agent counts, what waits to be collected ends for this reason, and its fee is held until it has said what was used. */
  readonly countedReason?: string | undefined;
  readonly tell?: ((news: News, request: ShareRequest) => void) | undefined;
}

/**
 * Ends one before it was paid: what is held goes back, a grant that was made is revoked. One that was given up so
 * already stays so. Errors: `share_request_over` if it has come further.
 */
export async function giveUp(context: ServiceContext, id: string, { state, from, reason, countedReason, tell }: GivingUp): Promise<ShareRequest> {
  for (;;) {
    const request = (await context.store.shareRequests.find(id))!;
    if (request.state === state || (countedReason !== undefined && request.reason === countedReason)) {
      return request;
    }
    if (!from.includes(request.state)) {
      throw over(request);
    }
    const givenUp = await inTransaction(context, async (within, news) => {
      const { store, clock } = within;
      const ofGrant = request.kind === 'access' ? request.grantId : undefined;
      const revision = ofGrant === undefined ? undefined : await store.accessPoints.nextRevision(request.apId);
      const now = clock.now();
      const mayBeInUse = countedReason !== undefined && request.state === 'ready' && (await isCounted(store, request.apId));
      const change = mayBeInUse ? { state: 'ending', reason: countedReason, dueAt: new Date(now.getTime() + lastReadingsMs) } as const : { state, reason, dueAt: undefined };
      const moved = await move(within, request, [request.state], { ...change, endedAt: now });
      if (moved === undefined) {
        return undefined;
      }
      if (revision !== undefined) {
        await revokeGrant(within, ofGrant!, revision, reason);
        await store.shareRequests.removeCode(id);
      }
      if (mayBeInUse) {
        news.add('both', 'grant.ended', moved, { reason: countedReason });
      } else {
        await releaseHold(within, moved, reason ?? state);
      }
      tell?.(news, moved);
      return moved;
    });
    if (givenUp !== undefined) {
      return givenUp;
    }
  }
}

/** What time alone brings, or that nothing can come of it any more. */
export function expire(context: ServiceContext, id: string, reason: string, from: readonly ShareRequestState[]): Promise<ShareRequest> {
  return giveUp(context, id, { state: 'expired', from, reason, tell: (news, request) => news.add('both', 'request.expired', request, { reason }) });
}

/** Why it expires in such a state. */
export const expiredBecause = {
  priced: endReasons.unpaid,
  held: endReasons.unanswered,
  approved: endReasons.undelivered,
  ready: endReasons.uncollected,
} as const satisfies Partial<Record<ShareRequestState, string>>;

/** Does what pays the sharer; where that account takes no money, what is held goes back instead. Errors: `share_request_over` then. */
export async function paidOrGivenBack<T>(context: ServiceContext, id: string, pay: () => Promise<T>): Promise<T> {
  try {
    return await pay();
  } catch (error) {
    if (error instanceof LatchkeyError && (error.code === 'account_closed' || error.code === 'account_full')) {
      throw over(await expire(context, id, endReasons.payeeClosed, unpaidStates));
    }
    throw error;
  }
}

/** What it was to be done to has gone on meanwhile. */
export function unlessOver(error: unknown): void {
  if (!(error instanceof LatchkeyError) || error.code !== 'share_request_over') {
    throw error;
  }
}
