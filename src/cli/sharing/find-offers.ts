import { sameSsid, type HeardNetwork } from '../../domain/heard-network.ts';
import type { SalesRecord } from '../../domain/offer.ts';
import type { Tariff } from '../../domain/tariff.ts';
import type { FoundOffer, OffersRole } from '../../roles/offers/ports.ts';

export const findOrders = ['signal', 'price', 'record'] as const;
export type FindOrder = (typeof findOrders)[number];

export interface AroundOffer {
  readonly found: FoundOffer;
  /** Of its radios that are heard. */
  readonly strongest: HeardNetwork;
}

/** Which of the networks that are heard are on offer: those that are open first, then in the order asked for. Errors: those of the role. */
export async function findOffers(role: Pick<OffersRole, 'search'>, heard: readonly HeardNetwork[], order: FindOrder): Promise<AroundOffer[]> {
  const found = await role.search(heard.map(({ bssid, ssid }) => ({ bssid, ssid })));
  const compare = orders[order];
  return found
    .flatMap((each) => {
      const [strongest] = heard.filter((network) => isOf(network, each)).toSorted((one, other) => signalOf(other) - signalOf(one));
      // A server may answer what nobody asked for.
      return strongest === undefined ? [] : [{ found: each, strongest }];
    })
    .toSorted((one, other) => Number(one.found.closed !== undefined) - Number(other.found.closed !== undefined) || compare(one, other) || bySignal(one, other));
}

function isOf({ bssid, ssid }: HeardNetwork, { bssids, network }: FoundOffer): boolean {
  return bssids.includes(bssid) && (ssid.length === 0 || sameSsid(ssid, network.ssid));
}

type Compare = (one: AroundOffer, other: AroundOffer) => number;

function signalOf({ signalDbm }: Pick<HeardNetwork, 'signalDbm'>): number {
  return signalDbm ?? -Infinity;
}

function bySignal(one: AroundOffer, other: AroundOffer): number {
  const [a, b] = [signalOf(one.strongest), signalOf(other.strongest)];
  return a === b ? 0 : b - a;
}

/** By what a unit costs; traffic, time and what is unlimited each among themselves, as are currencies. */
function byPrice(one: AroundOffer, other: AroundOffer): number {
  const [a, b] = [unitPrice(one.found.offer.tariff), unitPrice(other.found.offer.tariff)];
  return a.of < b.of ? -1 : a.of > b.of ? 1 : a.price - b.price;
}

function unitPrice(tariff: Tariff): { readonly of: string; readonly price: number } {
  if (tariff.kind === 'unlimited') {
    const { minor = 0n, currency = '' } = tariff.price ?? {};
    return { of: `3 ${currency}`, price: Number(minor) };
  }
  const { price, quantity } = tariff.kind === 'fixed' ? { price: tariff.price, quantity: tariff.allowed } : tariff.step;
  const { minor = 0n, currency = '' } = price ?? {};
  return { of: `${quantity.metric === 'traffic' ? 1 : 2} ${currency}`, price: Number(minor) / Number(quantity.size) };
}

/** Who has sold much and failed seldom comes first; nobody is as good by one sale as by many (rule of succession). */
function byRecord(one: AroundOffer, other: AroundOffer): number {
  return worth(other.found.record) - worth(one.found.record);
}

function worth({ delivered, failed, disputed }: SalesRecord): number {
  const good = Math.max(0, delivered - disputed);
  return (good + 1) / (delivered + failed + 2);
}

const orders: Readonly<Record<FindOrder, Compare>> = { signal: bySignal, price: byPrice, record: byRecord };
