import { attribute } from './attributes.ts';
import type { Packet } from './packet.ts';

/** The spellings that NAS use: aa-bb-cc-dd-ee-ff, aa:bb:…, aabb.ccdd.eeff, aabbcc-ddeeff, aabbccddeeff. */
const spelling = /[\da-f]{2}([-:])[\da-f]{2}(?:\1[\da-f]{2}){4}|[\da-f]{4}([.:-])[\da-f]{4}\2[\da-f]{4}|[\da-f]{6}[:-]?[\da-f]{6}/.source;
const mac = new RegExp(`^(?:${spelling})$`);
const macAndSsid = new RegExp(`^(?:${spelling}):(?<ssid>.+)$`, 'is');

/** `aa:bb:cc:dd:ee:ff` of a MAC address in any usual spelling; undefined if it is none. */
export function parseMac(text: string): string | undefined {
  const lower = text.toLowerCase();
  if (!mac.test(lower)) {
    return undefined;
  }
  return lower.length === 17 ? lower.replaceAll('-', ':') : lower.replaceAll(/[-:.]/g, '').match(/../g)!.join(':');
}

/** The station's MAC address: Calling-Station-Id (RFC 3580 section 3.21), else a User-Name that is one. */
export function macOf(packet: Packet): string | undefined {
  return parseMac(packet.text(attribute.callingStationId) ?? '') ?? parseMac(packet.text(attribute.userName) ?? '');
}

/** The network's name: what follows the access point's MAC address in Called-Station-Id (RFC 3580 section 3.20). */
export function ssidOf(packet: Packet): string | undefined {
  return macAndSsid.exec(packet.text(attribute.calledStationId) ?? '')?.groups?.['ssid'];
}
