/** A hostapd_cli to which so many stations are on as there are grants: each time that it is asked, all have sent something more. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const keyIds = readFileSync(process.argv[2]!, 'utf8').trimEnd().split('\n');
const start = Date.now();
let asked = 0;

const answers: Readonly<Record<string, () => string>> = {
  'raw PING': () => 'PONG',
  'raw RELOAD_WPA_PSK': () => 'OK',
  all_sta: () => {
    asked += 1;
    return keyIds.map(station).join('\n');
  },
};

createInterface({ input: process.stdin }).on('line', (line) => process.stdout.write(`${answers[line]?.() ?? 'UNKNOWN COMMAND'}\n> `));

/** As hostapd 2.10 tells of one, in most of its lines. */
function station(keyId: string, index: number): string {
  const mac = `02:00:00:00:${(index >> 8).toString(16).padStart(2, '0')}:${(index & 255).toString(16).padStart(2, '0')}`;
  const seconds = Math.floor((Date.now() - start) / 1000);
  return `${mac}
flags=[AUTH][ASSOC][AUTHORIZED][SHORT_PREAMBLE][WMM][HT]
aid=${index + 1}
capability=0x431
listen_interval=5
supported_rates=82 84 8b 96 0c 12 18 24 30 48 60 6c
timeout_next=NULLFUNC POLL
rx_packets=${asked * 10}
tx_packets=${asked * 10}
rx_bytes=${asked * 1000}
tx_bytes=${asked * 5000}
inactive_msec=12
signal=-50
rx_rate_info=540
tx_rate_info=540
connected_time=${seconds}
keyid=${keyId}`;
}
