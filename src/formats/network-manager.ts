import type { Credential } from '../roles/device/ports.ts';

/**
 * A connection profile for NetworkManager, in its keyfile format (nm-settings-keyfile(5)), as
 * `nmcli --offline connection add type wifi` prints it. `uuid` names the profile.
 */
export function networkManagerKeyfile({ ssid, password, security }: Credential, uuid: string): string {
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
