import { LatchkeyError } from '../domain/errors.ts';
import type { Credential } from '../roles/device/ports.ts';

/**
 * A connection profile for NetworkManager, in its keyfile format (nm-settings-keyfile(5)), as
 * `nmcli --offline connection add type wifi` prints it. `uuid` names the profile. Errors: `invalid_input`: it has no
 * setting for the identifier of an SAE password (nm-settings-keyfile(5), 802-11-wireless-security).
 */
export function networkManagerKeyfile({ ssid, password, passwordId, security }: Credential, uuid: string): string {
  if (security === 'wpa3-sae' && passwordId !== undefined) {
    throw new LatchkeyError('invalid_input', `NetworkManager cannot join ${ssid}: it has no setting for the identifier of a WPA3 password.`, {
      hint: 'Use wpa_supplicant itself, or `--format wpa_supplicant`.',
    });
  }
  return [
    '[connection]',
    `id=${value(ssid)}`,
    `uuid=${uuid}`,
    'type=wifi',
    '',
    '[wifi]',
    'mode=infrastructure',
    `ssid=${ssidValue(ssid)}`,
    '',
    '[wifi-security]',
    `key-mgmt=${security === 'wpa3-sae' ? 'sae' : 'wpa-psk'}`,
    `psk=${value(password)}`,
    '',
    '[ipv4]',
    'method=auto',
    '',
    '[ipv6]',
    'addr-gen-mode=default',
    'method=auto',
    '',
    '[proxy]',
    '',
  ].join('\n');
}

/** A string of GLib's key files: a leading blank would be lost and `\` begins an escape. */
function value(text: string): string {
  return text.replaceAll('\\', '\\\\').replace(/^ +/, (blanks) => '\\s'.repeat(blanks.length));
}

/** Printable ASCII as text, with `;` escaped, for that would make it a list; anything else as the list of its bytes. */
function ssidValue(ssid: string): string {
  if (/^[\x20-\x7e]+$/.test(ssid)) {
    return value(ssid.replaceAll(';', '\\;'));
  }
  return [...new TextEncoder().encode(ssid)].map((byte) => `${byte};`).join('');
}
