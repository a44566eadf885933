import { LatchkeyError } from '../../domain/errors.ts';
import { openStates, type ShareRequest, type ShareRequestState } from '../../domain/share-request.ts';
import type { ShareRequestFilter, SharingRole } from '../../roles/sharing/ports.ts';
import { systemClock } from '../local-registry.ts';
import { shownUsageToWire, type ShownUsageWire } from '../present/share-access.ts';

const pageSize = 200;

/** All of a list, newest first. */
export async function* allRequests(sharing: Pick<SharingRole, 'requests'>, filter: ShareRequestFilter): AsyncGenerator<ShareRequest, void> {
  let after: string | undefined;
  do {
    const page = await sharing.requests(filter, { after, limit: pageSize });
    yield* page.items;
    after = page.next;
  } while (after !== undefined);
}

const inUse: readonly ShareRequestState[] = ['active', 'ending'];

/** The access that is meant: by its request's id, or this guest's only one in use. Errors: `share_request_not_found`, `missing_input`. */
export async function accessInUse(sharing: Pick<SharingRole, 'requests' | 'show'>, requestId: string | undefined, states = inUse): Promise<ShareRequest> {
  if (requestId !== undefined) {
    const request = await sharing.show(requestId);
    return request.kind === 'access' ? request : sharing.show(request.accessId);
  }
  const { items } = await sharing.requests({ side: 'guest', states }, { limit: pageSize });
  const [found, another] = items.filter(({ kind }) => kind === 'access');
  if (found === undefined) {
    throw new LatchkeyError('share_request_not_found', 'This terminal uses no shared network.');
  }
  if (another !== undefined) {
    throw new LatchkeyError('missing_input', 'This terminal uses several shared networks: say which by its request.', { hint: 'See `latchkey share history --guest`.' });
  }
  return found;
}

/** An access request and its increases, newest first. */
export async function purchasesOf(sharing: Pick<SharingRole, 'requests'>, access: Pick<ShareRequest, 'id' | 'networkId'>): Promise<readonly ShareRequest[]> {
  const found: ShareRequest[] = [];
  for await (const request of allRequests(sharing, { side: 'guest', networkId: access.networkId })) {
    if (request.accessId === access.id) found.push(request);
    if (request.id === access.id) break;
  }
  return found;
}

/** One request, and how far it is used once there is something to use. Errors: as `accessInUse`. */
export async function shownUsage(sharing: Pick<SharingRole, 'requests' | 'show' | 'usage'>, requestId: string | undefined): Promise<ShownUsageWire> {
  const request = requestId === undefined ? await accessInUse(sharing, undefined, openStates) : await sharing.show(requestId);
  const usage = request.grantId === undefined ? undefined : await sharing.usage(request.id);
  return shownUsageToWire(usage?.request ?? request, usage, systemClock.now());
}
