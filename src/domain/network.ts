import type { HeardSecurity } from './heard-network.ts';

// A network as shared (glossary.md), and how it is proven to be its sharer's (protocol.md section 6).

/** `claimed` was never proven; `suspended` failed a later proof, or another account has proven it since. */
export const networkStates = ['claimed', 'valid', 'suspended'] as const;
export type NetworkState = (typeof networkStates)[number];

export interface Network {
  readonly id: string;
  /** The sharer's, as is the terminal that claimed it. */
  readonly accountId: string;
  readonly terminalId: string;
  /** The first identifier: 1 to 32 bytes. */
  readonly ssid: Uint8Array;
  /** Its radios: 1 to 16, in order. Of no two valid networks the same. */
  readonly bssids: readonly string[];
  readonly security: HeardSecurity;
  readonly state: NetworkState;
  /** Why it is suspended. */
  readonly reason: string | undefined;
  /** Where its grants are: an agent's access point, or one of its own that no agent serves. */
  readonly apId: string;
  /** Ed25519, 32 bytes, by which its sharer signs meter readings; undefined until it serves. */
  readonly meterKey: Uint8Array | undefined;
  readonly createdAt: Date;
  readonly verifiedAt: Date | undefined;
  /** Until then it is to be proven again. */
  readonly proveAgainBy: Date | undefined;
  readonly message: NetworkMessage | undefined;
  /** Counts the changes of all networks: what is newer than a number has changed since. */
  readonly revision: number;
}

export const mostBssids = 16;
/** For so long a proof is good, unless the server says otherwise. */
export const proofLifetimeMs = 30 * 86_400_000;
/** So many of its radios have to be heard, or all if they are fewer, for a network to be known again (protocol.md section 6). */
export const leastMatched = 2;

/** Push information for those who join (`share message`). */
export interface NetworkMessage {
  /** Changes with the message: whoever has seen this number has seen it. */
  readonly version: number;
  /** By language (BCP 47); the first is for who speaks none of them. */
  readonly texts: readonly MessageText[];
  readonly validFrom: Date | undefined;
  readonly validTo: Date | undefined;
}

export interface MessageText {
  readonly language: string;
  /** 1 to 500 characters, without control characters but for line feeds. */
  readonly text: string;
  /** https. */
  readonly link: string | undefined;
}

export const challengeLifetimeMs = 30 * 60_000;
/** An account begins no more in 24 hours. */
export const mostChallengesOfDay = 20;

/** As in ACME (RFC 8555, 7.1.6). */
export const challengeStates = ['pending', 'processing', 'valid', 'invalid', 'expired'] as const;
export type ChallengeState = (typeof challengeStates)[number];

/** Why a scan did not prove it. */
export const challengeFaults = [
  'not_seen', 'still_first', 'wrong_name', 'wrong_radio', 'bssid_conflict', 'security_changed', 'stale_scan', 'witness_missing', 'witness_contradicts',
] as const;
export type ChallengeFault = (typeof challengeFaults)[number];

export interface Challenge {
  readonly id: string;
  readonly networkId: string;
  readonly accountId: string;
  readonly terminalId: string;
  readonly first: Uint8Array;
  /** The second identifier, which the network has to be renamed to. */
  readonly second: Uint8Array;
  readonly bssids: readonly string[];
  readonly security: HeardSecurity;
  readonly state: ChallengeState;
  /** How many witnesses have to hear each of its radios. */
  readonly witnesses: number;
  /** How many have, of that radio which the fewest heard. */
  readonly witnessed: number;
  /** What each attempt came to that proved nothing, oldest first. */
  readonly errors: readonly { readonly at: Date; readonly fault: ChallengeFault; readonly detail: string }[];
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly decidedAt: Date | undefined;
}

/** One radio as somebody heard it while a challenge was open, timed by the server. */
export interface Observation {
  readonly challengeId: string;
  readonly observerId: string;
  /** Heard by a witness, and not by the sharer itself. */
  readonly isWitness: boolean;
  readonly bssid: string;
  readonly ssid: Uint8Array;
  readonly security: HeardSecurity;
  readonly signalDbm: number | undefined;
  readonly heardAt: Date;
}
