import type { HeardSecurity } from '../../domain/heard-network.ts';

/** A way by which a network lets in (its AKMs, IEEE 802.11, 9.4.2.24.3), without its variants. */
export type WayIn = 'psk' | 'sae' | 'owe' | 'enterprise' | 'other';

export interface AnnouncedSecurity {
  /** The capability bit: it encrypts somehow. */
  readonly isPrivate: boolean;
  /** Of its WPA element; undefined if it has none. */
  readonly wpa: readonly WayIn[] | undefined;
  /** Of its RSN element. */
  readonly rsn: readonly WayIn[] | undefined;
}

/** One that still takes WPA beside WPA2 counts as WPA2. */
export function heardSecurity({ isPrivate, wpa, rsn }: AnnouncedSecurity): HeardSecurity {
  const ways = rsn ?? wpa;
  if (ways === undefined) {
    return isPrivate ? 'wep' : 'open';
  }
  const has = (way: WayIn) => ways.includes(way);
  if (has('enterprise')) {
    return 'enterprise';
  }
  if (rsn === undefined) {
    return has('psk') ? 'wpa' : 'other';
  }
  return has('sae') ? (has('psk') ? 'wpa2-psk+wpa3-sae' : 'wpa3-sae') : has('psk') ? 'wpa2-psk' : has('owe') ? 'owe' : 'other';
}
