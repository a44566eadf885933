import { Buffer } from 'node:buffer';
import type { LatchkeyError } from '../domain/errors.ts';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';
const none = 255;
const digitOf = new Uint8Array(128).fill(none);
for (const [digit, letter] of [...alphabet].entries()) {
  digitOf[letter.charCodeAt(0)] = digit;
}

/** Base45 (RFC 9285): only what a QR code holds as alphanumeric, three characters for two bytes. */
export function base45(bytes: Uint8Array): string {
  const text = Buffer.allocUnsafe(Math.ceil((bytes.length * 3) / 2));
  let at = 0;
  for (let index = 0; index < bytes.length; index += 2) {
    const pair = index + 1 < bytes.length;
    let value = pair ? bytes[index]! * 256 + bytes[index + 1]! : bytes[index]!;
    for (let digits = pair ? 3 : 2; digits > 0; digits -= 1) {
      text[at++] = alphabet.charCodeAt(value % 45);
      value = Math.floor(value / 45);
    }
  }
  return text.toString('latin1');
}

/** What `base45` writes and no more than that, from a place in the text to its end. Errors: what `refuse` makes of the reason. */
export function parseBase45(text: string, from: number, refuse: (detail: string) => LatchkeyError): Uint8Array {
  const length = text.length - from;
  const rest = length % 3;
  if (rest === 1) {
    throw refuse('its base45 is cut off');
  }
  const bytes = Buffer.allocUnsafe(Math.floor(length / 3) * 2 + (rest === 2 ? 1 : 0));
  let at = 0;
  for (let index = from; index < text.length; index += 3) {
    const pair = index + 2 < text.length;
    const value = digitAt(text, index, refuse) + digitAt(text, index + 1, refuse) * 45 + (pair ? digitAt(text, index + 2, refuse) * 2025 : 0);
    if (value > (pair ? 65_535 : 255)) {
      throw refuse(`the base45 at character ${index} stands for no ${pair ? 'two bytes' : 'byte'}`);
    }
    if (pair) {
      bytes[at++] = value >> 8;
    }
    bytes[at++] = value & 255;
  }
  return bytes;
}

function digitAt(text: string, index: number, refuse: (detail: string) => LatchkeyError): number {
  const unit = text.charCodeAt(index);
  const digit = unit < digitOf.length ? digitOf[unit]! : none;
  if (digit === none) {
    throw refuse(`character ${index} is none of base45`);
  }
  return digit;
}
