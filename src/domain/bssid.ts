import { LatchkeyError } from './errors.ts';
import { quoted } from './shown-text.ts';

// The address of one radio of a network (IEEE 802.11, 4.3.2), as text: `02:00:00:00:01:00`.

/** Reads one with colons, hyphens or without; lower case with colons from then on. Errors: `invalid_input`, also for a group's or nobody's. */
export function parseBssid(text: string): string {
  const digits = /^(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|[0-9a-f]{12})$/i.test(text) ? text.replace(/[:-]/g, '').toLowerCase() : undefined;
  if (digits === undefined) {
    throw new LatchkeyError('invalid_input', `${quoted(text)} is no BSSID such as 02:00:00:00:01:00.`);
  }
  if (digits === '000000000000' || (parseInt(digits.slice(0, 2), 16) & 1) === 1) {
    throw new LatchkeyError('invalid_input', `${quoted(text)} is the address of no single radio.`);
  }
  return bssidFromNumber(BigInt(`0x${digits}`));
}

/** Its 48 bits; exact as a number, too. */
export function bssidNumber(bssid: string): number {
  // By their places: a search reads hundreds, and this is many times as fast as taking the colons out.
  const high = byteAt(bssid, 0) << 16 | byteAt(bssid, 3) << 8 | byteAt(bssid, 6);
  const low = byteAt(bssid, 9) << 16 | byteAt(bssid, 12) << 8 | byteAt(bssid, 15);
  return high * 0x1000000 + low;
}

function byteAt(bssid: string, at: number): number {
  return digit(bssid.charCodeAt(at)) << 4 | digit(bssid.charCodeAt(at + 1));
}

/** Of one of 0-9 and a-f. */
function digit(code: number): number {
  return code < 0x3a ? code - 0x30 : code - 0x57;
}

/** From its 48 bits. */
export function bssidFromNumber(bits: bigint | number): string {
  return bits.toString(16).padStart(12, '0').match(/../g)!.join(':');
}
