import type { Challenge, ChallengeState, Network, NetworkMessage, NetworkState, Observation } from '../../domain/network.ts';
import type { Page, PageRequest } from '../page.ts';
import type { ListedNetwork } from './ports.ts';

export interface NetworkFilter {
  readonly accountIds?: readonly string[] | undefined;
}

export interface NetworkRepository {
  insert(network: Omit<Network, 'revision' | 'message'>): Promise<void>;
  find(id: string): Promise<Network | undefined>;
  /** An account's claim of exactly this name, with one of these radios. */
  findClaim(accountId: string, ssid: Uint8Array, bssids: readonly string[]): Promise<Network | undefined>;
  /** Newest first. */
  list(filter: NetworkFilter, page: PageRequest): Promise<Page<Network>>;
  /** Takes its row until the transaction ends. */
  lock(id: string): Promise<Network | undefined>;
  /**
   * Changes what is given, and counts the revision. A network that becomes `valid` has its radios registered; one that
   * ceases to be so gives them up, and so do its offers what they are found by.
   */
  change(id: string, change: Partial<Pick<Network, 'bssids' | 'security' | 'reason' | 'apId' | 'meterKey' | 'verifiedAt' | 'proveAgainBy'>> & { readonly state?: NetworkState }): Promise<Network>;
  setMessage(id: string, message: NetworkMessage | undefined): Promise<Network>;
  /** Valid networks that have one of these radios. */
  withRadios(bssids: readonly string[]): Promise<Network[]>;
  /** Valid ones that were to be proven again before the moment. */
  overdue(before: Date, limit: number): Promise<Network[]>;
  /** Changed since a revision, in its order; those without a message, or not valid, as `gone`. */
  changedSince(revision: number, limit: number): Promise<{ readonly networks: readonly ListedNetwork[]; readonly gone: readonly string[]; readonly revision: number; readonly isPart: boolean }>;
  /** An agent says that its access point serves the network; undefined: no more. */
  claimAccessPoint(networkId: string, apId: string): Promise<boolean>;
  claimedAccessPoint(networkId: string): Promise<string | undefined>;
}

export interface ChallengeRepository {
  insert(challenge: Challenge): Promise<void>;
  find(id: string): Promise<Challenge | undefined>;
  lock(id: string): Promise<Challenge | undefined>;
  /** That of the network that is open. */
  openOf(networkId: string): Promise<Challenge | undefined>;
  /** Open ones that are about one of these radios. */
  openAbout(bssids: readonly string[]): Promise<Challenge[]>;
  change(id: string, change: Partial<Pick<Challenge, 'errors' | 'witnessed' | 'decidedAt'>> & { readonly state: ChallengeState }): Promise<Challenge>;
  countSince(accountId: string, since: Date): Promise<number>;
  observe(observations: readonly Observation[]): Promise<void>;
  observations(challengeId: string): Promise<Observation[]>;
  /** Expires open ones whose time is over, with their observations; returns of how many. */
  expire(at: Date, limit: number): Promise<number>;
}
