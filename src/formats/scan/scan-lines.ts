import { parseBssid } from '../../domain/bssid.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { mostHeard, type HeardNetwork } from '../../domain/heard-network.ts';

/** `line` counts from 1. */
export function malformed(line: number, reason: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('scan_malformed', `Line ${line}: ${reason}.`, { cause });
}

/** Of a radio that was heard by several names: the last one, or each. */
export type WhichNames = 'last' | 'each';

/**
 * What a program printed. Of more than may be in a scan the strongest stay: whoever is on the air can be as many as he
 * likes.
 */
export function strongest(heard: readonly HeardNetwork[], names: WhichNames): HeardNetwork[] {
  const once = latest(heard, names);
  const signal = ({ signalDbm }: HeardNetwork) => signalDbm ?? -Infinity;
  return once.length <= mostHeard ? once : once.toSorted((one, other) => signal(other) - signal(one) || 0).slice(0, mostHeard);
}

/** Each as it was heard last, and of those heard at once as it is named first. */
export function latest(heard: readonly HeardNetwork[], names: WhichNames): HeardNetwork[] {
  const known = new Map<string, HeardNetwork>();
  for (const network of heard) {
    const key = names === 'last' ? network.bssid : `${network.bssid} ${network.ssid.join()}`;
    const before = known.get(key);
    if (before === undefined || network.ageMs < before.ageMs) {
      known.set(key, network);
    }
  }
  return [...known.values()];
}

/** What cannot be, or is 0 for want of knowing it, is not known. */
export function signalOf(dbm: number | undefined): number | undefined {
  return dbm !== undefined && dbm >= -200 && dbm <= 50 ? dbm : undefined;
}

export function frequencyOf(mhz: number | undefined): number | undefined {
  return mhz === 0 ? undefined : mhz;
}

/** Undefined for the address of no single radio, which a transmitter can make up as well. */
export function radioOf(address: string): string | undefined {
  try {
    return parseBssid(address);
  } catch {
    return undefined;
  }
}

/** Names of nothing but NUL are those of hidden networks, as some access points write them. */
export function withoutHidden(ssid: Uint8Array): Uint8Array {
  return ssid.every((byte) => byte === 0) ? new Uint8Array() : ssid;
}
