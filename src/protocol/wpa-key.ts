import { pbkdf2Sync } from 'node:crypto';

/**
 * The pre-shared key that a passphrase gives on a network (IEEE 802.11, J.4.1): PBKDF2 with HMAC-SHA-1, the SSID as
 * salt, 4096 rounds; 64 hexadecimal digits.
 */
export function wpaKey(passphrase: string, ssid: string | Uint8Array): string {
  return pbkdf2Sync(passphrase, ssid, 4096, 32, 'sha1').toString('hex');
}
