import { parseBssid } from '../../domain/bssid.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { mostHeard, type HeardNetwork } from '../../domain/heard-network.ts';

/** `line` counts from 1. */
export function malformed(line: number, reason: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('scan_malformed', `Line ${line}: ${reason}.`, { cause });
}

/**
 * What a program printed, once for each radio: as it was heard last, and of those heard at once as it is named first. Of
 * more than may be in a scan the strongest stay: whoever is on the air can be as many as he likes.
 */
export function strongest(heard: readonly HeardNetwork[]): HeardNetwork[] {
  const once = latest(heard);
  const signal = ({ signalDbm }: HeardNetwork) => signalDbm ?? -Infinity;
  return once.length <= mostHeard ? once : once.toSorted((one, other) => signal(other) - signal(one) || 0).slice(0, mostHeard);
}

export function latest(heard: readonly HeardNetwork[]): HeardNetwork[] {
  const byRadio = new Map<string, HeardNetwork>();
  for (const network of heard) {
    const known = byRadio.get(network.bssid);
    if (known === undefined || network.ageMs < known.ageMs) {
      byRadio.set(network.bssid, network);
    }
  }
  return [...byRadio.values()];
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
