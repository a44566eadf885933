import { recordedActor } from '../../domain/token.ts';
import { auditEntry, type ServiceContext } from '../service-context.ts';

// Everything here runs inside a transaction: `context.store` is its Store.

/** A grant of a locked access point has come to its time or quota there; one that is over stays as it is. */
export async function endGrant(
  context: ServiceContext,
  grantId: string,
  revision: number,
  { at, reason }: { readonly at: Date; readonly reason: string },
): Promise<void> {
  const now = context.clock.now();
  const by = recordedActor(context.actor);
  const grant = await context.store.grants.close(grantId, { state: 'ended', at: at < now ? at : now, by, reason, revision });
  if (grant !== undefined) {
    await context.store.audit.append(
      auditEntry(context, {
        action: 'grant.ended',
        uuid: grant.subject.kind === 'device' ? grant.subject.id : undefined,
        apId: grant.network.apId,
        detail: { grant_id: grantId, reason },
      }),
    );
  }
}

/** Revokes a grant of a locked access point; one that is over stays as it is. */
export async function revokeGrant(
  context: ServiceContext,
  grantId: string,
  revision: number,
  reason: string | undefined,
): Promise<void> {
  const grant = await context.store.grants.close(grantId, {
    state: 'revoked',
    at: context.clock.now(),
    by: recordedActor(context.actor),
    reason,
    revision,
  });
  if (grant !== undefined) {
    await context.store.audit.append(
      auditEntry(context, {
        action: 'grant.revoked',
        uuid: grant.subject.kind === 'device' ? grant.subject.id : undefined,
        apId: grant.network.apId,
        detail: { grant_id: grantId, ...(reason === undefined ? {} : { reason }) },
      }),
    );
  }
}
