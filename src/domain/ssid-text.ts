import { LatchkeyError } from './errors.ts';
import { mostSsidBytes } from './heard-network.ts';
import { utf8Length } from './ssid.ts';

// An SSID is bytes: to be matched by them, and only shown as text.

/**
 * For `shown`: what is UTF-8 (RFC 3629) as its characters, any other byte as the surrogate U+DC80 to U+DCFF that `shown`
 * writes as `\xNN`. Nothing at all is `(hidden)`.
 */
export function ssidText(ssid: Uint8Array): string {
  if (ssid.length === 0) {
    return '(hidden)';
  }
  let text = '';
  for (let at = 0; at < ssid.length;) {
    const length = characterLength(ssid, at);
    text += length === 0 ? String.fromCharCode(0xdc00 + ssid[at]!) : String.fromCodePoint(codePoint(ssid.subarray(at, at + length)));
    at += length || 1;
  }
  return text;
}

/** An SSID that somebody typed: the bytes of its UTF-8. Errors: `invalid_input`. */
export function parseTypedSsid(text: string): Uint8Array {
  const bytes = utf8Length(text);
  if (bytes < 1 || bytes > mostSsidBytes) {
    throw new LatchkeyError('invalid_input', `An SSID has 1 to ${mostSsidBytes} bytes; this one has ${bytes}.`);
  }
  if (!text.isWellFormed()) {
    throw new LatchkeyError('invalid_input', 'This SSID is no UTF-8: give its bytes in hexadecimal.');
  }
  return Uint8Array.from(Array.from(text).flatMap((character) => utf8(character.codePointAt(0)!)));
}

/** One by its bytes in hexadecimal, as `1b5b324a`. Errors: `invalid_input`. */
export function parseSsidHex(text: string): Uint8Array {
  if (!/^(?:[0-9a-f]{2}){1,32}$/i.test(text)) {
    throw new LatchkeyError('invalid_input', `An SSID has 1 to ${mostSsidBytes} bytes, each of two hexadecimal digits.`);
  }
  return Uint8Array.from(text.match(/../g)!, (digits) => parseInt(digits, 16));
}

/** Of the character that begins there, in bytes; 0 if none does. */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  const length = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  const rest = bytes.subarray(at + 1, at + length);
  if (length === 0 || rest.length !== length - 1 || rest.some((byte) => byte >> 6 !== 0b10)) {
    return 0;
  }
  const point = codePoint(bytes.subarray(at, at + length));
  const isShortest = length < 3 || point >= (length === 3 ? 0x800 : 0x10000);
  return isShortest && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff) ? length : 0;
}

function codePoint([first = 0, ...rest]: Uint8Array): number {
  return rest.reduce((point, byte) => point << 6 | byte & 0x3f, rest.length === 0 ? first : first & (0x3f >> rest.length));
}

function utf8(point: number): number[] {
  const last = (shift: number) => 0x80 | point >> shift & 0x3f;
  return point < 0x80 ? [point]
    : point < 0x800 ? [0xc0 | point >> 6, last(0)]
    : point < 0x10000 ? [0xe0 | point >> 12, last(6), last(0)]
    : [0xf0 | point >> 18, last(12), last(6), last(0)];
}
