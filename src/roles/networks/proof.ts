import { Buffer } from 'node:buffer';
import { sameSsid } from '../../domain/heard-network.ts';
import { proofLifetimeMs, type Challenge, type ChallengeState, type Network } from '../../domain/network.ts';
import { base64url } from '../../protocol/encoding.ts';
import type { AddressedEvent } from '../events/store.ts';
import { auditEntry, type ServiceContext } from '../service-context.ts';
import type { Store } from '../store.ts';

/** How networks have to be proven. */
export interface NetworkPolicy {
  /** How many witnesses have to hear each of its radios; none if not given. */
  readonly witnesses?: number | undefined;
  /** After how long it is to be proven again, in milliseconds. */
  readonly proveAgainMs?: number | undefined;
}

export type NetworksServiceContext = ServiceContext & NetworkPolicy;

const keyName = 'second_identifier_key';

/** The key of which second identifiers are made: the registry's own, made when it is first needed, the same for all servers. */
export async function secondIdentifierKey({ store, random }: Pick<ServiceContext, 'store' | 'random'>): Promise<Uint8Array> {
  let key = await store.settings.get(keyName);
  if (key === undefined) {
    await store.settings.insert(keyName, base64url(random.bytes(32)));
    key = (await store.settings.get(keyName))!;
  }
  return Buffer.from(key, 'base64url');
}

/** A challenge's state at a moment: time alone ends it, whether or not that is written yet. */
export function stateAt({ state, expiresAt }: Challenge, at: Date): ChallengeState {
  return isOpenState(state) && expiresAt <= at ? 'expired' : state;
}

export function isOpenState(state: ChallengeState): boolean {
  return state === 'pending' || state === 'processing';
}

/**
 * The network is proven, in the challenge's transaction. Whose else its radios were loses them, so that the last proof
 * counts. Resolves to what is to be told, as the last thing.
 */
export async function prove(context: NetworksServiceContext, tx: Store, challenge: Challenge, witnessed: number, now: Date): Promise<{ readonly challenge: Challenge; readonly events: readonly AddressedEvent[] }> {
  const network = (await tx.networks.lock(challenge.networkId))!;
  const events: AddressedEvent[] = [];
  for (const { id } of await tx.networks.withRadios(challenge.bssids)) {
    const rival = id === network.id ? undefined : await tx.networks.lock(id);
    if (rival?.state === 'valid') {
      const reason = rival.accountId !== network.accountId
        ? 'Another account has proven a network with its radios.'
        : sameSsid(rival.ssid, network.ssid) ? 'It was claimed and proven anew.' : 'Its radios were proven under another name.';
      events.push(await suspend(context, tx, rival, reason, now));
    }
  }
  const { bssids, security } = challenge;
  const proveAgainBy = new Date(now.getTime() + (context.proveAgainMs ?? proofLifetimeMs));
  await tx.networks.change(network.id, { state: 'valid', bssids, security, reason: undefined, verifiedAt: now, proveAgainBy });
  const proven = await tx.challenges.change(challenge.id, { state: 'valid', witnessed, decidedAt: now });
  const detail = { network_id: network.id, challenge_id: challenge.id, account_id: network.accountId, witnesses: witnessed };
  await tx.audit.append(auditEntry(context, { action: 'network.proven', detail }));
  const told = new Set([network.terminalId, challenge.terminalId]);
  events.push(...[...told].map((terminalId) => changed(terminalId, network, 'valid', now)));
  return { challenge: proven, events };
}

/** Its radios are nobody's from then on, and its offers are off the market. Resolves to what its sharer is to be told. */
export async function suspend(context: ServiceContext, tx: Store, { id, accountId, terminalId }: Network, reason: string, now: Date): Promise<AddressedEvent> {
  const network = await tx.networks.change(id, { state: 'suspended', reason });
  await tx.audit.append(auditEntry(context, { action: 'network.suspended', detail: { network_id: id, account_id: accountId, reason } }));
  return changed(terminalId, network, 'suspended', now);
}

function changed(terminalId: string, { id }: Network, state: Network['state'], at: Date): AddressedEvent {
  return { terminalId, kind: 'network.changed', at, detail: { network_id: id, state } };
}
