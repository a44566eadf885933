import { roleDestinationName, type RoleFlags } from '../destination.ts';
import { systemClock } from '../local-registry.ts';
import { openNetworks, type Opening } from '../open-role.ts';
import { nearbyToWire, type NearbyWire } from '../present/nearby.ts';
import { findNearby } from './find-nearby.ts';
import { hear, type HearingFlags } from './heard.ts';
import { MatchingListFile } from './matching-list.ts';
import { ownLanguage } from './message-input.ts';

export interface NearbyFlags extends RoleFlags, HearingFlags {
  readonly offline: boolean;
  readonly sync: boolean;
  readonly joined?: string | undefined;
  readonly again: boolean;
  readonly lang?: string | undefined;
}

export interface LookingNearby extends Opening {
  readonly signal: AbortSignal;
  readonly emit: (result: NearbyWire) => Promise<void>;
  readonly caution: (text: string) => Promise<void>;
}

/** Looks, and has the result printed; what was printed counts as shown. Errors: those of `hear`, `findNearby` and the server. */
export async function lookNearby(flags: NearbyFlags, { signal, emit, caution, ...opening }: LookingNearby): Promise<void> {
  const list = new MatchingListFile(roleDestinationName('terminal', flags));
  const now = systemClock.now();
  if (flags.sync) {
    const { networks, syncedAt } = await list.synchronise(await openNetworks(flags, opening), now);
    await emit({ items: [], list: { synced_at: (syncedAt ?? now).toISOString(), networks: networks.length } });
    return;
  }
  const heard = await hear(flags, signal);
  const found = await findNearby({
    heard,
    joined: flags.joined ?? (await connected(flags, signal)),
    language: flags.lang ?? ownLanguage(),
    again: flags.again,
    list,
    networks: flags.offline ? undefined : await openNetworks(flags, opening),
    now,
  });
  if (found.away !== undefined) {
    await caution(`The server cannot be asked (${found.away.message.replace(/\.$/, '')}); the list on this machine is all there is, and no messages.`);
  }
  const kept = found.listedAt === undefined ? undefined : { syncedAt: found.listedAt, networks: list.read().networks };
  await emit(nearbyToWire(found, kept));
  for (const { network, message } of found.items) {
    if (message !== undefined) list.markShown(network.networkId, message.version);
  }
}

/** Of a scan that was made elsewhere nobody knows it. It is no reason to show nothing. */
async function connected({ scan, interface: name }: HearingFlags, signal: AbortSignal): Promise<string | undefined> {
  if (scan !== undefined) {
    return undefined;
  }
  const { connectedRadio } = await import('../../radio/station/scan.ts');
  return connectedRadio({ interface: name, signal }).catch(() => {
    signal.throwIfAborted();
    return undefined;
  });
}
