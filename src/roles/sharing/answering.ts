import { parseDescription } from '../../domain/device.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { timeUpAt } from '../../domain/grant.ts';
import { quantityText, type Quantity } from '../../domain/quantity.ts';
import { collectMs, endReasons, unpaidStates, type ShareRequest } from '../../domain/share-request.ts';
import { checkSealedFor } from '../../protocol/access-code.ts';
import { auditEntry, newId, type ServiceContext } from '../service-context.ts';
import { isCounted } from './counting.ts';
import { expire, giveUp, paidOrGivenBack } from './giving-up.ts';
import { grantFor, lengthen } from './granting.ts';
import { captureHold } from './holding.ts';
import type { News } from './news.ts';
import { over } from './parties.ts';
import { inTransaction, move } from './transition.ts';

/** The sharer's answers; each said once more is as good as the first. */

/** Errors: `network_not_valid`, `share_request_over`. */
export async function approve(context: ServiceContext, request: ShareRequest): Promise<ShareRequest> {
  if (['approved', 'ready', 'active', 'ending', 'ended'].includes(request.state)) {
    return request;
  }
  if (request.kind === 'access') {
    return inTransaction(context, (within) => approveAccess(within, request));
  }
  const approved = await paidOrGivenBack(context, request.id, () => inTransaction(context, (within, news) => approveIncrease(within, request, news)));
  if (approved === undefined) {
    throw over(await expire(context, request.id, endReasons.grantOver, ['held']));
  }
  return approved;
}

async function approveAccess(context: ServiceContext, request: ShareRequest): Promise<ShareRequest> {
  const { store, clock } = context;
  const network = await store.networks.find(request.networkId);
  if (network?.state !== 'valid') {
    throw new LatchkeyError('network_not_valid', `Network ${request.networkId} is not proven any more.`);
  }
  const { apId } = network;
  const revision = await store.accessPoints.nextRevision(apId);
  const id = newId(context, 'grt');
  const approved = await move(context, request, ['held'], { state: 'approved', apId, grantId: id });
  if (approved === undefined) {
    throw over((await store.shareRequests.find(request.id))!);
  }
  const ssid = (await store.accessPoints.find(apId))?.ssid ?? '';
  await store.grants.insert(grantFor(approved, { id, ssid, now: clock.now(), revision, isCounted: await isCounted(store, apId) }));
  await store.audit.append(auditEntry(context, { action: 'grant.created', apId, detail: { grant_id: id, share_request_id: request.id } }));
  return approved;
}

/** Undefined if what is to be increased is over. */
async function approveIncrease(context: ServiceContext, request: ShareRequest, news: News): Promise<ShareRequest | undefined> {
  const { store, clock } = context;
  const revision = await store.accessPoints.nextRevision(request.apId);
  const access = (await store.shareRequests.find(request.accessId))!;
  const more = request.quantity as Quantity;
  const isActive = access.state === 'active' && request.state === 'held';
  const grant = isActive ? await lengthen(context, access.grantId!, more, revision) : undefined;
  if (grant === undefined) {
    return undefined;
  }
  const active = await move(context, request, ['held'], { state: 'active', dueAt: undefined, paidAt: clock.now() });
  if (active === undefined) {
    throw over((await store.shareRequests.find(request.id))!);
  }
  await store.shareRequests.change(access.id, ['active'], { state: 'active', dueAt: timeUpAt(grant) });
  await captureHold(context, active);
  news.add('guest', 'increase.granted', active, { quantity: quantityText(more) });
  return active;
}

/** What is held goes back. Errors: `share_request_over`. */
export function refuse(context: ServiceContext, request: ShareRequest, reason?: string): Promise<ShareRequest> {
  const why = reason === undefined ? undefined : parseDescription(reason, 'reason');
  return giveUp(context, request.id, {
    state: 'refused',
    from: ['priced', ...unpaidStates],
    reason: why,
    tell: (news, refused) => news.add('guest', 'request.refused', refused, why === undefined ? {} : { reason: why }),
  });
}

/** Brings the access code. Errors: `access_code_invalid`, `share_request_over`. */
export async function respond(context: ServiceContext, request: ShareRequest, sealed: string): Promise<ShareRequest> {
  checkSealedFor(sealed, request.id);
  return inTransaction(context, async (within, news) => {
    const { store, clock } = within;
    const dueAt = new Date(clock.now().getTime() + collectMs);
    const ready = request.kind === 'access' ? await move(within, request, ['approved'], { state: 'ready', dueAt }) : undefined;
    if (ready === undefined) {
      const found = (await store.shareRequests.find(request.id))!;
      if ((await store.shareRequests.code(request.id)) !== sealed) {
        throw over(found);
      }
      return found;
    }
    await store.shareRequests.putCode(request.id, sealed);
    news.add('guest', 'response.ready', ready, { expires_at: dueAt.toISOString() });
    return ready;
  });
}
