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
  let bits = 0;
  // Digit by digit: a search reads hundreds, and this is several times as fast as `parseInt` of what is between the colons.
  for (let at = 0; at < bssid.length; at += 1) {
    const character = bssid.charCodeAt(at);
    if (character !== 0x3a) bits = bits * 16 + (character < 0x3a ? character - 0x30 : character - 0x57);
  }
  return bits;
}

/** From its 48 bits. */
export function bssidFromNumber(bits: bigint | number): string {
  return bits.toString(16).padStart(12, '0').match(/../g)!.join(':');
}
