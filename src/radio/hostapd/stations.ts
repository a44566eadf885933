import type { Station } from '../../roles/agent/radio.ts';

export interface HostapdStation extends Station {
  /** It came on by SAE, which does not tell with whose password. */
  readonly isSae: boolean;
}

/** SAE and FT over SAE, each with its variant of longer keys (IEEE 802.11, 9.4.2.24.3). */
const saeSuites = ['00-0f-ac-8', '00-0f-ac-9', '00-0f-ac-24', '00-0f-ac-25'];

/**
 * Stations out of the lines of `all_sta`: an address, then `name=value` lines. Half-joined ones are in it, too, and left
 * out: only those in the state AUTHORIZED are on the network. Traffic is counted from the access point's side: `rx` came from
 * the station. Rates are in units of 100 kbit/s.
 */
export function parseStations(bss: string, lines: readonly string[]): HostapdStation[] {
  const stations: HostapdStation[] = [];
  let mac: string | undefined;
  let values = new Map<string, string>();
  const finish = () => {
    if (mac !== undefined && values.get('flags')?.includes('[AUTHORIZED]') === true) {
      stations.push(toStation(bss, mac, values));
    }
    values = new Map();
  };
  for (const line of lines) {
    const end = line.indexOf('=');
    if (end > 0) {
      values.set(line.slice(0, end), line.slice(end + 1));
    } else if (/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(line)) {
      finish();
      mac = line;
    }
  }
  finish();
  return stations;
}

function toStation(bss: string, mac: string, values: ReadonlyMap<string, string>): HostapdStation {
  const number = (name: string) => {
    const text = /^-?\d+/.exec(values.get(name) ?? '')?.[0];
    return text === undefined ? undefined : Number(text);
  };
  const bytes = (name: string) => BigInt(/^\d+/.exec(values.get(name) ?? '')?.[0] ?? '0');
  const kbps = (name: string) => {
    const rate = number(name);
    return rate === undefined ? undefined : rate * 100;
  };
  return {
    bss,
    mac,
    grantId: values.get('keyid'),
    isSae: saeSuites.includes(values.get('AKMSuiteSelector') ?? ''),
    bytesIn: bytes('rx_bytes'),
    bytesOut: bytes('tx_bytes'),
    seconds: number('connected_time') ?? 0,
    signalDbm: number('signal'),
    rateInKbps: kbps('rx_rate_info'),
    rateOutKbps: kbps('tx_rate_info'),
  };
}
