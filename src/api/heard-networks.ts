import { Buffer } from 'node:buffer';
import { heardSecurities, mostHeard, type HeardNetwork } from '../domain/heard-network.ts';
import { base64url } from '../protocol/encoding.ts';
import { mac, object, oneOf, type Static } from './schema.ts';
import { present } from './wire.ts';

/** 1 to 32 bytes; not every string of the right length has one that is written so. */
export const ssidBytesSchema = { type: 'string', minLength: 2, maxLength: 43, pattern: '^[A-Za-z0-9_-]+$', description: 'The bytes of an SSID, in base64url.' } as const;

/** Of a single radio. */
export const bssid = { ...mac, pattern: '^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$', description: 'The address of a radio (BSSID).' } as const;

const signal = { type: 'integer', minimum: -200, maximum: 50, description: 'In dBm.' } as const;
const frequency = { type: 'integer', minimum: 1, maximum: 1_000_000, description: 'In MHz.' } as const;
const age = { type: 'integer', minimum: 0, maximum: 86_400_000, description: 'How long before it was handed over it was last heard, in milliseconds.' } as const;

/** What a radio heard of one network. Members of others are passed over, so that the next program's scans are read, too. */
export const heardNetworkSchema = object(
  'HeardNetwork',
  { bssid, ssid: { ...ssidBytesSchema, minLength: 0, pattern: '^[A-Za-z0-9_-]*$', description: 'Its bytes in base64url; empty: hidden.' }, security: oneOf(heardSecurities), age_ms: age },
  { signal_dbm: signal, frequency_mhz: frequency },
);
export type HeardNetworkWire = Static<typeof heardNetworkSchema>;

/** A scan. */
export const heardNetworksSchema = { type: 'array', items: heardNetworkSchema, maxItems: mostHeard } as const;

export function heardNetworkToWire({ bssid: address, ssid, signalDbm, frequencyMhz, security, ageMs }: HeardNetwork): HeardNetworkWire {
  return present({
    bssid: address, ssid: ssidToWire(ssid), security, age_ms: Math.round(ageMs),
    signal_dbm: signalDbm === undefined ? undefined : Math.round(signalDbm), frequency_mhz: frequencyMhz,
  });
}

export function heardNetworkFromWire(wire: HeardNetworkWire): HeardNetwork {
  return {
    bssid: wire.bssid,
    ssid: ssidFromWire(wire.ssid),
    signalDbm: wire.signal_dbm,
    frequencyMhz: wire.frequency_mhz,
    security: wire.security,
    ageMs: wire.age_ms,
  };
}

export function ssidToWire(ssid: Uint8Array): string {
  return base64url(ssid);
}

export function ssidFromWire(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64url'));
}
