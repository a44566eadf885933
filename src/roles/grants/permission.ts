import { begunAt, isEnforced, newGrant, timeLeft, type Grant, type GrantBegin } from '../../domain/grant.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { mostDurationMs } from '../../domain/duration.ts';
import type { Allowance } from '../../domain/quantity.ts';
import { auditEntry, newId, within, type ServiceContext } from '../service-context.ts';
import { endGrant } from './ending.ts';

// What changes a grant runs inside a transaction, with the access point's row taken: `revision` is its next one.

/**
 * Puts a subject on the permission list of an access point, or adds to what it has left. Time runs from when the radio
 * has the grant, where an agent enforces it, and from now on elsewhere.
 */
export async function permit(context: ServiceContext, apId: string, subject: Grant['subject'], allowance: Allowance): Promise<Grant> {
  const { store, clock } = context;
  const revision = await store.accessPoints.nextRevision(apId);
  const now = clock.now();
  const standing = await store.grants.permission(apId, subject);
  if (standing !== undefined && timeLeft(standing, now) !== 0) {
    return alter(context, standing, { ...lengthened(standing, allowance, now), revision });
  }
  if (standing !== undefined) {
    await endGrant(context, standing.id, revision, { at: now, reason: timeIsOver });
  }
  const ap = await store.accessPoints.find(apId);
  const ms = allowance === 'unlimited' ? undefined : Number(allowance.size);
  const waits = isEnforced(ap?.enforcement);
  const grant = newGrant({
    id: newId(context, 'grt'),
    subject,
    network: { apId, ssid: ap?.ssid ?? '' },
    source: 'payment',
    startsAt: now,
    endsAt: ms === undefined || waits ? undefined : new Date(now.getTime() + ms),
    allowedMs: ms,
    waitingMs: waits ? ms : undefined,
    revision,
  });
  await store.grants.insert(grant);
  await store.audit.append(auditEntry(context, { action: 'grant.created', apId, detail: { grant_id: grant.id } }));
  return grant;
}

export const timeIsOver = 'its time is over';

function lengthened({ subject, state, endsAt, allowedMs, waitingMs }: Grant, allowance: Allowance, now: Date) {
  const same = { subject, state: state as 'active' | 'paused' };
  if (allowance === 'unlimited' || allowedMs === undefined) {
    return { ...same, endsAt: undefined, allowedMs: undefined, waitingMs: undefined };
  }
  const more = Number(allowance.size);
  const atMost = (ms: number) => Math.min(ms, mostDurationMs);
  return {
    ...same,
    allowedMs: atMost(allowedMs + more),
    waitingMs: waitingMs === undefined ? undefined : atMost(waitingMs + more),
    endsAt: endsAt && new Date(now.getTime() + atMost(endsAt.getTime() - now.getTime() + more)),
  };
}

async function alter(context: ServiceContext, { id }: Grant, change: Parameters<ServiceContext['store']['grants']['alter']>[1]): Promise<Grant> {
  const altered = await context.store.grants.alter(id, change);
  if (altered === undefined) {
    throw new LatchkeyError('internal', `Grant ${id} changed under its lock.`);
  }
  return altered;
}

/** Keeps what is left for later. Errors: `grant_over`, `invalid_input` if there is no end that could be put off. */
export async function pause(context: ServiceContext, grant: Grant, revision: number): Promise<Grant> {
  const left = timeLeft(grant, context.clock.now());
  if (left === 0) {
    throw new LatchkeyError('grant_over', `Grant ${grant.id} is over.`);
  }
  if (left === undefined) {
    throw new LatchkeyError('invalid_input', `Grant ${grant.id} has no end that could be put off.`);
  }
  return alter(context, grant, { ...grant, state: 'paused', endsAt: undefined, waitingMs: left, revision });
}

/** Goes on with what is left. */
export async function resume(context: ServiceContext, grant: Grant, revision: number): Promise<Grant> {
  const { store, clock } = context;
  const ap = await store.accessPoints.find(grant.network.apId);
  const runs = grant.waitingMs === undefined || isEnforced(ap?.enforcement) ? {} : { endsAt: new Date(clock.now().getTime() + grant.waitingMs), waitingMs: undefined };
  return alter(context, grant, { ...grant, ...runs, state: 'active', revision });
}

/** Gives a grant to another subject. */
export async function moveTo(context: ServiceContext, grant: Grant, subject: Grant['subject'], revision: number): Promise<Grant> {
  return alter(context, grant, { ...grant, state: grant.state as 'active' | 'paused', subject, revision });
}

/**
 * Gives what a receipt code was sold with to the phone that shows it; what it bought is added to the time that the phone
 * has. Errors: `grant_paused` if that is paused.
 */
export async function redeemFor(context: ServiceContext, sold: Grant, phone: Grant['subject'], revision: number): Promise<Grant> {
  const { store, clock } = context;
  const now = clock.now();
  const standing = await store.grants.permission(sold.network.apId, phone);
  if (standing === undefined || timeLeft(standing, now) === 0) {
    if (standing !== undefined) {
      await endGrant(context, standing.id, revision, { at: standing.endsAt ?? now, reason: timeIsOver });
    }
    return moveTo(context, sold, phone, revision);
  }
  if (standing.state === 'paused') {
    throw new LatchkeyError('grant_paused');
  }
  const left = timeLeft(sold, now);
  await endGrant(context, sold.id, revision, { at: now, reason: `its time was added to ${standing.id}` });
  await store.accessCodes.removeAll({ grantId: sold.id });
  await store.sales.moveTo(standing.id, sold.id);
  return alter(context, standing, { ...lengthened(standing, left === undefined ? 'unlimited' : { metric: 'time', size: BigInt(left) }, now), revision });
}

/** The radio has had a grant since a moment: its time runs from then. What was changed meanwhile is begun anew. */
export async function begin(context: ServiceContext, grantId: string, begun: GrantBegin, revision: number): Promise<void> {
  const { store, clock } = context;
  const grant = await store.grants.find(grantId);
  if (grant?.state !== 'active' || grant.waitingMs === undefined || grant.revision !== begun.revision) {
    return;
  }
  const now = clock.now();
  const at = begun.at < now ? begun.at : now;
  await alter(context, grant, { ...begunAt(grant, at), state: 'active', revision });
}

const atOnce = 250;

/** What was sold and is over goes to history, also where no agent says so; returns of how many. */
export async function endSold(context: ServiceContext): Promise<number> {
  const { store, clock } = context;
  const over = await store.grants.soldUntil(clock.now(), atOnce);
  for (const { id, network, endsAt } of over) {
    await store.transaction(async (tx) => {
      const revision = await tx.accessPoints.nextRevision(network.apId);
      const grant = await tx.grants.find(id);
      if (grant?.state === 'active' && grant.endsAt?.getTime() === endsAt?.getTime()) {
        await endGrant(within(context, tx), id, revision, { at: endsAt!, reason: timeIsOver });
      }
    });
  }
  return over.length;
}
