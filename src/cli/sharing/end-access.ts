import { isInForce, type Grant } from '../../domain/grant.ts';
import type { Amount } from '../../domain/money.ts';
import { endReasons, type ShareRequest } from '../../domain/share-request.ts';
import { bytesOf } from '../../roles/sharing/counting.ts';
import type { SharingRole, Usage } from '../../roles/sharing/ports.ts';
import { unusedOf } from '../../roles/sharing/unused.ts';
import { over } from '../../roles/guest/buying.ts';
import { roleDestinationName, secretStore, type RoleFlags } from '../destination.ts';
import { systemClock } from '../local-registry.ts';
import { openSharing, type Opening } from '../open-role.ts';
import { moneyForPeople } from '../present/money.ts';
import { StoredGuestKeys } from './guest-keys.ts';
import { purchasesOf } from './guest-requests.ts';
import { PurchaseFile } from './purchase-file.ts';

/** What would go back if the guest ended it now, by what is known of its use. */
export async function wouldGoBack(sharing: Pick<SharingRole, 'requests'>, { request, grant, guest, sharer, used }: Usage): Promise<Amount> {
  const now = systemClock.now();
  const paid = (await purchasesOf(sharing, request)).filter(({ state }) => state === 'active');
  const ended = paid.map((each) => ({ ...each, endedAt: now, reason: endReasons.byGuest }));
  const closed: Grant = { ...grant, closedAt: now };
  const back = unusedOf(ended, closed, { agent: guest === undefined && sharer === undefined ? used : undefined, guest, sharer });
  return { ...request.fee, minor: back.reduce((sum, { minor }) => sum + minor, 0n) };
}

/** The question before it is ended. */
export async function endQuestion(sharing: Pick<SharingRole, 'requests' | 'usage'>, request: ShareRequest): Promise<string> {
  const usage = await sharing.usage(request.id);
  const isOn = isInForce(usage.grant, systemClock.now());
  const unused = request.tariff.refund === 'none' && bytesOf(usage.used) > 0n;
  const back = await wouldGoBack(sharing, usage);
  const money = unused || back.minor === 0n ? 'Nothing goes back, by the tariff.' : `About ${moneyForPeople(back)} go back.`;
  return `${isOn ? 'End the access now? You are off the network then.' : 'End it now?'} ${money}`;
}

/** Gives a request up before it is paid, and throws away what this machine has of it. Errors: as `SharingRole.cancel`. */
export async function cancelRequest(requestId: string, flags: RoleFlags, opening: Opening): Promise<ShareRequest> {
  const sharing = await openSharing(flags, opening);
  const cancelled = await sharing.cancel(requestId);
  const journal = new PurchaseFile();
  const at = roleDestinationName('terminal', flags);
  const purchase = (await journal.all()).find((each) => each.requestId === requestId && each.at === at);
  if (purchase !== undefined) {
    await over({ journal, keys: new StoredGuestKeys(await secretStore(opening.sources)) }, purchase);
  }
  return cancelled;
}
