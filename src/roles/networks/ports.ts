import type { HeardNetwork, HeardSecurity } from '../../domain/heard-network.ts';
import type { Challenge, MessageText, Network, NetworkMessage } from '../../domain/network.ts';
import type { Page, PageRequest } from '../page.ts';

/** What a sharer says a network of its own is. */
export interface NetworkClaim {
  /** 1 to 32 bytes. */
  readonly ssid: Uint8Array;
  /** 1 to 16. */
  readonly bssids: readonly string[];
  readonly security: HeardSecurity;
  /** Whose it is, by id or name; may be left out where the terminal is bound to one account alone. */
  readonly account?: string | undefined;
}

export interface NewMessage {
  readonly texts: readonly MessageText[];
  readonly validFrom?: Date | undefined;
  readonly validTo?: Date | undefined;
}

/** What a terminal needs to know again a network that has a message (protocol.md section 6). */
export interface ListedNetwork {
  readonly networkId: string;
  readonly ssid: Uint8Array;
  readonly bssids: readonly string[];
  readonly messageVersion: number;
}

export interface MatchingList {
  /** To ask from next time. */
  readonly revision: number;
  readonly networks: readonly ListedNetwork[];
  /** Networks that are not on the list any more. */
  readonly gone: readonly string[];
  /** There is more: ask again from this revision. */
  readonly isPart: boolean;
}

/**
 * Networks, at a terminal: proving that one is its sharer's, and what is told to those who join it.
 * Errors of all: `unauthorized`, `forbidden`, those of storage; `network_not_found` and `challenge_not_found` also for what
 * is another account's.
 */
export interface NetworksRole {
  /**
   * Claims a network, or proves one anew, and says what it has to be renamed to. A challenge of this network that is open
   * is gone on with. Errors: `invalid_input`, `not_bound`, `challenge_limit` (a day's of an account).
   */
  startVerification(claim: NetworkClaim): Promise<Challenge>;
  /**
   * The sharer's own scan, by which the challenge is judged with what witnesses heard. Why it proves nothing is in its
   * errors; while its state is `processing` it may be tried again. One that is `valid` already stays so. Errors:
   * `challenge_over`.
   */
  confirm(challengeId: string, heard: readonly HeardNetwork[]): Promise<Challenge>;
  challenge(challengeId: string): Promise<Challenge>;
  /** Newest first. */
  networks(page: PageRequest): Promise<Page<Network>>;
  network(networkId: string): Promise<Network>;
  /** Errors: `network_not_valid`, `invalid_input`. */
  setMessage(networkId: string, message: NewMessage): Promise<Network>;
  clearMessage(networkId: string): Promise<Network>;

  /**
   * Networks with a message of whose registered radios as many are heard as protocol.md section 6 says; with the message if
   * it is valid now.
   */
  nearby(heard: readonly HeardNetwork[]): Promise<readonly { readonly network: ListedNetwork; readonly message: NetworkMessage | undefined }[]>;
  /** All valid networks with a message, or what has changed of them since a revision. */
  matchingList(since: number): Promise<MatchingList>;
  /** For who is connected to it. Errors: `network_not_found`, also without a message. */
  message(networkId: string): Promise<NetworkMessage>;

  /**
   * The key by which its sharer signs meter readings, and the access point whose agent says that it serves it; without one
   * its own. Errors: `ap_not_found` for one that does not say so.
   */
  serve(networkId: string, serving: { readonly meterKey: Uint8Array; readonly apId?: string | undefined }): Promise<Network>;
}

/** A terminal that an admin enrolled to hear what is on the air. */
export interface WitnessRole {
  /** Keeps of it what open challenges are about, and nothing else; resolves to how much that is. */
  report(heard: readonly HeardNetwork[]): Promise<{ readonly kept: number }>;
}
