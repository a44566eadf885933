import { parseBssid } from '../../domain/bssid.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { mostHeard, mostSsidBytes, type HeardNetwork } from '../../domain/heard-network.ts';
import type { Challenge, Observation } from '../../domain/network.ts';
import { isHeardInTime } from '../../domain/network-ownership.ts';

/** Errors: `invalid_input`. */
export function checkScan(heard: readonly HeardNetwork[]): void {
  if (heard.length > mostHeard) {
    throw new LatchkeyError('invalid_input', `A scan has at most ${mostHeard} networks.`);
  }
  for (const { bssid, ssid, ageMs } of heard) {
    if (parseBssid(bssid) !== bssid || ssid.length > mostSsidBytes || !(ageMs >= 0)) {
      throw new LatchkeyError('invalid_input', `What is heard of ${bssid} is not as a radio hears it.`);
    }
  }
}

export interface Scanned {
  /** Heard in time, and not hidden. */
  readonly observations: readonly Observation[];
  /** Radios of which there is what was not heard in time. */
  readonly stale: readonly string[];
}

/** A scan as it is handed over while a challenge is open. */
export function observe(challenge: Challenge, observer: Pick<Observation, 'observerId' | 'isWitness'>, heard: readonly HeardNetwork[], now: Date): Scanned {
  const all = heard.filter(({ ssid }) => ssid.length > 0).map(({ bssid, ssid, security, signalDbm, ageMs }): Observation =>
    ({ ...observer, challengeId: challenge.id, bssid, ssid, security, signalDbm, heardAt: new Date(now.getTime() - ageMs) }));
  const isInTime = ({ heardAt }: Observation) => isHeardInTime(challenge, heardAt, now);
  return { observations: all.filter(isInTime), stale: all.filter((each) => !isInTime(each)).map(({ bssid }) => bssid) };
}
