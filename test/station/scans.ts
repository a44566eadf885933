import type { HeardNetwork, HeardSecurity } from '../../src/domain/heard-network.ts';

type Heard = Partial<HeardNetwork> & Pick<HeardNetwork, 'bssid'>;

const elements: Readonly<Record<HeardSecurity, readonly string[]>> = {
  open: [],
  owe: rsn('OWE'),
  wep: [],
  wpa: ['\tWPA:\t * Version: 1', '\t\t * Group cipher: TKIP', '\t\t * Pairwise ciphers: TKIP', '\t\t * Authentication suites: PSK'],
  'wpa2-psk': rsn('PSK'),
  'wpa2-psk+wpa3-sae': rsn('PSK SAE'),
  'wpa3-sae': rsn('SAE'),
  enterprise: rsn('IEEE 802.1X FT/IEEE 802.1X'),
  other: rsn('00-0f-ac:99'),
};

function rsn(suites: string): string[] {
  return ['\tRSN:\t * Version: 1', '\t\t * Group cipher: CCMP', '\t\t * Pairwise ciphers: CCMP', `\t\t * Authentication suites: ${suites}`, '\t\t * Capabilities: 1-PTKSA-RC 1-GTKSA-RC (0x0000)'];
}

/** As `iw dev wlan0 scan` of iw 5.19 prints it (its scan.c and util.c). */
export function iwScan(networks: readonly Heard[]): string {
  return networks.map(iwBlock).join('');
}

function iwBlock({ bssid, ssid = Buffer.from('Home'), security = 'wpa2-psk', signalDbm, frequencyMhz = 2437, ageMs = 20 }: Heard): string {
  return [
    `BSS ${bssid}(on wlan0)`,
    '\tTSF: 1234567890 usec (0d, 00:20:34)',
    `\tfreq: ${frequencyMhz}`,
    '\tbeacon interval: 100 TUs',
    `\tcapability: ESS${security === 'open' ? '' : ' Privacy'} ShortSlotTime (0x0411)`,
    `\tsignal: ${signalDbm ?? -60}.00 dBm`,
    `\tlast seen: ${ageMs} ms ago`,
    '\tInformation elements from Probe Response frame:',
    `\tSSID: ${iwSsid(ssid)}`,
    '\tSupported rates: 1.0* 2.0* 5.5* 11.0* 6.0 9.0 12.0 18.0 ',
    '\tDS Parameter set: channel 6',
    '\tCountry: DE\tEnvironment: Indoor/Outdoor',
    '\t\tChannels [1 - 13] @ 20 dBm',
    ...elements[security],
    '\tHT capabilities:',
    '\t\tCapabilities: 0x1ad',
    '\tWMM:\t * Parameter version 1',
    '\t\t * BE: CW 15-1023, AIFSN 3',
    '',
  ].join('\n');
}

function iwSsid(ssid: Uint8Array): string {
  return [...ssid]
    .map((byte, at) => ((byte > 0x20 && byte < 0x7f && byte !== 0x5c) || (byte === 0x20 && at !== 0 && at !== ssid.length - 1) ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`))
    .join('');
}

/** SSIDs as somebody on the air may choose them, to do harm to those who look. */
export const hostileSsids: Readonly<Record<string, Uint8Array>> = {
  'that clears the screen': Buffer.from('\u001b[2J\u001b[1;1Hroot# '),
  'with line feeds': Buffer.from('a\r\nBSS 02:00:00:00:00:99\n\tSSID'),
  'of emoji': Buffer.from('🐙🏴‍☠️'),
  'that turns the direction of writing': Buffer.from('\u202egnp.exe'),
  'of 32 raw bytes': Uint8Array.from({ length: 32 }, (_, at) => (at * 37 + 0x80) % 256),
  'that is no UTF-8': Buffer.from('c328a0a1ff', 'hex'),
  'with backslashes': Buffer.from('\\x00\\e\\'),
  'between blanks': Buffer.from('  x  '),
  'with quotation marks, colons and tabs': Buffer.from('":\t\':|,'),
};
