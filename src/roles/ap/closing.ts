import { mayFollow, requestStatuses, type AccessRequest } from '../../domain/access-request.ts';
import { recordedActor } from '../../domain/token.ts';
import { revokeGrant } from '../grants/ending.ts';
import type { Page } from '../page.ts';
import { auditEntry, type ServiceContext } from '../service-context.ts';
import type { Store } from '../store.ts';

// Everything here runs inside a transaction: `context.store` is its Store.

const openStatuses = requestStatuses.filter((status) => mayFollow(status, 'expired'));
const all = { limit: 1000 };

/**
 * Takes the rows of these access points and gives each its next revision: in one order for everybody, so that
 * two transactions never wait for each other.
 */
export async function lockAccessPoints(tx: Store, apIds: readonly string[]): Promise<Map<string, number>> {
  const revisions = new Map<string, number>();
  for (const apId of [...new Set(apIds)].sort()) {
    revisions.set(apId, await tx.accessPoints.nextRevision(apId));
  }
  return revisions;
}

/**
 * Ends all access of some devices: pending requests are denied, granted ones expire, active grants are revoked.
 * Returns the access points concerned.
 */
export async function closeOpenAccess(context: ServiceContext, uuids: readonly string[], reason: string): Promise<string[]> {
  const { requests, grants } = context.store;
  const openRequests = () => ofEach(uuids, (uuid) => requests.list({ uuid, statuses: openStatuses }, all));
  const activeGrants = () => ofEach(uuids, (subjectId) => grants.list({ subjectId, state: 'active' }, all));

  const revisions = await lockAccessPoints(context.store, [
    ...(await openRequests()).map((request) => request.apId),
    ...(await activeGrants()).map((grant) => grant.network.apId),
  ]);
  for (const request of await openRequests()) {
    const revision = revisions.get(request.apId);
    if (revision !== undefined) {
      await closeRequest(
        context,
        request,
        revision,
        request.status === 'pending' ? { status: 'denied', by: recordedActor(context.actor), reason } : { status: 'expired', reason },
      );
    }
  }
  for (const grant of await activeGrants()) {
    const revision = revisions.get(grant.network.apId);
    if (revision !== undefined) {
      await revokeGrant(context, grant.id, revision, reason);
    }
  }
  return [...revisions.keys()];
}

async function ofEach<T>(uuids: readonly string[], list: (uuid: string) => Promise<Page<T>>): Promise<T[]> {
  const found: T[] = [];
  for (const uuid of uuids) {
    found.push(...(await list(uuid)).items);
  }
  return found;
}

/** Ends a request of a locked access point; one that has gone on meanwhile stays as it is. */
export async function closeRequest(
  context: ServiceContext,
  request: AccessRequest,
  revision: number,
  end: { status: 'denied' | 'expired'; by?: string; reason?: string | undefined },
): Promise<AccessRequest> {
  const decision = end.by === undefined ? {} : { decidedAt: context.clock.now(), decidedBy: end.by };
  const changed = await context.store.requests.change(request.id, [request.status], {
    status: end.status,
    revision,
    reason: end.reason,
    ...decision,
  });
  if (changed === undefined) {
    return request;
  }
  await context.store.audit.append(
    auditEntry(context, {
      action: `request.${end.status}`,
      uuid: request.uuid,
      apId: request.apId,
      detail: {
        request_id: request.id,
        ...(end.by === undefined ? {} : { by: end.by }),
        ...(end.reason === undefined ? {} : { reason: end.reason }),
      },
    }),
  );
  return changed;
}
