import { mostSsidBytes, type HeardNetwork } from '../../domain/heard-network.ts';
import { heardSecurity, type WayIn } from './announced-security.ts';
import { frequencyOf, malformed, radioOf, signalOf, withoutHidden } from './scan-lines.ts';

const head = /^bssid \/ frequency \/ signal level \/ flags \/ ssid\s*$/;

export function isWpaSupplicantScan(lines: readonly string[]): boolean {
  return lines.slice(0, 3).some((line) => head.test(line));
}

/**
 * What `wpa_cli scan_results` prints: a head, and for each network BSSID, MHz, dBm, flags and SSID between tabs. It says no
 * age. Errors: `scan_malformed`.
 */
export function parseWpaSupplicantScan(lines: readonly string[]): HeardNetwork[] {
  const begin = lines.findIndex((line) => head.test(line)) + 1;
  return lines.slice(begin).flatMap((text, index) => {
    if (text === '') {
      return [];
    }
    const [address = '', mhz = '', dbm = '', flags = '', name] = text.split('\t');
    if (name === undefined || !/^\d{1,6}$/.test(mhz) || !/^-?\d{1,4}$/.test(dbm)) {
      throw malformed(begin + index + 1, 'these are not the fields of scan_results');
    }
    const bssid = radioOf(address);
    const ssid = withoutHidden(ssidOf(name, begin + index + 1));
    const security = heardSecurity({ isPrivate: flags.includes('[WEP]'), wpa: waysIn(flags, /\[WPA-([^\]]*)\]/), rsn: waysIn(flags, /\[(?:WPA2|RSN)-([^\]]*)\]/) });
    return bssid === undefined ? [] : [{ bssid, ssid, signalDbm: signalOf(Number(dbm)), frequencyMhz: frequencyOf(Number(mhz)), security, ageMs: 0 }];
  });
}

const escapes: Readonly<Record<string, number>> = { '\\"': 0x22, '\\\\': 0x5c, '\\e': 0x1b, '\\n': 0x0a, '\\r': 0x0d, '\\t': 0x09 };

/** As its printf_encode writes it. */
function ssidOf(name: string, line: number): Uint8Array {
  const bytes = Uint8Array.from(name.match(/\\x[0-9a-f]{2}|\\.|[^]/g) ?? [], (part) => escapes[part] ?? (part.startsWith('\\x') ? parseInt(part.slice(2), 16) : part.charCodeAt(0)));
  if (bytes.length > mostSsidBytes) {
    throw malformed(line, `this SSID has ${bytes.length} bytes`);
  }
  return bytes;
}

function waysIn(flags: string, pattern: RegExp): WayIn[] | undefined {
  const suites = pattern.exec(flags)?.[1];
  if (suites === undefined) {
    return undefined;
  }
  const ways = ([['EAP', 'enterprise'], ['FILS', 'enterprise'], ['PSK', 'psk'], ['SAE', 'sae'], ['OWE', 'owe']] as const).flatMap(([word, way]) => (suites.includes(word) ? [way] : []));
  return ways.length === 0 ? ['other'] : ways;
}
