import { LatchkeyError } from './errors.ts';

/** Bytes of a UID: single, double or triple (ISO/IEC 14443-3, 6.5.4), and 8 where a reader has cards of other kinds. */
const lengths = [4, 7, 8, 10];
/** First byte of a single UID that is drawn anew for each tap (ISO/IEC 14443-3, 6.5.4). */
const randomFirst = 0x08;

/**
 * A card's UID as lower-case hex, as the reader gave it. It identifies and authorises nothing: anybody can make a card
 * that has it. Errors: `invalid_input`; `random_identifier` for 4 bytes that begin with 08, which name nobody a moment
 * later.
 */
export function nfcIdentifier(uid: Uint8Array): string {
  if (!lengths.includes(uid.length)) {
    throw new LatchkeyError('invalid_input', `A card’s UID has 4, 7, 8 or 10 bytes; this one has ${uid.length}.`);
  }
  if (uid.length === 4 && uid[0] === randomFirst) {
    throw new LatchkeyError('random_identifier');
  }
  return Array.from(uid, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A UID as people and files write it: hex of either case, perhaps with `:`, `-` or a blank between bytes. Errors: as `nfcIdentifier`. */
export function parseNfcIdentifier(text: string): string {
  if (!/^[0-9a-f]{2}(?:([:\- ]?)[0-9a-f]{2}(?:\1[0-9a-f]{2})*)?$/i.test(text)) {
    throw new LatchkeyError('invalid_input', 'This is not the UID of a card, such as 04:a2:2b:91:5c:66:80.');
  }
  const digits = text.replace(/[:\- ]/g, '');
  return nfcIdentifier(Uint8Array.from({ length: digits.length / 2 }, (_, at) => Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16)));
}
