import type { Challenge, ChallengeState, Network, NetworkMessage, NetworkState, Observation } from '../../domain/network.ts';
import type { Page, PageRequest } from '../page.ts';
import type { ListedNetwork } from './ports.ts';

export interface NetworkFilter {
  readonly accountIds?: readonly string[] | undefined;
}

export interface NetworkRepository {
  /** One that is `valid` has its radios registered at once. */
  insert(network: Omit<Network, 'revision' | 'message'>): Promise<void>;
  find(id: string): Promise<Network | undefined>;
  /** An account's claim of exactly this name, with one of these radios. */
  findClaim(accountId: string, ssid: Uint8Array, bssids: readonly string[]): Promise<Network | undefined>;
  /** Newest first. */
  list(filter: NetworkFilter, page: PageRequest): Promise<Page<Network>>;
  /** Takes its row until the transaction ends. */
  lock(id: string): Promise<Network | undefined>;
  /**
   * Changes what is given, and counts the revision. A network that becomes `valid` has its radios registered, and is found
   * by them again if it has an active offer; one that ceases to be so gives them up, and so do its offers what they are
   * found by. Another valid network that has one of the radios is suspended first, or nothing is changed.
   */
  change(id: string, change: Partial<Pick<Network, 'bssids' | 'security' | 'reason' | 'apId' | 'meterKey' | 'verifiedAt' | 'proveAgainBy'>> & { readonly state?: NetworkState }): Promise<Network>;
  /** Its version is the network's revision from then on; undefined: none any more. */
  setMessage(id: string, message: Omit<NetworkMessage, 'version'> | undefined): Promise<Network>;
  /** Valid networks that have one of these radios. */
  withRadios(bssids: readonly string[]): Promise<Network[]>;
  /** Valid ones that were to be proven again before the moment. */
  overdue(before: Date, limit: number): Promise<Network[]>;
  /**
   * Changed since a revision, in its order; those whose message was taken away, or that are not valid any more, as `gone`.
   * From 0, and from a revision that there has not been yet, all that are on the list.
   */
  changedSince(revision: number, limit: number): Promise<{ readonly networks: readonly ListedNetwork[]; readonly gone: readonly string[]; readonly revision: number; readonly isPart: boolean }>;
  /** An agent says that its access point serves this network, and no other that it was yet to be given; false if there is none. */
  claim(networkId: string, apId: string): Promise<boolean>;
  claimedBy(apId: string): Promise<string | undefined>;
}

export interface ChallengeRepository {
  insert(challenge: Challenge): Promise<void>;
  find(id: string): Promise<Challenge | undefined>;
  lock(id: string): Promise<Challenge | undefined>;
  /** That of the network that is open. */
  openOf(networkId: string): Promise<Challenge | undefined>;
  /** Open ones that are about one of these radios. */
  openAbout(bssids: readonly string[]): Promise<Challenge[]>;
  /** One that is open no more loses its observations. */
  change(id: string, change: Partial<Pick<Challenge, 'errors' | 'witnessed' | 'decidedAt'>> & { readonly state: ChallengeState }): Promise<Challenge>;
  /** How many an account has begun since. */
  countSince(accountId: string, since: Date): Promise<number>;
  /** Of an observer and a radio the last given stays. */
  observe(observations: readonly Observation[]): Promise<void>;
  observations(challengeId: string): Promise<Observation[]>;
  /** Expires open ones whose time is over, with their observations; returns of how many. */
  expire(at: Date, limit: number): Promise<number>;
}
