import { LatchkeyError } from '../../domain/errors.ts';
import { isSpent, timeUpAt, type Grant } from '../../domain/grant.ts';
import { complaintMs, endReasons, lastReadingsMs, unpaidStates, type ShareRequest } from '../../domain/share-request.ts';
import { jwkThumbprint, parsePublicJwk, parseThumbprint } from '../../protocol/access-code.ts';
import { endGrant, revokeGrant } from '../grants/ending.ts';
import { timeIsOver } from '../grants/permission.ts';
import type { ServiceContext } from '../service-context.ts';
import { isCounted } from './counting.ts';
import { giveUp } from './giving-up.ts';
import { releaseHold } from './holding.ts';
import { News } from './news.ts';
import { over } from './parties.ts';
import { settleAll } from './settlement.ts';
import { inTransaction, move } from './transition.ts';

/** Ends one that is active. Errors: `share_request_over`. */
export async function endEarly(context: ServiceContext, request: ShareRequest, reason: string): Promise<ShareRequest> {
  if (request.state === 'ending' || request.state === 'ended') {
    return request;
  }
  if (request.kind !== 'access' || request.state !== 'active') {
    throw over(request);
  }
  return inTransaction(context, async (within, news) => {
    const { store } = within;
    const revision = await store.accessPoints.nextRevision(request.apId);
    await revokeGrant(within, request.grantId!, revision, reason);
    await grantClosed(within, request.grantId!, reason, news);
    return (await store.shareRequests.find(request.id))!;
  });
}

/** Ends one whose time is over, where no agent has said so; one that was given more, or may still buy more, goes on. */
export async function endInTime(context: ServiceContext, request: ShareRequest): Promise<void> {
  await inTransaction(context, async (within, news) => {
    const { store, clock } = within;
    const revision = await store.accessPoints.nextRevision(request.apId);
    const grant = (await store.grants.find(request.grantId!))!;
    const isOver = grant.endsAt !== undefined && grant.endsAt <= clock.now();
    if (grant.state === 'active' && !isOver) {
      await store.shareRequests.change(request.id, ['active'], { state: 'active', dueAt: grant.endsAt });
      return;
    }
    await endGrant(within, grant.id, revision, { at: grant.endsAt ?? clock.now(), reason: timeIsOver });
    await grantClosed(within, grant.id, undefined, news);
  });
}

/**
 * A grant was closed, by whomever, with its access point's row taken: its requests end with it, and what is held for some
 * goes back. `reason`: why, if one of them said so. A grant of nobody's request is passed over.
 */
export async function grantClosed(context: ServiceContext, grantId: string, reason: string | undefined, news: News): Promise<void> {
  const { store, clock } = context;
  const grant = (await store.grants.find(grantId))!;
  const now = clock.now();
  const why = reason ?? (isUsedUp(grant) ? endReasons.usedUp : endReasons.revoked);
  for (const request of await store.shareRequests.ofGrant(grantId)) {
    const dueAt = request.kind === 'access' ? new Date(now.getTime() + lastReadingsMs) : undefined;
    const ending = await move(context, request, ['active'], { state: 'ending', dueAt, endedAt: grant.closedAt ?? now, reason: why });
    if (ending !== undefined) {
      if (ending.kind === 'access') {
        await store.shareRequests.removeCode(ending.id);
        news.add('both', 'grant.ended', ending, { reason: why });
      }
      continue;
    }
    const unpaid = await move(context, request, ['priced', ...unpaidStates], { state: 'expired', dueAt: undefined, endedAt: now, reason: endReasons.grantOver });
    if (unpaid !== undefined) {
      await store.shareRequests.removeCode(unpaid.id);
      await releaseHold(context, unpaid, endReasons.grantOver);
      news.add('both', 'request.expired', unpaid, { reason: endReasons.grantOver });
    }
  }
}

/** Grants were closed by who does not sell them: as the last thing of that transaction. */
export async function grantsClosed(context: ServiceContext, grantIds: readonly string[]): Promise<void> {
  const news = new News(context);
  for (const grantId of grantIds) {
    await grantClosed(context, grantId, undefined, news);
  }
  await news.tell(context);
}

function isUsedUp(grant: Grant): boolean {
  return isSpent(grant) || (grant.closedAt !== undefined && (timeUpAt(grant) ?? Infinity) <= grant.closedAt);
}

/**
 * The guest was told of another key than its own: nobody is let in by what was sealed to that, and what was not used goes back.
 * Errors: `invalid_input` if it is its own, `share_request_over`, also if it comes so late that it was used meanwhile.
 */
export async function endMismatched(context: ServiceContext, request: ShareRequest, thumbprint: string): Promise<ShareRequest> {
  if (request.jwk === undefined) {
    throw over(request);
  }
  if (parseThumbprint(thumbprint) === (await jwkThumbprint(parsePublicJwk(request.jwk)))) {
    throw new LatchkeyError('invalid_input', 'That is the thumbprint of this terminal’s own key.');
  }
  if (request.reason === endReasons.keyMismatch) {
    return request;
  }
  const tell = (news: News, ended: ShareRequest) => news.add('both', 'key.mismatch', ended, { thumbprint });
  if (request.state !== 'active') {
    return giveUp(context, request.id, { state: 'cancelled', from: ['approved', 'ready'], reason: endReasons.keyMismatch, countedReason: endReasons.keyMismatch, tell });
  }
  return inTransaction(context, async (within, news) => {
    const { store, clock } = within;
    const revision = await store.accessPoints.nextRevision(request.apId);
    if (clock.now().getTime() >= request.paidAt!.getTime() + complaintMs) {
      throw new LatchkeyError('share_request_over', `Request ${request.id} was paid more than ten minutes ago.`);
    }
    await revokeGrant(within, request.grantId!, revision, endReasons.keyMismatch);
    await grantClosed(within, request.grantId!, endReasons.keyMismatch, news);
    // Where no agent counts there is no last reading to wait for.
    const settled = (await isCounted(store, request.apId)) ? undefined : await settleAll(within, request.id, news);
    const ended = settled ?? (await store.shareRequests.find(request.id))!;
    if (ended.reason !== endReasons.keyMismatch) {
      throw over(ended);
    }
    tell(news, ended);
    return ended;
  });
}

