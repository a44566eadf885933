import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { LatchkeyError } from '../../domain/errors.ts';
import { quantityText } from '../../domain/quantity.ts';
import type { ShareRequest } from '../../domain/share-request.ts';
import type { EventsRole } from '../../roles/events/ports.ts';
import type { GuestOrder, GuestPurchase } from '../../roles/guest/ports.ts';
import type { SharingRole } from '../../roles/sharing/ports.ts';
import { roleDestinationName, secretStore, type RoleFlags } from '../destination.ts';
import { systemClock } from '../local-registry.ts';
import { openEvents, openSharing, type Opening } from '../open-role.ts';
import { paths } from '../paths.ts';
import { StoredGuestKeys } from './guest-keys.ts';
import { PurchaseFile } from './purchase-file.ts';

/** This machine as a guest: its role at the server or here, its keys in the secret store, its journal in the state folder. */
export interface OpenedGuest {
  readonly sharing: SharingRole;
  readonly events: EventsRole;
  readonly journal: PurchaseFile;
  readonly keys: StoredGuestKeys;
  /** The server's name, by which purchases at another one are told apart. */
  readonly at: string;
}

export async function openGuest(flags: RoleFlags, opening: Opening): Promise<OpenedGuest> {
  const [sharing, events, store] = await Promise.all([openSharing(flags, opening), openEvents(flags, opening), secretStore(opening.sources)]);
  return { sharing, events, journal: new PurchaseFile(), keys: new StoredGuestKeys(store), at: roleDestinationName('terminal', flags) };
}

/** What was written down of a request. Errors: `share_request_not_found`. */
export async function purchaseOf({ journal, at }: Pick<OpenedGuest, 'journal' | 'at'>, requestId: string): Promise<GuestPurchase> {
  const found = (await journal.all()).find((purchase) => purchase.requestId === requestId && purchase.at === at);
  if (found === undefined) {
    throw new LatchkeyError('share_request_not_found', `Request ${requestId} was not made on this machine: it has no keys for it.`);
  }
  return found;
}

/** The one under this key, else the one of this order that is not over, else a new one. Errors: `idempotency_mismatch`. */
export async function purchaseFor({ journal, at }: Pick<OpenedGuest, 'journal' | 'at'>, order: GuestOrder, key: string | undefined): Promise<GuestPurchase & { readonly isNew: boolean }> {
  const all = await journal.all();
  const found = key === undefined
    ? all.findLast((purchase) => !purchase.isOver && purchase.at === at && textOf(purchase.order) === textOf(order))
    : all.find((purchase) => purchase.key === key);
  if (found !== undefined) {
    if (textOf(found.order) !== textOf(order) || found.at !== at) {
      throw new LatchkeyError('idempotency_mismatch');
    }
    return { ...found, isNew: false };
  }
  const begun = await journal.begin({ key: key ?? randomBytes(16).toString('base64url'), at, order, begunAt: systemClock.now() });
  return { ...begun, isNew: true };
}

function textOf(order: GuestOrder): string {
  const of = order.kind === 'access' ? [order.offerId, order.account ?? ''] : [order.accessId];
  return JSON.stringify([order.kind, quantityText(order.quantity), ...of]);
}

/** Keeps other processes of this machine away from a purchase meanwhile. Errors: `wallet_busy`. */
export function withPurchase<T>({ key }: Pick<GuestPurchase, 'key'>, work: () => Promise<T>): Promise<T> {
  return exclusively(key, work, 'Another process goes on with this purchase.');
}

/** One process counts what is used of an access: counts of two would be added up. Errors: `wallet_busy`. */
export function withUse<T>({ id }: Pick<ShareRequest, 'id'>, work: () => Promise<T>): Promise<T> {
  return exclusively(`${id}.use`, work, 'Another process counts what is used of it.');
}

async function exclusively<T>(name: string, work: () => Promise<T>, refusal: string): Promise<T> {
  const { withLock } = await import('../../secrets/lock.ts');
  return withLock(join(paths().state, 'share', `${name}.lock`), work, { patienceMs: 1000, refusal: () => new LatchkeyError('wallet_busy', refusal) });
}
