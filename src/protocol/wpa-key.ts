import { pbkdf2, pbkdf2Sync } from 'node:crypto';
import { promisify } from 'node:util';

const rounds = 4096;
const keyBytes = 32;

/**
 * The pre-shared key that a passphrase gives on a network (IEEE 802.11, J.4.1): PBKDF2 with HMAC-SHA-1, the SSID as
 * salt, 4096 rounds; 64 hexadecimal digits.
 */
export function wpaKey(passphrase: string, ssid: string | Uint8Array): string {
  return pbkdf2Sync(passphrase, ssid, rounds, keyBytes, 'sha1').toString('hex');
}

/** The same as 32 bytes, in the thread pool: it takes a millisecond, and there may be thousands to make. */
export function deriveWpaKey(passphrase: string, ssid: string | Uint8Array): Promise<Uint8Array> {
  return promisify(pbkdf2)(passphrase, ssid, rounds, keyBytes, 'sha1');
}
