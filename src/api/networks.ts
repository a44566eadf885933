import { Buffer } from 'node:buffer';
import { parseBssid } from '../domain/bssid.ts';
import { heardSecurities } from '../domain/heard-network.ts';
import { challengeFaults, challengeStates, mostBssids, networkStates, type Challenge, type Network, type NetworkMessage } from '../domain/network.ts';
import { mostLinkCharacters, mostMessageCharacters, mostMessageLanguages } from '../domain/network-message.ts';
import { base64url } from '../protocol/encoding.ts';
import type { ListedNetwork, MatchingList, NetworkClaim, NetworksRole, NewMessage } from '../roles/networks/ports.ts';
import { bssid, heardNetworksSchema, ssidBytesSchema, ssidFromWire, ssidToWire } from './heard-networks.ts';
import { pageOf, pageQuery } from './page.ts';
import { arrayOf, boolean, bytes32, count, id, input, instant, object, oneOf, remark, text, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

const security = { ...oneOf(heardSecurities), description: 'By the AKMs of its beacon.' } as const;
const bssids = { ...arrayOf(bssid), minItems: 1, maxItems: mostBssids } as const;
const meterKey = { ...bytes32, description: 'By which its sharer signs meter readings: a public key of Ed25519, 32 bytes in base64url.' } as const;
const version = { ...count, description: 'Changes with the message.' } as const;

export const networkClaimSchema = input('NetworkClaim', { ssid: ssidBytesSchema, bssids, security }, { account: text });
export type NetworkClaimWire = Static<typeof networkClaimSchema>;

export const challengeSchema = object(
  'Challenge',
  {
    challenge_id: id, network_id: id, account_id: id, terminal_id: id, first: ssidBytesSchema,
    second: { ...ssidBytesSchema, description: 'The name that the network has to be given: bytes in base64url.' },
    bssids, security, state: oneOf(challengeStates), witnesses: count, witnessed: count,
    errors: arrayOf(object('ChallengeError', { at: instant, fault: oneOf(challengeFaults), detail: remark })),
    created_at: instant, expires_at: instant,
  },
  { decided_at: instant },
);
export type ChallengeWire = Static<typeof challengeSchema>;

export const scanSchema = input('Scan', { heard: heardNetworksSchema });
export const observedSchema = object('Observed', { kept: count });

// How many may be said, and what, is the domain's matter: its errors say more.
const spoken = { type: 'string', maxLength: 2 * mostMessageCharacters } as const;
const link = { type: 'string', maxLength: 2 * mostLinkCharacters } as const;
const language = { type: 'string', maxLength: 64, description: 'BCP 47.' } as const;
const textInputs = { ...arrayOf(input('MessageTextInput', { language, text: spoken }, { link })), maxItems: 2 * mostMessageLanguages } as const;
export const messageInputSchema = input('NetworkMessageInput', { texts: textInputs }, { valid_from: instant, valid_to: instant });
export type MessageInputWire = Static<typeof messageInputSchema>;
export const messageSchema = object('NetworkMessage', { version, texts: arrayOf(object('MessageText', { language, text: spoken }, { link })) }, { valid_from: instant, valid_to: instant });
export type MessageWire = Static<typeof messageSchema>;

export const networkSchema = object(
  'Network',
  { network_id: id, account_id: id, terminal_id: id, ssid: ssidBytesSchema, bssids, security, state: oneOf(networkStates), ap_id: id, created_at: instant, revision: count },
  { reason: remark, meter_key: meterKey, verified_at: instant, prove_again_by: instant, message: messageSchema },
);
export type NetworkWire = Static<typeof networkSchema>;
export const networkPageSchema = pageOf('NetworkPage', networkSchema);
export const networkQuerySchema = input('NetworkQuery', {}, pageQuery);

const listedSchema = object('ListedNetwork', { network_id: id, ssid: ssidBytesSchema, bssids, message_version: version });
export const nearbySchema = object('NearbyNetworks', { networks: arrayOf(object('NearbyNetwork', { network: listedSchema }, { message: messageSchema })) });
export type NearbyWire = Static<typeof nearbySchema>;
export const matchingQuerySchema = input('MatchingQuery', {}, { since: { ...count, description: 'The `revision` of the answer before.' } });
export const matchingListSchema = object('MatchingList', { revision: count, networks: arrayOf(listedSchema), gone: arrayOf(id), is_part: boolean });
export type MatchingListWire = Static<typeof matchingListSchema>;

export const servingSchema = input('NetworkServing', { meter_key: meterKey }, { ap_id: id });
export type ServingWire = Static<typeof servingSchema>;

/** Errors: `invalid_input`. */
export function networkClaimToWire(claim: NetworkClaim): NetworkClaimWire {
  return present({ ssid: ssidToWire(claim.ssid), bssids: claim.bssids.map(parseBssid), security: claim.security, account: claim.account });
}

export function networkClaimFromWire(wire: NetworkClaimWire): NetworkClaim {
  return { ssid: ssidFromWire(wire.ssid), bssids: wire.bssids, security: wire.security, account: wire.account };
}

export function challengeToWire(challenge: Challenge): ChallengeWire {
  return present({
    challenge_id: challenge.id,
    network_id: challenge.networkId,
    account_id: challenge.accountId,
    terminal_id: challenge.terminalId,
    first: ssidToWire(challenge.first),
    second: ssidToWire(challenge.second),
    bssids: [...challenge.bssids],
    security: challenge.security,
    state: challenge.state,
    witnesses: challenge.witnesses,
    witnessed: challenge.witnessed,
    errors: challenge.errors.map(({ at, fault, detail }) => ({ at: instantToWire(at), fault, detail })),
    created_at: instantToWire(challenge.createdAt),
    expires_at: instantToWire(challenge.expiresAt),
    decided_at: instantToWire(challenge.decidedAt),
  });
}

export function challengeFromWire(wire: ChallengeWire): Challenge {
  return {
    id: wire.challenge_id,
    networkId: wire.network_id,
    accountId: wire.account_id,
    terminalId: wire.terminal_id,
    first: ssidFromWire(wire.first),
    second: ssidFromWire(wire.second),
    bssids: wire.bssids,
    security: wire.security,
    state: wire.state,
    witnesses: wire.witnesses,
    witnessed: wire.witnessed,
    errors: wire.errors.map(({ at, fault, detail }) => ({ at: instantFromWire(at), fault, detail })),
    createdAt: instantFromWire(wire.created_at),
    expiresAt: instantFromWire(wire.expires_at),
    decidedAt: instantFromWire(wire.decided_at),
  };
}

export function networkToWire(network: Network): NetworkWire {
  return present({
    network_id: network.id,
    account_id: network.accountId,
    terminal_id: network.terminalId,
    ssid: ssidToWire(network.ssid),
    bssids: [...network.bssids],
    security: network.security,
    state: network.state,
    reason: network.reason,
    ap_id: network.apId,
    meter_key: network.meterKey && base64url(network.meterKey),
    created_at: instantToWire(network.createdAt),
    verified_at: instantToWire(network.verifiedAt),
    prove_again_by: instantToWire(network.proveAgainBy),
    message: network.message && messageToWire(network.message),
    revision: network.revision,
  });
}

export function networkFromWire(wire: NetworkWire): Network {
  return {
    id: wire.network_id,
    accountId: wire.account_id,
    terminalId: wire.terminal_id,
    ssid: ssidFromWire(wire.ssid),
    bssids: wire.bssids,
    security: wire.security,
    state: wire.state,
    reason: wire.reason,
    apId: wire.ap_id,
    meterKey: wire.meter_key === undefined ? undefined : bytes(wire.meter_key),
    createdAt: instantFromWire(wire.created_at),
    verifiedAt: instantFromWire(wire.verified_at),
    proveAgainBy: instantFromWire(wire.prove_again_by),
    message: wire.message && messageFromWire(wire.message),
    revision: wire.revision,
  };
}

export function messageInputToWire({ texts, validFrom, validTo }: NewMessage): MessageInputWire {
  return present({
    texts: texts.map(({ language: tag, text: words, link: address }) => present({ language: tag, text: words, link: address })),
    valid_from: instantToWire(validFrom),
    valid_to: instantToWire(validTo),
  });
}

export function messageInputFromWire({ texts, valid_from: from, valid_to: to }: MessageInputWire): Omit<NetworkMessage, 'version'> {
  return {
    texts: texts.map(({ language: tag, text: words, link: address }) => ({ language: tag, text: words, link: address })),
    validFrom: instantFromWire(from),
    validTo: instantFromWire(to),
  };
}

export function messageToWire({ version: number, ...message }: NetworkMessage): MessageWire {
  return { version: number, ...messageInputToWire(message) };
}

export function messageFromWire({ version: number, ...wire }: MessageWire): NetworkMessage {
  return { version: number, ...messageInputFromWire(wire) };
}

type Nearby = Awaited<ReturnType<NetworksRole['nearby']>>;

export function nearbyToWire(nearby: Nearby): NearbyWire {
  return { networks: nearby.map(({ network, message }) => present({ network: listedToWire(network), message: message && messageToWire(message) })) };
}

export function nearbyFromWire({ networks }: NearbyWire): Nearby {
  return networks.map(({ network, message }) => ({ network: listedFromWire(network), message: message && messageFromWire(message) }));
}

export function matchingListToWire({ revision, networks, gone, isPart }: MatchingList): MatchingListWire {
  return { revision, networks: networks.map(listedToWire), gone: [...gone], is_part: isPart };
}

export function matchingListFromWire(wire: MatchingListWire): MatchingList {
  return { revision: wire.revision, networks: wire.networks.map(listedFromWire), gone: wire.gone, isPart: wire.is_part };
}

type Serving = Parameters<NetworksRole['serve']>[1];

export function servingToWire({ meterKey: key, apId }: Serving): ServingWire {
  return present({ meter_key: base64url(key), ap_id: apId });
}

export function servingFromWire(wire: ServingWire): Serving {
  return { meterKey: bytes(wire.meter_key), apId: wire.ap_id };
}

function listedToWire({ networkId, ssid, bssids: radios, messageVersion }: ListedNetwork): Static<typeof listedSchema> {
  return { network_id: networkId, ssid: ssidToWire(ssid), bssids: [...radios], message_version: messageVersion };
}

function listedFromWire(wire: Static<typeof listedSchema>): ListedNetwork {
  return { networkId: wire.network_id, ssid: ssidFromWire(wire.ssid), bssids: wire.bssids, messageVersion: wire.message_version };
}

function bytes(of: string): Uint8Array {
  return new Uint8Array(Buffer.from(of, 'base64url'));
}
