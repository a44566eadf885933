/** A network that wpa_supplicant knows. */
export interface KnownNetwork {
  readonly id: number;
  /** As wpa_supplicant shows it, with escapes. */
  readonly ssid: string;
  readonly isCurrent: boolean;
  readonly isEnabled: boolean;
}

/** The reply to LIST_NETWORKS: a head, and for each network its id, SSID, BSSID and flags, between tabs. */
export function parseNetworks(lines: readonly string[]): KnownNetwork[] {
  return lines.flatMap((line) => {
    const [id = '', ssid = '', , flags = ''] = line.split('\t');
    return /^\d+$/.test(id) ? [{ id: Number(id), ssid, isCurrent: flags.includes('[CURRENT]'), isEnabled: !flags.includes('[DISABLED]') }] : [];
  });
}
