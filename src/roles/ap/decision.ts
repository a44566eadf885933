import { isPending, isUnproven, mayFollow, requestLifetimeMs, type AccessRequest } from '../../domain/access-request.ts';
import { LatchkeyError, type ErrorCode } from '../../domain/errors.ts';
import { newGrant, type GrantTerms } from '../../domain/grant.ts';
import { actorForPeople } from '../../domain/token.ts';
import { revokeGrant } from '../grants/ending.ts';
import { auditEntry, newId, within, type ServiceContext } from '../service-context.ts';
import { closeRequest, lockAccessPoints } from './closing.ts';

export interface Decision {
  readonly verdict: 'approve' | 'deny';
  readonly by: string;
  readonly reason?: string | undefined;
  /** Of the grant that an approval makes. */
  readonly terms?: GrantTerms | undefined;
  /** Spent devices are let in again, on test benches (`server start --reuse`). */
  readonly reuse?: boolean | undefined;
}

/** A refusal that comes with a committed change (a denied request, say): thrown once that is durable. */
interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

/**
 * Decides a pending request, once: of any number of deciders at any number of servers exactly one wins.
 * An approval spends the pass_tmp for this request, makes the grant and denies the device's requests elsewhere.
 * Errors: `request_not_found`, `already_decided`, `request_expired`, `device_revoked`, `device_spent`.
 */
export async function decide(
  context: ServiceContext,
  requestId: string,
  mayTouch: (request: AccessRequest) => boolean,
  decision: Decision,
): Promise<AccessRequest> {
  const outcome = await context.store.transaction((tx) => decideWithin(within(context, tx), requestId, mayTouch, decision));
  if ('code' in outcome) {
    throw new LatchkeyError(outcome.code, outcome.message);
  }
  return outcome;
}

async function decideWithin(
  context: ServiceContext,
  requestId: string,
  mayTouch: (request: AccessRequest) => boolean,
  decision: Decision,
): Promise<AccessRequest | Refusal> {
  const { requests } = context.store;
  const found = await requests.find(requestId);
  if (found === undefined || !mayTouch(found)) {
    return { code: 'request_not_found', message: `There is no request ${requestId}.` };
  }
  const rivals = decision.verdict === 'approve' && !found.dpp ? (await requests.openOf(found.uuid)).filter((one) => isPending(one) || isUnproven(one)) : [];
  const revisions = await lockAccessPoints(context.store, [found.apId, ...rivals.map((rival) => rival.apId)]);
  const revision = revisions.get(found.apId)!;
  // Only now nobody else can change it.
  const request = (await requests.find(requestId))!;

  if (request.status === 'expired') {
    return { code: 'request_expired', message: `Request ${requestId} has expired.` };
  }
  if (request.status !== 'pending') {
    const who = request.decidedBy === undefined ? '' : `, decided by ${actorForPeople(request.decidedBy)}`;
    return { code: 'already_decided', message: `Request ${requestId} is ${request.status}${who}.` };
  }
  if (request.expiresAt <= context.clock.now()) {
    await closeRequest(context, request, revision, { status: 'expired', reason: 'nobody decided in time' });
    return { code: 'request_expired', message: `Request ${requestId} has expired.` };
  }
  if (decision.verdict === 'deny') {
    return closeRequest(context, request, revision, { status: 'denied', by: decision.by, reason: decision.reason });
  }
  return approve(context, request, decision, revisions);
}

async function approve(
  context: ServiceContext,
  request: AccessRequest,
  decision: Decision,
  revisions: ReadonlyMap<string, number>,
): Promise<AccessRequest | Refusal> {
  const { store } = context;
  const revision = revisions.get(request.apId)!;
  const device = await store.devices.find(request.uuid);
  if (device?.state !== 'registered') {
    await closeRequest(context, request, revision, { status: 'denied', by: decision.by, reason: 'device revoked' });
    return { code: 'device_revoked', message: `Device ${request.uuid} is revoked.` };
  }
  const earlier = device.spentBy === undefined ? undefined : await store.requests.find(device.spentBy);
  const isFree = earlier === undefined || decision.reuse === true || (!request.dpp && isRetry(earlier, request.apId, context.clock.now()));
  // What was only announced closes nothing and spends nothing, until its device has proven itself.
  if (!isFree || !(request.dpp || (await store.devices.setSpentBy(device.uuid, device.spentBy, request.id)))) {
    await closeRequest(context, request, revision, { status: 'denied', by: decision.by, reason: 'pass_tmp already used' });
    return { code: 'device_spent', message: `The pass_tmp of device ${request.uuid} is used already.` };
  }
  if (!request.dpp) {
    const open = await store.requests.openOf(request.uuid);
    const unproven = open.filter(isUnproven);
    for (const other of earlier === undefined ? unproven : [earlier, ...unproven]) {
      await supersede(context, other, revisions);
    }
    const rivals = open.filter((one) => isPending(one) && one.id !== request.id);
    await denyRivals(context, rivals, revisions);
  }

  const at = context.clock.now();
  const { validMs, quotaBytes, policy = 'cut', vlan } = decision.terms ?? {};
  const ap = await store.accessPoints.find(request.apId);
  const grant = newGrant({
    id: newId(context, 'grt'),
    subject: { kind: 'device', id: request.uuid },
    network: { apId: request.apId, ssid: ap?.ssid ?? '' },
    source: 'device',
    requestId: request.id,
    startsAt: at,
    endsAt: validMs === undefined ? undefined : new Date(at.getTime() + validMs),
    quotaBytes,
    policy,
    vlan,
    revision,
  });
  await store.grants.insert(grant);
  const approved = await store.requests.change(request.id, ['pending'], {
    status: 'approved',
    revision,
    decidedAt: at,
    decidedBy: decision.by,
    grantId: grant.id,
  });
  if (approved === undefined) {
    throw new LatchkeyError('internal', `Request ${request.id} changed under its lock.`);
  }
  const about = { uuid: request.uuid, apId: request.apId };
  const detail = { request_id: request.id, grant_id: grant.id };
  await store.audit.append(
    auditEntry(context, { action: 'request.approved', ...about, detail: { ...detail, by: decision.by } }),
    auditEntry(context, { action: 'grant.created', ...about, detail }),
  );
  return approved;
}

/** A new hello at the same AP within the hour, before `joined`, is a retry (protocol.md section 1, one time). */
export function isRetry(earlier: AccessRequest, apId: string, at: Date): boolean {
  return (
    earlier.apId === apId &&
    (earlier.status === 'approved' || earlier.status === 'delivered') &&
    earlier.decidedAt !== undefined &&
    at.getTime() - earlier.decidedAt.getTime() < requestLifetimeMs
  );
}

/**
 * The device of an approved request by DPP has taken its password, which takes its key: the request spends it as an
 * approval does otherwise, and ends what else was approved of it and not taken. If the device was spent meanwhile, its
 * grant here is over. `revisions`: of the locked access points of all of them.
 */
export async function settleProven(context: ServiceContext, request: AccessRequest, revisions: ReadonlyMap<string, number>, reuse: boolean): Promise<void> {
  const { store } = context;
  const spentBy = reuse ? (await store.devices.find(request.uuid))?.spentBy : undefined;
  if (await store.devices.setSpentBy(request.uuid, spentBy, request.id)) {
    for (const other of (await store.requests.openOf(request.uuid)).filter(isUnproven)) {
      await supersede(context, other, revisions);
    }
  } else if (request.grantId !== undefined) {
    await revokeGrant(context, request.grantId, revisions.get(request.apId)!, 'pass_tmp already used');
  }
}

async function supersede(
  context: ServiceContext,
  earlier: AccessRequest,
  revisions: ReadonlyMap<string, number>,
): Promise<void> {
  const revision = revisions.get(earlier.apId) ?? (await context.store.accessPoints.nextRevision(earlier.apId));
  if (mayFollow(earlier.status, 'expired')) {
    await closeRequest(context, earlier, revision, { status: 'expired', reason: 'asked again' });
  }
  if (earlier.grantId !== undefined) {
    await revokeGrant(context, earlier.grantId, revision, 'asked again');
  }
}

async function denyRivals(context: ServiceContext, rivals: readonly AccessRequest[], revisions: ReadonlyMap<string, number>): Promise<void> {
  for (const rival of rivals) {
    const revision = revisions.get(rival.apId);
    // One that came since the locks were taken stays pending and is denied at its own approval: the pass_tmp is spent.
    if (revision !== undefined) {
      await closeRequest(context, rival, revision, { status: 'denied', by: 'superseded', reason: 'approved elsewhere' });
    }
  }
}
