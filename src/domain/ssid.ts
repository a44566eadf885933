import { LatchkeyError } from './errors.ts';

/** How a network is secured: by a pre-shared key, or by SAE (IEEE 802.11, 12.4). */
export const securities = ['wpa2-psk', 'wpa3-sae'] as const;
export type Security = (typeof securities)[number];

/** Bytes of a text in UTF-8, counted without Node. A lone surrogate counts as the three bytes of U+FFFD. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0)!;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** An SSID as text: 1 to 32 bytes of UTF-8 (IEEE 802.11, 9.4.2.2), no control characters. */
export function parseSsid(text: string): string {
  const bytes = utf8Length(text);
  if (bytes < 1 || bytes > 32) {
    throw new LatchkeyError('invalid_input', `An SSID has 1 to 32 bytes; this one has ${bytes}.`);
  }
  if (/[\u0000-\u001f\u007f]/.test(text) || !text.isWellFormed()) {
    throw new LatchkeyError('invalid_input', 'An SSID has no control characters here.');
  }
  return text;
}

/** A WPA passphrase: 8 to 63 printable ASCII characters (IEEE 802.11, J.4.1). */
export function parsePassphrase(text: string): string {
  if (!/^[\x20-\x7e]{8,63}$/.test(text)) {
    throw new LatchkeyError('invalid_input', 'A Wi-Fi password has 8 to 63 printable ASCII characters.');
  }
  return text;
}
