import { mostSsidBytes, type HeardNetwork, type HeardSecurity } from '../../domain/heard-network.ts';
import { frequencyOf, malformed, radioOf, withoutHidden } from './scan-lines.ts';

const row = /^(?:[0-9A-F]{2}\\:){5}[0-9A-F]{2}:/i;

export function isNmcliScan(lines: readonly string[]): boolean {
  return row.test(lines.find((line) => line.trim() !== '') ?? '');
}

/**
 * What `nmcli -t -f BSSID,SSID-HEX,FREQ,SIGNAL,SECURITY device wifi list` prints (nmcli(1), --terse): a line for each,
 * `:` between the fields and `\` before one that is in a field. It says no age, and the signal in percent. Errors:
 * `scan_malformed`.
 */
export function parseNmcliScan(lines: readonly string[]): HeardNetwork[] {
  return lines.flatMap((text, index) => {
    if (text === '') {
      return [];
    }
    const fields = (text.match(/(?:^|:)(?:\\.|[^\\:])*/g) ?? []).map((field, at) => (at === 0 ? field : field.slice(1)).replace(/\\(.)/g, '$1'));
    const [address = '', hex = '', frequency = '', percent = '', security = ''] = fields;
    if (fields.length !== 5 || !row.test(text)) {
      throw malformed(index + 1, 'these are not the fields BSSID,SSID-HEX,FREQ,SIGNAL,SECURITY of nmcli');
    }
    if (!/^(?:[0-9a-f]{2})*$/i.test(hex) || hex.length > 2 * mostSsidBytes) {
      throw malformed(index + 1, 'its second field is no SSID in hexadecimal');
    }
    const mhz = /^(\d{1,6}) MHz$/.exec(frequency)?.[1];
    if (mhz === undefined || !/^\d{1,3}$/.test(percent) || Number(percent) > 100) {
      throw malformed(index + 1, 'its third field is no frequency, or its fourth no signal in percent');
    }
    const bssid = radioOf(address);
    const ssid = withoutHidden(Uint8Array.from(hex.match(/../g) ?? [], (digits) => parseInt(digits, 16)));
    return bssid === undefined ? [] : [{ bssid, ssid, signalDbm: dbmOf(Number(percent)), frequencyMhz: frequencyOf(Number(mhz)), security: securityOf(security), ageMs: 0 }];
  });
}

/** The other way round than NetworkManager makes percents of it (nm_wifi_utils_level_to_quality): -100 dBm are 0, -40 are 100. */
function dbmOf(percent: number): number {
  return Math.round(-100 + percent * 0.6);
}

function securityOf(words: string): HeardSecurity {
  const has = (word: string) => words.split(' ').includes(word);
  if (has('802.1X') || has('WPA-EAP-SUITE-B-192')) return 'enterprise';
  if (has('WPA3')) return has('WPA2') ? 'wpa2-psk+wpa3-sae' : 'wpa3-sae';
  if (has('WPA2')) return 'wpa2-psk';
  if (has('WPA1')) return 'wpa';
  if (has('OWE')) return 'owe';
  if (has('WEP')) return 'wep';
  // OWE-TM is the open one of two, of which the other is encrypted.
  return words === '' || words === '--' || words === 'OWE-TM' ? 'open' : 'other';
}
