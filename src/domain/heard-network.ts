// What a radio hears of the networks around it. Names are bytes (IEEE 802.11, 9.4.2.2): whoever is on the air chooses them.

/** How a network says that it is secured, as far as others can tell: by the AKMs of its beacon. `hidden` names nothing. */
export const heardSecurities = ['open', 'owe', 'wep', 'wpa', 'wpa2-psk', 'wpa2-psk+wpa3-sae', 'wpa3-sae', 'enterprise', 'other'] as const;
export type HeardSecurity = (typeof heardSecurities)[number];

export interface HeardNetwork {
  readonly bssid: string;
  /** 0 to 32 bytes; none is a hidden name. */
  readonly ssid: Uint8Array;
  /** dBm; undefined where the source does not say. */
  readonly signalDbm: number | undefined;
  readonly frequencyMhz: number | undefined;
  readonly security: HeardSecurity;
  /** How long before the scan was handed over it was last heard, in milliseconds. */
  readonly ageMs: number;
}

/** More in one scan are a mistake. */
export const mostHeard = 500;
export const mostSsidBytes = 32;

export function sameSsid(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
