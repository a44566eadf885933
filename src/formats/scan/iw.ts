import { mostSsidBytes, type HeardNetwork } from '../../domain/heard-network.ts';
import { heardSecurity, type WayIn } from './announced-security.ts';
import { frequencyOf, radioOf, signalOf, withoutHidden } from './scan-lines.ts';

interface Block {
  readonly bssid: string | undefined;
  ssid: Uint8Array | undefined;
  signalDbm: number | undefined;
  frequencyMhz: number | undefined;
  ageMs: number | undefined;
  isPrivate: boolean | undefined;
  wpa: WayIn[] | undefined;
  rsn: WayIn[] | undefined;
  /** The element whose lines these are. */
  element: 'wpa' | 'rsn' | undefined;
}

const head = /^BSS ([0-9a-f:]{17})(?:\(on [^)]*\))?/i;

export function isIwScan(lines: readonly string[]): boolean {
  return lines.some((line) => head.test(line));
}

/**
 * What `iw dev … scan` prints (iw's scan.c): a block for each network, a line for each of its elements. Some of its lines
 * repeat text of the network's own making as it is, WPS' names for one, and may so look like any other line: what makes no
 * sense is passed over, lest one network hide all. One that begins a block of another can send that other's beacons as
 * well. Each character stands for a byte.
 */
export function parseIwScan(lines: readonly string[]): HeardNetwork[] {
  const blocks: Block[] = [];
  lines.forEach((text) => {
    const bssid = head.exec(text)?.[1];
    if (bssid !== undefined) {
      blocks.push({ bssid: radioOf(bssid), ssid: undefined, signalDbm: undefined, frequencyMhz: undefined, ageMs: undefined, isPrivate: undefined, wpa: undefined, rsn: undefined, element: undefined });
    } else if (blocks.length > 0) {
      take(blocks.at(-1)!, text);
    }
  });
  return blocks.flatMap(({ bssid, ssid = new Uint8Array(), signalDbm, frequencyMhz, ageMs = 0, isPrivate = false, wpa, rsn }) =>
    bssid === undefined ? [] : [{ bssid, ssid, signalDbm, frequencyMhz, security: heardSecurity({ isPrivate, wpa, rsn }), ageMs }],
  );
}

function take(block: Block, text: string): void {
  const [, name, value = ''] = /^\t([A-Za-z][A-Za-z ]*):[ \t]?(.*)$/.exec(text) ?? [];
  if (name === undefined) {
    const suites = /^\t+ \* Authentication suites: (.*)$/.exec(text)?.[1];
    if (suites !== undefined && block.element !== undefined) {
      block[block.element]!.push(...waysIn(suites));
    }
    return;
  }
  block.element = undefined;
  switch (name) {
    case 'SSID':
      // A hidden network has none in its beacon and one in its answer to who asks for it.
      if (block.ssid === undefined || block.ssid.length === 0) block.ssid = ssidOf(value);
      break;
    case 'freq':
      block.frequencyMhz ??= frequencyOf(numberOf(/^(\d{1,6})(?:\.\d+)?$/, value));
      break;
    case 'signal':
      // Some drivers know no dBm, and say `70/100`.
      block.signalDbm ??= signalOf(numberOf(/^(-?\d{1,3})\.-?\d+ dBm$/, value));
      break;
    case 'last seen':
      block.ageMs ??= numberOf(/^(\d{1,12}) ms ago$/, value);
      break;
    case 'capability':
      block.isPrivate ??= / Privacy\b/.test(` ${value}`);
      break;
    case 'WPA':
    case 'RSN':
      block.element = name === 'WPA' ? 'wpa' : 'rsn';
      block[block.element] ??= [];
      break;
  }
}

function numberOf(pattern: RegExp, value: string): number | undefined {
  const digits = pattern.exec(value)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Printable ASCII stands for itself, but for `\` and for blanks at its ends; these and all others are `\xNN`. */
function ssidOf(value: string): Uint8Array | undefined {
  const bytes = Uint8Array.from(value.match(/\\x[0-9a-f]{2}|[^]/g) ?? [], (part) => (part.length === 4 ? parseInt(part.slice(2), 16) : part.charCodeAt(0)));
  return bytes.length > mostSsidBytes ? undefined : withoutHidden(bytes);
}

/** The names of AKMs, of which those of 802.1X have blanks. */
function waysIn(suites: string): WayIn[] {
  return (suites.replaceAll('IEEE 802.1X', 'IEEE-802.1X').match(/\S+/g) ?? []).map((suite) =>
    /802\.1X|FILS/.test(suite) ? 'enterprise' : /\bPSK\b/.test(suite) ? 'psk' : /\bSAE\b/.test(suite) ? 'sae' : suite === 'OWE' ? 'owe' : 'other',
  );
}
