import { recordedActor } from '../../domain/token.ts';
import { auditEntry, type ServiceContext } from '../service-context.ts';

// Everything here runs inside a transaction: `context.store` is its Store.

/** A grant of a locked access point has come to its time or quota there; one that is over stays as it is. */
export function endGrant(context: ServiceContext, grantId: string, revision: number, { at, reason }: { readonly at: Date; readonly reason: string }): Promise<void> {
  const now = context.clock.now();
  return close(context, grantId, { state: 'ended', at: at < now ? at : now, reason, revision });
}

/** Revokes a grant of a locked access point; one that is over stays as it is. */
export function revokeGrant(context: ServiceContext, grantId: string, revision: number, reason: string | undefined): Promise<void> {
  return close(context, grantId, { state: 'revoked', at: context.clock.now(), reason, revision });
}

async function close(context: ServiceContext, grantId: string, end: { readonly state: 'ended' | 'revoked'; readonly at: Date; readonly reason: string | undefined; readonly revision: number }): Promise<void> {
  const grant = await context.store.grants.close(grantId, { ...end, by: recordedActor(context.actor) });
  if (grant === undefined) {
    return;
  }
  const { subject, network: { apId } } = grant;
  const uuid = subject.kind === 'device' ? subject.id : undefined;
  const reason = end.reason === undefined ? {} : { reason: end.reason };
  await context.store.audit.append(auditEntry(context, { action: `grant.${end.state}`, uuid, apId, detail: { grant_id: grantId, ...reason } }));
}
