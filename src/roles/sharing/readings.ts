import { LatchkeyError } from '../../domain/errors.ts';
import { noUsage } from '../../domain/grant.ts';
import { readingSkewMs, type MeterReading, type MeterSide } from '../../domain/meter.ts';
import { quantityText, type Quantity } from '../../domain/quantity.ts';
import type { ShareRequest } from '../../domain/share-request.ts';
import { verifyReading } from '../../protocol/meter-reading.ts';
import type { ServiceContext } from '../service-context.ts';
import { collect, isUse } from './collecting.ts';
import { countOf, usageSoFar } from './counting.ts';
import { over, type Seen } from './parties.ts';
import type { Usage } from './ports.ts';
import { settle } from './settlement.ts';
import { inTransaction } from './transition.ts';

/** Takes what one side has counted. Errors: as `SharingRole.read`. */
export async function takeReading(context: ServiceContext, { request, sides }: Seen, reading: Omit<MeterReading, 'side' | 'grantId'>): Promise<void> {
  const { store } = context;
  if (request.kind !== 'access' || request.grantId === undefined || !['ready', 'active', 'ending'].includes(request.state)) {
    throw over(request);
  }
  const now = context.clock.now();
  if (Math.abs(reading.at.getTime() - now.getTime()) > readingSkewMs) {
    throw new LatchkeyError('clock_wrong', `The meter was read at ${reading.at.toISOString()} by its own clock, and it is ${now.toISOString()} by the server’s.`);
  }
  const read = await signedBy(context, request, sides, reading);
  await store.shareRequests.read(read, request.networkId);
  if (request.state === 'ready' && read.side === 'sharer' && isUse(read)) {
    await collect(context, request);
  }
  if (request.state === 'ending') {
    const { guest, sharer } = await store.shareRequests.readings(request.grantId);
    // Of what its guest has given up uncollected there may be no reading of the guest's.
    if (sharer?.isFinal === true && (guest?.isFinal === true || request.paidAt === undefined)) await settle(context, request.id);
  }
}

/** As the side whose key has signed it. */
async function signedBy(context: ServiceContext, request: ShareRequest, sides: readonly MeterSide[], reading: Omit<MeterReading, 'side' | 'grantId'>): Promise<MeterReading> {
  let wrong: unknown;
  for (const side of sides) {
    const read = { ...reading, side, grantId: request.grantId! };
    const key = side === 'guest' ? request.meterKey : (await context.store.networks.find(request.networkId))?.meterKey;
    try {
      if (key === undefined) throw new LatchkeyError('signature_invalid', 'The network has no meter key yet.');
      verifyReading(read, key);
      return read;
    } catch (error) {
      wrong = error;
    }
  }
  throw wrong;
}

/** Errors: `share_request_over`. */
export async function warnLow(context: ServiceContext, request: ShareRequest, { threshold, left }: { readonly threshold: string; readonly left: Quantity }): Promise<void> {
  if (request.state !== 'active') {
    throw over(request);
  }
  await inTransaction(context, async (within, news) => {
    const { store, clock } = within;
    const grant = (await store.grants.find(request.grantId!))!;
    // Of more it is another threshold.
    const of = `${threshold} of ${grant.quotaBytes ?? grant.allowedMs ?? 'all'}`;
    if (await store.shareRequests.noteWarning(request.id, of, clock.now())) {
      news.add('guest', 'quota.low', request, { threshold, remaining: quantityText(left) });
    }
  });
}

/** Errors: `grant_not_found` while there is none. */
export async function usageOf({ store }: ServiceContext, request: ShareRequest): Promise<Usage> {
  const grant = request.grantId === undefined ? undefined : await store.grants.find(request.grantId);
  if (grant === undefined) {
    throw new LatchkeyError('grant_not_found', `Request ${request.id} has no grant yet.`);
  }
  const count = await countOf(store, grant);
  return { request, grant, guest: count.guest, sharer: count.sharer, used: usageSoFar(count) ?? noUsage };
}
