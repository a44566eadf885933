import { mostDurationMs } from '../../domain/duration.ts';
import { newGrant, timeGraceMs, timeLeft, timeUpAt, type Grant } from '../../domain/grant.ts';
import type { Allowance, Quantity } from '../../domain/quantity.ts';
import { collectMs, trafficLastsMs, type ShareRequest } from '../../domain/share-request.ts';
import { mostTraffic } from '../../domain/traffic.ts';
import { auditEntry, type ServiceContext } from '../service-context.ts';

// The grant of a request, inside a transaction with its access point's row taken: `revision` is its next one.

/**
 * Until it is collected its time does not run. But it ends before the fee would be given back, and so an agent that hears
 * nothing more lets nobody in for nothing. Who has used it up can be restricted only where an agent counts each (`isCounted`).
 */
export function grantFor(request: ShareRequest, { id, ssid, now, revision, isCounted }: { readonly id: string; readonly ssid: string; readonly now: Date; readonly revision: number; readonly isCounted: boolean }): Grant {
  const { quantity, apId, guest } = request;
  return newGrant({
    id,
    subject: { kind: 'terminal', id: guest.terminalId },
    network: { apId, ssid },
    source: 'share',
    startsAt: now,
    endsAt: later(request.dueAt!, collectMs),
    quotaBytes: quantity !== 'unlimited' && quantity.metric === 'traffic' ? quantity.size : undefined,
    policy: isCounted ? 'restrict' : 'cut',
    revision,
  });
}

/** What it is from its collection on; undefined if it is over. */
export async function start({ store }: ServiceContext, { grantId, quantity }: ShareRequest, { now, revision }: { readonly now: Date; readonly revision: number }): Promise<Grant | undefined> {
  const grant = await store.grants.find(grantId!);
  if (grant === undefined || !goesOn(grant, now)) {
    return undefined;
  }
  const allowedMs = timeOf(quantity);
  const lastsMs = allowedMs === undefined ? (grant.quotaBytes === undefined ? undefined : trafficLastsMs) : allowedMs + graceOf(grant);
  const endsAt = lastsMs === undefined ? undefined : later(now, lastsMs);
  return store.grants.alter(grant.id, { ...grant, state: 'active', endsAt, allowedMs, revision });
}

/** Adds to one that is in force; undefined if it is over, or takes no more. */
export async function lengthen(context: ServiceContext, grantId: string, more: Quantity, revision: number): Promise<Grant | undefined> {
  const { store, clock } = context;
  const now = clock.now();
  const grant = await store.grants.find(grantId);
  if (grant === undefined || !goesOn(grant, now) || !hasRoomFor(grant, more)) {
    return undefined;
  }
  const { endsAt, allowedMs, quotaBytes } = grant;
  const lengthened = more.metric === 'time'
    ? await store.grants.alter(grantId, {
      ...grant,
      state: 'active',
      // What is used up already is not lengthened in the past.
      endsAt: endsAt && later(now, Math.max(0, timeUpAt(grant)!.getTime() - now.getTime()) + Number(more.size) + graceOf(grant)),
      allowedMs: allowedMs && allowedMs + Number(more.size),
      revision,
    })
    : await store.grants.increase(grantId, { endsAt: endsAt && later(now, trafficLastsMs), quotaBytes: quotaBytes && quotaBytes + more.size, revision });
  await store.audit.append(auditEntry(context, { action: 'grant.increased', apId: grant.network.apId, detail: { grant_id: grantId, [more.metric]: more.size.toString() } }));
  return lengthened;
}

/** Whether all of it can be added: nothing is paid that would be cut. */
export function hasRoomFor({ allowedMs = 0, quotaBytes = 0n }: Grant, { metric, size }: Quantity): boolean {
  return metric === 'time' ? BigInt(allowedMs) + size <= BigInt(mostDurationMs) : quotaBytes + size <= mostTraffic;
}

/** Since when does not matter: it was made by this clock, or by another server's that is a little ahead. */
export function goesOn(grant: Grant, now: Date): boolean {
  return grant.state === 'active' && timeLeft(grant, now) !== 0;
}

function graceOf({ policy }: Grant): number {
  return policy === 'restrict' ? timeGraceMs : 0;
}

function timeOf(quantity: Allowance): number | undefined {
  return quantity !== 'unlimited' && quantity.metric === 'time' ? Number(quantity.size) : undefined;
}

function later(now: Date, ms: number): Date {
  return new Date(now.getTime() + Math.min(mostDurationMs, ms));
}
