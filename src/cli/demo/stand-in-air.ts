import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Radio waves of a story: what is heard stands in a file, and a network there can be renamed. */
export class StandInAir {
  /** What whoever scans hears (`--scan`). */
  readonly scan: string;
  /** What renames the network (`--hook`). */
  readonly hook: string;

  constructor(folder: string, network: { readonly ssid: string; readonly bssid: string }, others: readonly HeardInStory[]) {
    this.scan = join(folder, 'air.json');
    this.hook = join(folder, 'rename');
    const radio = { bssid: network.bssid, signal_dbm: -48, frequency_mhz: 2437, security: 'wpa2-psk' };
    writeFileSync(this.scan, JSON.stringify([{ ...radio, ssid_text: network.ssid }, ...others]));
    // Names of a story are plain, so that they need no escapes in JSON.
    const line = (name: string) => JSON.stringify([{ ...radio, ssid_text: '@' }, ...others]).replace('@', `'"$${name}"'`);
    writeFileSync(
      this.hook,
      `#!/bin/sh
case "$1" in
  set) printf '%s' '${line('LATCHKEY_SECOND_SSID')}' ;;
  restore) printf '%s' '${line('LATCHKEY_FIRST_SSID')}' ;;
  *) exit 0 ;;
esac > '${this.scan}.new' && mv '${this.scan}.new' '${this.scan}'
`,
    );
    chmodSync(this.hook, 0o700);
  }
}

interface HeardInStory {
  readonly bssid: string;
  readonly ssid_text: string;
  readonly signal_dbm: number;
  readonly security: string;
}
