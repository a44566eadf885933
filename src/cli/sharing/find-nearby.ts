import { LatchkeyError } from '../../domain/errors.ts';
import type { HeardNetwork } from '../../domain/heard-network.ts';
import { isHeardNearby, textIn } from '../../domain/nearby.ts';
import { isValidAt } from '../../domain/network-message.ts';
import type { MessageText, NetworkMessage } from '../../domain/network.ts';
import { isServerAway } from '../../domain/server-away.ts';
import type { ListedNetwork, NetworksRole } from '../../roles/networks/ports.ts';
import type { MatchingListFile } from './matching-list.ts';

export interface NearbyNetwork {
  readonly network: ListedNetwork;
  /** Those of its registered radios that are heard, the strongest first. */
  readonly heard: readonly HeardNetwork[];
  readonly isJoined: boolean;
  /** Of the network that this machine is on, in the wanted language, if it is to be shown now. */
  readonly message: (MessageText & { readonly version: number }) | undefined;
}

export interface FoundNearby {
  readonly items: readonly NearbyNetwork[];
  /** When the list that it was matched by was fetched; undefined where the server matched. */
  readonly listedAt: Date | undefined;
  /** Why the server did not, though it was to. */
  readonly away: LatchkeyError | undefined;
}

export interface FindingNearby {
  readonly heard: readonly HeardNetwork[];
  /** The radio that this machine is connected to. */
  readonly joined: string | undefined;
  readonly language: string | undefined;
  /** Shows also what was shown before. */
  readonly again: boolean;
  readonly list: MatchingListFile;
  /** Undefined where nobody is to be asked. */
  readonly networks: Pick<NetworksRole, 'nearby'> | undefined;
  readonly now: Date;
}

/**
 * Matches what is heard with registered radios: at the server, or by the list on this machine if nobody is to be asked or
 * the server is away. The message of the network that was joined is in the result until it is marked as shown.
 * Errors: `missing_input` without a list; those of the server.
 */
export async function findNearby(finding: FindingNearby): Promise<FoundNearby> {
  const { networks, heard } = finding;
  if (networks === undefined) {
    return matchHere(finding, undefined);
  }
  try {
    const matched = await networks.nearby(heard);
    return { items: matched.map(({ network, message }) => nearby(network, message, finding)), listedAt: undefined, away: undefined };
  } catch (error) {
    if (isServerAway(error) && finding.list.read().syncedAt !== undefined) {
      return matchHere(finding, error);
    }
    throw error;
  }
}

function matchHere(finding: FindingNearby, away: LatchkeyError | undefined): FoundNearby {
  const { list, heard } = finding;
  const { networks: listed, syncedAt } = list.read();
  if (syncedAt === undefined) {
    throw new LatchkeyError('missing_input', 'There is no list of networks on this machine yet.', { hint: 'Fetch it while the server can be reached: `latchkey share nearby --sync`.' });
  }
  const addresses = new Set(heard.map(({ bssid }) => bssid));
  const matched = listed.filter(({ bssids }) => isHeardNearby(bssids, addresses));
  const items = matched.map((network) => nearby(network, undefined, finding));
  return { items, listedAt: syncedAt, away };
}

function nearby(network: ListedNetwork, message: NetworkMessage | undefined, { heard, joined, language, again, list, now }: FindingNearby): NearbyNetwork {
  const radios = heard.filter(({ bssid }) => network.bssids.includes(bssid)).toSorted((one, other) => (other.signalDbm ?? -Infinity) - (one.signalDbm ?? -Infinity) || 0);
  const isJoined = joined !== undefined && network.bssids.includes(joined);
  const isDue = isJoined && message !== undefined && isValidAt(message, now) && (again || !list.wasShown(network.networkId, message.version));
  return { network, heard: radios, isJoined, message: isDue ? { ...textIn(message, language), version: message.version } : undefined };
}
