import { LatchkeyError } from '../../domain/errors.ts';
import type { Amount } from '../../domain/money.ts';
import { endReasons, type ShareRequest } from '../../domain/share-request.ts';
import { bytesOf } from '../../roles/sharing/counting.ts';
import type { SharingRole, Usage } from '../../roles/sharing/ports.ts';
import { unusedOf } from '../../roles/sharing/unused.ts';
import { over } from '../../roles/guest/buying.ts';
import type { GuestPurchase } from '../../roles/guest/ports.ts';
import { readFinally } from '../../roles/guest/using.ts';
import { roleDestinationName, secretStore, type RoleFlags } from '../destination.ts';
import { systemClock } from '../local-registry.ts';
import { openSharing, type Opening } from '../open-role.ts';
import { moneyForPeople } from '../present/money.ts';
import { StoredGuestKeys } from './guest-keys.ts';
import { purchasesOf } from './guest-requests.ts';
import { interfaceCounters } from './interface-counters.ts';
import { withUse } from './open-guest.ts';
import { PurchaseFile } from './purchase-file.ts';
import { UseFile } from './use-file.ts';

/** What would go back if the guest ended it now, by what was counted so far; undefined where nothing of its traffic was. */
async function wouldGoBack(sharing: Pick<SharingRole, 'requests'>, { request, grant, guest, sharer, used }: Usage): Promise<Amount | undefined> {
  const isCounted = guest !== undefined || bytesOf(used) > 0n;
  if (grant.quotaBytes !== undefined && !isCounted) {
    return undefined;
  }
  const now = systemClock.now();
  const paid = (await purchasesOf(sharing, request)).filter(({ state }) => state === 'active');
  const ended = paid.map((each) => ({ ...each, endedAt: now, reason: endReasons.byGuest }));
  const back = unusedOf(ended, { ...grant, closedAt: now }, { agent: guest === undefined ? used : undefined, guest, sharer });
  return { ...request.fee, minor: back.reduce((sum, { minor }) => sum + minor, 0n) };
}

/** The question before it is ended. */
export async function endQuestion(sharing: Pick<SharingRole, 'requests' | 'usage'>, request: ShareRequest): Promise<string> {
  const back = await wouldGoBack(sharing, await sharing.usage(request.id));
  const money = back === undefined
    ? 'What goes back is reckoned by what both sides have counted, and nothing was yet: `latchkey share use` counts this side.'
    : back.minor === 0n ? 'Nothing goes back, by the tariff.' : `By what was counted so far, ${moneyForPeople(back)} go back.`;
  return `End the access now? ${money}`;
}

/** Ends access, and brings what this machine has counted of it where no `share use` does. Errors: as `SharingRole.end`. */
export async function endAccess(sharing: SharingRole, access: ShareRequest, flags: RoleFlags, { sources, caution }: Opening & { readonly caution: (text: string) => Promise<void> }): Promise<ShareRequest> {
  const ended = await sharing.end(access.id);
  const purchase = await ownPurchase(access.id, flags);
  const kept = new UseFile(access.id);
  const name = (await kept.get()).meter?.interface;
  if (purchase === undefined || name === undefined || ended.state !== 'ending') {
    return ended;
  }
  try {
    const keys = await new StoredGuestKeys(await secretStore(sources)).get(purchase.key);
    if (keys !== undefined) {
      const meter = { interface: name, seed: keys.meterSeed, counters: () => interfaceCounters(name) };
      await withUse(access, () => readFinally({ sharing, kept, meter, clock: systemClock }, access.id));
    }
  } catch (error) {
    if (!(error instanceof LatchkeyError)) {
      throw error;
    }
    // Whoever follows it has counted, and brings it.
    if (error.code === 'wallet_busy') {
      return ended;
    }
    await caution(`What this side has counted could not be brought. ${error.message}`);
  }
  return sharing.show(access.id);
}

async function ownPurchase(requestId: string, flags: RoleFlags): Promise<GuestPurchase | undefined> {
  const at = roleDestinationName('terminal', flags);
  return (await new PurchaseFile().all()).find((each) => each.requestId === requestId && each.at === at);
}

/** Gives a request up before it is paid, and throws away what this machine has of it. Errors: as `SharingRole.cancel`. */
export async function cancelRequest(requestId: string, flags: RoleFlags, opening: Opening): Promise<ShareRequest> {
  const sharing = await openSharing(flags, opening);
  const cancelled = await sharing.cancel(requestId);
  const purchase = await ownPurchase(requestId, flags);
  if (purchase !== undefined) {
    await over({ journal: new PurchaseFile(), keys: new StoredGuestKeys(await secretStore(opening.sources)) }, purchase);
  }
  return cancelled;
}
