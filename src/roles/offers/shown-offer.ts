import { Buffer } from 'node:buffer';
import type { HeardSecurity } from '../../domain/heard-network.ts';
import type { Network } from '../../domain/network.ts';
import type { Approval, Offer, OfferState } from '../../domain/offer.ts';
import { offerHoursToJson, parseOfferHours, type OfferHoursJson } from '../../domain/offer-hours.ts';
import { parseTariff, tariffToJson } from '../../domain/tariff-json.ts';
import { base64url } from '../../protocol/encoding.ts';

// An offer as guests see it, in JSON: kept as a text beside the radios by which it is found, and sent as it lies.

export interface OfferJson {
  readonly offer_id: string;
  readonly network_id: string;
  readonly account_id: string;
  readonly terminal_id: string;
  readonly state: OfferState;
  readonly tariff: { readonly [member: string]: unknown };
  readonly guests: number;
  readonly approval: Approval;
  readonly answer_ms: number;
  readonly created_at: string;
  readonly changed_at: string;
  readonly hours?: { zone: string; hours: string[] };
}

export type OfferedNetwork = Pick<Network, 'id' | 'ssid' | 'bssids' | 'security' | 'verifiedAt'>;

export interface OfferedNetworkJson {
  readonly network_id: string;
  readonly ssid: string;
  readonly bssids: string[];
  readonly security: HeardSecurity;
  readonly verified_at?: string;
}

export interface ShownOffer {
  readonly offer: Offer;
  readonly network: OfferedNetwork;
}

/** With the members of both, and no more. */
export function shownOfferText({ offer, network }: ShownOffer): string {
  return JSON.stringify({ offer: offerToJson(offer), network: offeredNetworkToJson(network) });
}

export function parseShownOffer(text: string): ShownOffer {
  const { offer, network } = JSON.parse(text) as { readonly offer: OfferJson; readonly network: OfferedNetworkJson };
  return { offer: offerFromJson(offer), network: offeredNetworkFromJson(network) };
}

export function offerToJson(offer: Offer): OfferJson {
  return {
    offer_id: offer.id,
    network_id: offer.networkId,
    account_id: offer.accountId,
    terminal_id: offer.terminalId,
    state: offer.state,
    tariff: { ...tariffToJson(offer.tariff) },
    guests: offer.guests,
    ...(offer.hours !== undefined && { hours: hoursToJson(offer.hours) }),
    approval: offer.approval,
    answer_ms: offer.answerMs,
    created_at: offer.createdAt.toISOString(),
    changed_at: offer.changedAt.toISOString(),
  };
}

export function offerFromJson(json: OfferJson): Offer {
  return {
    id: json.offer_id,
    networkId: json.network_id,
    accountId: json.account_id,
    terminalId: json.terminal_id,
    state: json.state,
    tariff: parseTariff(json.tariff),
    guests: json.guests,
    hours: json.hours && parseOfferHours(json.hours),
    approval: json.approval,
    answerMs: json.answer_ms,
    createdAt: new Date(json.created_at),
    changedAt: new Date(json.changed_at),
  };
}

export function offeredNetworkToJson({ id, ssid, bssids, security, verifiedAt }: OfferedNetwork): OfferedNetworkJson {
  return { network_id: id, ssid: base64url(ssid), bssids: [...bssids], security, ...(verifiedAt !== undefined && { verified_at: verifiedAt.toISOString() }) };
}

export function offeredNetworkFromJson(json: OfferedNetworkJson): OfferedNetwork {
  return {
    id: json.network_id,
    ssid: new Uint8Array(Buffer.from(json.ssid, 'base64url')),
    bssids: json.bssids,
    security: json.security,
    verifiedAt: json.verified_at === undefined ? undefined : new Date(json.verified_at),
  };
}

export function hoursToJson(hours: Offer['hours'] & object): { zone: string; hours: string[] } {
  const json: OfferHoursJson = offerHoursToJson(hours);
  return { zone: json.zone, hours: [...json.hours] };
}
