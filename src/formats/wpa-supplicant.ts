import { Buffer } from 'node:buffer';
import { wpaKey } from '../protocol/wpa-key.ts';
import type { Credential } from '../roles/device/ports.ts';

/**
 * A network block for wpa_supplicant.conf. Its quoted strings know no escapes, and a `"` inside them ends the string
 * where a `#` follows: such a text is written in hex, a passphrase as the key that it gives (IEEE 802.11, J.4.1).
 */
export function wpaSupplicantNetwork({ ssid, password, passwordId, security }: Credential): string {
  const lines =
    security === 'wpa3-sae'
      ? [`sae_password=${textOrHex(password)}`, ...(passwordId === undefined ? [] : [`sae_password_id="${passwordId}"`]), 'key_mgmt=SAE', 'ieee80211w=2']
      : [`psk=${isQuotable(password) ? `"${password}"` : wpaKey(password, ssid)}`, 'key_mgmt=WPA-PSK'];
  return ['network={', ...[`ssid=${textOrHex(ssid)}`, ...lines].map((line) => `\t${line}`), '}', ''].join('\n');
}

function textOrHex(text: string): string {
  return isQuotable(text) ? `"${text}"` : Buffer.from(text).toString('hex');
}

function isQuotable(text: string): boolean {
  return /^[\x20\x21\x23-\x7e]+$/.test(text);
}
