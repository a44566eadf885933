import { within, type ServiceContext } from '../service-context.ts';
import { closeRequest } from './closing.ts';

/** Expires pending requests whose time is over, at any access point; returns how many. */
export async function expireOverdue(context: ServiceContext): Promise<number> {
  const { store, clock } = context;
  const overdue = await store.requests.overdue(clock.now(), 1000);
  for (const request of overdue) {
    await store.transaction(async (tx) => {
      const revision = await tx.accessPoints.nextRevision(request.apId);
      await closeRequest(within(context, tx), request, revision, { status: 'expired', reason: 'nobody decided in time' });
    });
  }
  return overdue.length;
}
