import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import { deriveWpaKey } from './wpa-key.ts';

// Guest and sharer's side compare, over the shared network itself, to which key the access code was sealed (protocol.md
// section 7). A server that put in a key of its own has opened the code and sealed it again to the guest's key, so nothing
// that it carries can be asked: only who is on the network can answer there. Both prove to know the Wi-Fi password, the
// guest first: so others on the network answer in nobody's place, and nobody who was not let in learns anything, or gets
// anything to guess passwords by that the network's own handshake does not give.

export interface ThumbprintQuestion {
  readonly requestId: string;
  /** 32 random bytes of the guest's, fresh for every question. */
  readonly nonce: Uint8Array;
}

/** 32 bytes: the key of the network's own handshake for WPA2 (IEEE 802.11, J.4.1), whatever the network is secured by. */
export function thumbprintKey({ ssid, password }: { readonly ssid: string; readonly password: string }): Promise<Uint8Array> {
  return deriveWpaKey(password, ssid);
}

/** The guest's: HMAC-SHA-256(key, `latchkey/1 thumbprint-question` ‖ 0 ‖ request id ‖ 0 ‖ nonce), 32 bytes. */
export function questionProof(key: Uint8Array, { requestId, nonce }: ThumbprintQuestion): Uint8Array {
  return mac(key, ['latchkey/1 thumbprint-question', requestId], nonce);
}

/**
 * The sharer's: HMAC-SHA-256(key, `latchkey/1 thumbprint-answer` ‖ 0 ‖ request id ‖ 0 ‖ thumbprint ‖ 0 ‖ nonce), 32 bytes.
 * `thumbprint`: of the key that the code was sealed to (RFC 7638), 43 characters.
 */
export function answerProof(key: Uint8Array, { requestId, nonce }: ThumbprintQuestion, thumbprint: string): Uint8Array {
  return mac(key, ['latchkey/1 thumbprint-answer', requestId, thumbprint], nonce);
}

function mac(key: Uint8Array, words: readonly string[], nonce: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update(words.map((word) => `${word}\0`).join('')).update(Buffer.from(nonce)).digest();
}
