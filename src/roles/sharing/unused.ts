import { noUsage, timeUpAt, type Grant, type GrantUsage } from '../../domain/grant.ts';
import type { Quantity } from '../../domain/quantity.ts';
import { complaintMs, endReasons, type ShareRequest } from '../../domain/share-request.ts';
import { refundOf, type Tariff } from '../../domain/tariff.ts';
import { bytesOf, countedUsage, isUnused, type Count } from './counting.ts';

/** Of what request what goes back, in minor units of its fee. */
export interface Back {
  readonly request: ShareRequest;
  readonly minor: bigint;
}

/**
 * What goes back of the purchases of a grant that is over, newest first: what was bought last is used last. The guest
 * that ends it gets what the tariff says, as it does of what is used up. Who is put off the air, and who was told of
 * another key, gets all that is not used; of what has no limit that is all. Of what brought nothing from the beginning all goes back.
 */
export function unusedOf(purchases: readonly ShareRequest[], grant: Grant, count: Count): Back[] {
  const access = purchases.find(({ kind }) => kind === 'access')!;
  const isAll = isUndelivered(access, count);
  const byRule = [endReasons.byGuest, endReasons.givenUp, endReasons.usedUp].some((reason) => reason === access.reason);
  // Anybody can say that a key was another: that alone makes nothing free that was used.
  const isPutOff = !byRule && access.reason !== endReasons.keyMismatch;
  // A guest that was put off the air may have no way to bring its count: it is not held to have used all.
  let left = leftOf(access, grant, countedUsage(count) ?? (byRule ? undefined : (count.sharer ?? noUsage)));
  return purchases.map((request) => {
    const { bought, fee, tariff } = request;
    if (isAll || (bought === 'unlimited' && isPutOff)) {
      return { request, minor: fee.minor };
    }
    if (bought === 'unlimited' || left === undefined) {
      return { request, minor: 0n };
    }
    const unused = { metric: bought.metric, size: left.size < bought.size ? left.size : bought.size };
    left = { ...left, size: left.size - unused.size };
    const rule: Tariff = byRule || tariff.kind === 'unlimited' ? tariff : { ...tariff, refund: 'unused' };
    return { request, minor: refundOf(rule, { used: fee, bought }, unused).minor };
  });
}

/** Nobody got anything: its guest ended it at once, or was told of another key, and its sharer has counted nothing either. */
export function isUndelivered({ reason, paidAt, endedAt }: ShareRequest, count: Count): boolean {
  const isAtOnce = paidAt === undefined || (endedAt !== undefined && endedAt.getTime() < paidAt.getTime() + complaintMs);
  // Who is told of another key stops there: of nobody's counting it is not held to have used all.
  const isUncounted = count.agent === undefined && count.guest === undefined && count.sharer === undefined;
  const isMismatch = reason === endReasons.keyMismatch;
  return isAtOnce && ((isMismatch && isUncounted) || ((isMismatch || reason === endReasons.byGuest || reason === endReasons.givenUp) && isUnused(count)));
}

/** Undefined where there was no limit, or nothing says how much was used. */
function leftOf({ paidAt, quantity }: ShareRequest, grant: Grant, used: GrantUsage | undefined): Quantity | undefined {
  const { closedAt, quotaBytes, allowedMs } = grant;
  if (quotaBytes !== undefined) {
    return used && { metric: 'traffic', size: most(0n, quotaBytes - bytesOf(used)) };
  }
  if (paidAt === undefined) {
    // Its time did not run yet.
    return used && quantity !== 'unlimited' ? { metric: 'time', size: most(0n, quantity.size - BigInt(used.seconds * 1000)) } : undefined;
  }
  const upAt = timeUpAt(grant);
  return allowedMs === undefined || upAt === undefined || closedAt === undefined
    ? undefined
    : { metric: 'time', size: most(0n, BigInt(upAt.getTime() - closedAt.getTime())) };
}

function most(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}
