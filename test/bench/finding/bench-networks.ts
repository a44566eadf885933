import { hash } from 'node:crypto';
import { bssidFromNumber } from '../../../src/domain/bssid.ts';

/** How many are heard, and how many of these are on offer. */
export const candidates = 100;
export const offeredOfThem = 10;

/** The radio of the offered network of this number, the same in every process: all over the 40 bits of what is administered locally. */
export function offeredRadio(number: number): number {
  return 0x02_00_00_00_00_00 + (number * 2_654_435_761) % 2 ** 40;
}

/** One that is of none of them, but of a few in a million, and lies among them. */
export function otherRadio(): number {
  return 0x02_00_00_00_00_00 + Math.floor(Math.random() * 2 ** 40);
}

export function networkName(number: number): string {
  return `Network ${number}`;
}

/** What is behind the prefixes of its ids. */
export function networkKey(number: number): string {
  return hash('sha256', `latchkey bench network ${number}`, 'base64url').slice(0, 22);
}

/** The body of a search, in which some are on offer among others. */
export function searchBody(networks: number): string {
  const below = (limit: number) => Math.floor(Math.random() * limit);
  const heard = Array.from({ length: candidates }, (_, at) => {
    const number = below(networks);
    return { bssid: bssidFromNumber(at < offeredOfThem ? offeredRadio(number) : otherRadio()), ssid: Buffer.from(networkName(number)).toString('base64url'), at: Math.random() };
  });
  return JSON.stringify({ networks: heard.toSorted((one, other) => one.at - other.at).map(({ bssid, ssid }) => ({ bssid, ssid })) });
}
