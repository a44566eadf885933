import { bssid, ssidBytesSchema, ssidToWire } from '../../api/heard-networks.ts';
import { arrayOf, boolean, count, id, instant, object, remark, type Static } from '../../api/schema.ts';
import { instantToWire, present } from '../../api/wire.ts';
import type { FoundNearby, NearbyNetwork } from '../sharing/find-nearby.ts';
import { nameOf, presentText } from './networks.ts';
import type { Screen } from './screen.ts';
import { table } from './table.ts';
import { age } from './time.ts';

const words = { type: 'string' } as const;

export const nearbySchema = object(
  'Nearby',
  {
    items: arrayOf(object(
      'NearbyNetwork',
      { network_id: id, ssid: ssidBytesSchema, bssids: arrayOf(bssid), heard: arrayOf(bssid), joined: boolean },
      { signal_dbm: { type: 'integer' }, message: object('ShownMessage', { version: count, language: words, text: words }, { link: words }) },
    )),
  },
  { list: object('MatchingList', { synced_at: instant, networks: count }), away: remark },
);
export type NearbyWire = Static<typeof nearbySchema>;
type ItemWire = NearbyWire['items'][number];

export function nearbyToWire({ items, away }: FoundNearby, list: { readonly syncedAt: Date; readonly networks: readonly unknown[] } | undefined): NearbyWire {
  return present({ items: items.map(itemToWire), list: list && { synced_at: instantToWire(list.syncedAt), networks: list.networks.length }, away: away?.message });
}

function itemToWire({ network, heard, isJoined, message }: NearbyNetwork): ItemWire {
  return present({
    network_id: network.networkId,
    ssid: ssidToWire(network.ssid),
    bssids: [...network.bssids],
    heard: heard.map(({ bssid: address }) => address),
    joined: isJoined,
    signal_dbm: heard[0]?.signalDbm,
    message: message && present(message),
  });
}

export function presentNearby({ items, list }: NearbyWire, screen: Screen): string {
  const listed = list === undefined ? [] : [screen.style.dim(`By the list of ${list.networks} ${list.networks === 1 ? 'network' : 'networks'} that was fetched ${age(list.synced_at, new Date())} ago.`)];
  if (items.length === 0) {
    return ['No registered network is heard.', ...listed].join('\n');
  }
  const text = table(
    items,
    [
      { title: 'NETWORK', cell: ({ network_id }) => network_id },
      { title: 'NAME', cell: ({ ssid }) => nameOf(ssid) },
      { title: 'SIGNAL', cell: ({ signal_dbm: signal }) => (signal === undefined ? undefined : `${signal} dBm`) },
      { title: 'RADIOS', cell: ({ heard, bssids }) => `${heard.length} of ${bssids.length}` },
      { title: 'JOINED', cell: ({ joined }) => (joined ? 'yes' : undefined) },
    ],
    screen,
  );
  const messages = items.flatMap(({ message }) => (message === undefined ? [] : [presentText(message)]));
  return [text, ...messages, ...listed].join('\n\n');
}
