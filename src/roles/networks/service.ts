import { parseBssid } from '../../domain/bssid.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { heardSecurities, mostSsidBytes, type HeardNetwork } from '../../domain/heard-network.ts';
import { idFrom } from '../../domain/identifiers.ts';
import {
  challengeLifetimeMs, leastMatched, mostBssids, mostChallengesOfDay, type Challenge, type Network, type NetworkMessage,
} from '../../domain/network.ts';
import { checkedMessage, isValidAt } from '../../domain/network-message.ts';
import { judgeChallenge, observationToKeep, withChallengeError } from '../../domain/network-ownership.ts';
import { shown } from '../../domain/shown-text.ts';
import { ssidText } from '../../domain/ssid-text.ts';
import { secondIdentifier } from '../../protocol/second-identifier.ts';
import { terminalIdOf } from '../ledger/terminal.ts';
import type { Page, PageRequest } from '../page.ts';
import { auditEntry, newId, within } from '../service-context.ts';
import type { Store } from '../store.ts';
import type { ListedNetwork, MatchingList, NetworkClaim, NetworksRole, NewMessage } from './ports.ts';
import { isOpenState, prove, secondIdentifierKey, stateAt, type NetworksServiceContext } from './proof.ts';
import { checkScan, observe } from './scan.ts';

const dayMs = 86_400_000;
/** Of the matching list at once. */
const mostListed = 1000;
const meterKeyBytes = 32;

type CheckedClaim = Pick<Network, 'accountId' | 'terminalId' | 'ssid' | 'bssids' | 'security'>;

export class NetworksService implements NetworksRole {
  readonly #context: NetworksServiceContext;

  constructor(context: NetworksServiceContext) {
    this.#context = context;
  }

  async startVerification(claim: NetworkClaim): Promise<Challenge> {
    const { store, clock } = this.#context;
    const terminalId = this.#terminalId;
    const { account, ...checked } = checkedClaim(claim);
    const accountId = await this.#account(account);
    const key = await secondIdentifierKey(this.#context);
    return store.transaction(async (tx) => {
      // One after the other, so that the day's are counted.
      await tx.accounts.lock([accountId]);
      const now = clock.now();
      const known = await tx.networks.findClaim(accountId, checked.ssid, checked.bssids);
      const open = known && (await tx.challenges.openOf(known.id));
      if (open !== undefined) {
        const isAboutThat = open.security === checked.security && String(open.bssids) === String(checked.bssids);
        if (isAboutThat && isOpenState(stateAt(open, now))) {
          return open;
        }
        await tx.challenges.lock(open.id);
        await tx.challenges.change(open.id, { state: 'expired', decidedAt: now });
      }
      if ((await tx.challenges.countSince(accountId, new Date(now.getTime() - dayMs))) >= mostChallengesOfDay) {
        throw new LatchkeyError('challenge_limit', `An account begins at most ${mostChallengesOfDay} verifications a day.`, { retryAfter: 3600 });
      }
      const network = known ?? (await this.#newNetwork(tx, { ...checked, accountId, terminalId }, now));
      return this.#newChallenge(tx, network, { ...checked, accountId, terminalId }, key, now);
    });
  }

  async #newNetwork(tx: Store, claim: CheckedClaim, now: Date): Promise<Pick<Network, 'id'>> {
    const id = newId(this.#context, 'net');
    const apId = ownAccessPoint(id);
    const characters = Array.from(shown(ssidText(claim.ssid)));
    await tx.accessPoints.insert({ id: apId, name: characters.slice(0, 64).join(''), createdAt: now });
    await tx.accessPoints.update(apId, { ssid: characters.slice(0, mostSsidBytes).join(''), onboardingSsid: undefined, enforcement: 'none', seenAt: undefined });
    await tx.networks.insert({
      ...claim, id, state: 'claimed', reason: undefined, apId, meterKey: undefined, createdAt: now, verifiedAt: undefined, proveAgainBy: undefined,
    });
    return { id };
  }

  async #newChallenge(tx: Store, { id: networkId }: Pick<Network, 'id'>, claim: CheckedClaim, key: Uint8Array, now: Date): Promise<Challenge> {
    const { accountId, terminalId, ssid: first, bssids, security } = claim;
    const id = newId(this.#context, 'chl');
    const challenge: Challenge = {
      id, networkId, accountId, terminalId, first, bssids, security,
      second: secondIdentifier(key, first, { accountId, bssid: bssids[0]!, challengeId: id }),
      state: 'pending', witnesses: this.#context.witnesses ?? 0, witnessed: 0, errors: [], createdAt: now, expiresAt: new Date(now.getTime() + challengeLifetimeMs), decidedAt: undefined,
    };
    await tx.challenges.insert(challenge);
    await tx.audit.append(auditEntry(within(this.#context, tx), { action: 'network.claimed', detail: { network_id: networkId, challenge_id: id, account_id: accountId } }));
    return challenge;
  }

  async confirm(challengeId: string, heard: readonly HeardNetwork[]): Promise<Challenge> {
    const { store, clock } = this.#context;
    checkScan(heard);
    await this.#ownChallenge(challengeId);
    const terminalId = this.#terminalId;
    return store.transaction(async (tx) => {
      const challenge = (await tx.challenges.lock(challengeId))!;
      const now = clock.now();
      const state = stateAt(challenge, now);
      if (state === 'valid') {
        // A witness, or the same scan come twice, was first.
        return challenge;
      }
      if (!isOpenState(state)) {
        throw new LatchkeyError('challenge_over', `This verification is ${state}.`);
      }
      const { observations: own, stale } = observe(challenge, { observerId: terminalId, isWitness: false }, heard, now);
      const earlier = (await tx.challenges.observations(challengeId))
        .filter(({ isWitness, bssid }) => isWitness || !own.some((each) => each.bssid === bssid));
      const { state: judged, witnessed, error } = judgeChallenge(challenge, [...own, ...earlier], now, stale);
      if (error === undefined) {
        const proven = await prove(within(this.#context, tx), tx, challenge, witnessed, now);
        await tx.events.append(proven.events);
        return proven.challenge;
      }
      await tx.challenges.observe(challenge.bssids.flatMap((bssid) => observationToKeep(challenge.second, own.filter((each) => each.bssid === bssid)) ?? []));
      const isOver = judged === 'invalid';
      if (isOver) {
        const detail = { network_id: challenge.networkId, challenge_id: challengeId, account_id: challenge.accountId, fault: error.fault };
        await tx.audit.append(auditEntry(within(this.#context, tx), { action: 'network.refused', detail }));
      }
      return tx.challenges.change(challengeId, { state: judged, witnessed, errors: withChallengeError(challenge.errors, error), ...(isOver && { decidedAt: now }) });
    });
  }

  async challenge(challengeId: string): Promise<Challenge> {
    return this.#ownChallenge(challengeId);
  }

  async networks(page: PageRequest): Promise<Page<Network>> {
    const bindings = await this.#context.store.bindings.ofTerminal(this.#terminalId);
    return this.#context.store.networks.list({ accountIds: bindings.map(({ accountId }) => accountId) }, page);
  }

  async network(networkId: string): Promise<Network> {
    return this.#own(this.#context.store, networkId);
  }

  async setMessage(networkId: string, { texts, validFrom, validTo }: NewMessage): Promise<Network> {
    const message = checkedMessage({ texts, validFrom, validTo });
    return this.#change(networkId, async (tx, network) => {
      if (network.state !== 'valid') {
        throw new LatchkeyError('network_not_valid');
      }
      return tx.networks.setMessage(networkId, message);
    });
  }

  async clearMessage(networkId: string): Promise<Network> {
    return this.#change(networkId, async (tx, network) => (network.message === undefined ? network : tx.networks.setMessage(networkId, undefined)));
  }

  async nearby(heard: readonly HeardNetwork[]): ReturnType<NetworksRole['nearby']> {
    const { store, clock } = this.#context;
    void this.#terminalId;
    checkScan(heard);
    const bssids = new Set(heard.map(({ bssid }) => bssid));
    const now = clock.now();
    return (await store.networks.withRadios([...bssids]))
      .filter((network) => network.bssids.filter((bssid) => bssids.has(bssid)).length >= Math.min(leastMatched, network.bssids.length))
      .flatMap(({ id, ssid, bssids: radios, message }) =>
        message === undefined ? [] : [{ network: { networkId: id, ssid, bssids: radios, messageVersion: message.version } satisfies ListedNetwork, message: isValidAt(message, now) ? message : undefined }]);
  }

  async matchingList(since: number): Promise<MatchingList> {
    void this.#terminalId;
    return this.#context.store.networks.changedSince(since, mostListed);
  }

  async message(networkId: string): Promise<NetworkMessage> {
    const { store, clock } = this.#context;
    void this.#terminalId;
    const network = await store.networks.find(networkId);
    if (network?.state !== 'valid' || network.message === undefined || !isValidAt(network.message, clock.now())) {
      throw new LatchkeyError('network_not_found', `There is no network ${networkId} with a message.`);
    }
    return network.message;
  }

  async serve(networkId: string, { meterKey, apId }: Parameters<NetworksRole['serve']>[1]): Promise<Network> {
    if (meterKey.length !== meterKeyBytes) {
      throw new LatchkeyError('invalid_input', `A meter’s key has ${meterKeyBytes} bytes.`);
    }
    return this.#change(networkId, async (tx, network) => {
      const at = apId ?? ownAccessPoint(networkId);
      const isKnown = at === network.apId || at === ownAccessPoint(networkId) || (await tx.networks.claimedBy(at)) === networkId;
      if (!isKnown) {
        throw new LatchkeyError('ap_not_found', `Access point ${at} does not say that it serves this network.`);
      }
      if (at === network.apId && network.meterKey !== undefined && Buffer.from(meterKey).equals(network.meterKey)) {
        return network;
      }
      await tx.audit.append(auditEntry(within(this.#context, tx), { action: 'network.served', apId: at, detail: { network_id: networkId, account_id: network.accountId } }));
      return tx.networks.change(networkId, { meterKey, apId: at });
    });
  }

  /** Takes its row. Errors: `network_not_found`. */
  #change(networkId: string, change: (tx: Store, network: Network) => Promise<Network>): Promise<Network> {
    return this.#context.store.transaction(async (tx) => {
      await this.#own(tx, networkId);
      return change(tx, (await tx.networks.lock(networkId))!);
    });
  }

  async #own(store: Store, networkId: string): Promise<Network> {
    const network = await store.networks.find(networkId);
    if (network === undefined || (await store.bindings.find(network.accountId, this.#terminalId)) === undefined) {
      throw new LatchkeyError('network_not_found', `There is no network ${networkId}.`);
    }
    return network;
  }

  async #ownChallenge(challengeId: string): Promise<Challenge> {
    const { store, clock } = this.#context;
    const challenge = await store.challenges.find(challengeId);
    if (challenge === undefined || (await store.bindings.find(challenge.accountId, this.#terminalId)) === undefined) {
      throw new LatchkeyError('challenge_not_found', `There is no verification ${challengeId}.`);
    }
    return { ...challenge, state: stateAt(challenge, clock.now()) };
  }

  /** One that this terminal is bound to; nobody learns of others whether they are there. */
  async #account(reference: string | undefined): Promise<string> {
    const { store } = this.#context;
    const bindings = await store.bindings.ofTerminal(this.#terminalId);
    if (reference === undefined && bindings.length > 1) {
      throw new LatchkeyError('invalid_input', 'This terminal is bound to several accounts: say whose the network is.');
    }
    const named = reference === undefined ? undefined : await store.accounts.findByName(reference);
    const binding = bindings.find(({ accountId }) => reference === undefined || accountId === reference || accountId === named?.id);
    if (binding === undefined) {
      throw new LatchkeyError('not_bound');
    }
    return binding.accountId;
  }

  get #terminalId(): string {
    return terminalIdOf(this.#context.actor);
  }
}

/** The access point that a network has from its claim on, which no agent serves. */
function ownAccessPoint(networkId: string): string {
  return idFrom('ap', networkId.replace(/^net_/, ''));
}

function checkedClaim({ ssid, bssids, security, account }: NetworkClaim): NetworkClaim {
  if (ssid.length < 1 || ssid.length > mostSsidBytes) {
    throw new LatchkeyError('invalid_input', `An SSID has 1 to ${mostSsidBytes} bytes; this one has ${ssid.length}.`);
  }
  const radios = [...new Set(bssids.map(parseBssid))].toSorted();
  if (radios.length < 1 || radios.length > mostBssids) {
    throw new LatchkeyError('invalid_input', `A network has 1 to ${mostBssids} radios.`);
  }
  if (!heardSecurities.includes(security)) {
    throw new LatchkeyError('invalid_input', `A network is secured as one of ${heardSecurities.join(', ')}.`);
  }
  return { ssid, bssids: radios, security, account };
}
