import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { LatchkeyError } from '../../domain/errors.ts';
import { wpaKey } from '../../protocol/wpa-key.ts';
import { interfaceCounters } from '../sharing/interface-counters.ts';

/** What stands for the air between a station and its access point: both count what it carries. */
export const storyInterface = 'lo';
const pieceBytes = 1_000_000;

/**
 * In the place of hostapd and a radio: the agent writes its file of keys and speaks with it as with hostapd, by a
 * `hostapd_cli` of its own. Who comes with the password of a grant is on, and what this machine's own interface carries
 * counts as its traffic, until its key is gone.
 */
export class StandInAccessPoint {
  /** What the agent is started with (`--hostapd-conf`). */
  readonly configuration: string;
  /** Where its `hostapd_cli` is. */
  readonly programs: string;
  readonly #ssid: string;
  readonly #keys: string;
  readonly #station: string;

  constructor(folder: string, ssid: string) {
    this.#ssid = ssid;
    this.#keys = join(folder, 'wpa_psk');
    this.#station = join(folder, 'station.json');
    this.configuration = join(folder, 'hostapd.conf');
    this.programs = join(folder, 'bin');
    mkdirSync(this.programs, { recursive: true });
    writeFileSync(this.#keys, '', { mode: 0o600 });
    writeFileSync(this.#station, 'null');
    const lines = ['interface=wlan0', `ctrl_interface=${folder}`, `ssid=${ssid}`, 'wpa=2', 'wpa_key_mgmt=WPA-PSK', 'rsn_pairwise=CCMP', `wpa_psk_file=${this.#keys}`];
    writeFileSync(this.configuration, `${lines.join('\n')}\n`);
    const program = join(this.programs, 'hostapd_cli');
    const script = join(folder, 'hostapd-cli.cjs');
    writeFileSync(script, controlProgram(this.#keys, this.#station));
    writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${script}'\n`);
    chmodSync(program, 0o700);
  }

  /** A station comes with a password. Errors: `password_wrong` if it is of no grant. */
  async join(mac: string, password: string): Promise<void> {
    const key = wpaKey(password, this.#ssid);
    const line = readFileSync(this.#keys, 'utf8').split('\n').find((each) => each.endsWith(` ${key}`));
    const grantId = /^keyid=(\S+)/.exec(line ?? '')?.[1];
    if (grantId === undefined) {
      throw new LatchkeyError('password_wrong', 'The network lets nobody in by that password.');
    }
    const { received, sent } = await interfaceCounters(storyInterface);
    writeFileSync(this.#station, JSON.stringify({ mac, grantId, received: Number(received), sent: Number(sent), at: Date.now() }));
  }

  /** Has the station send and receive until so much was counted in all since it came. */
  async carry(bytes: number): Promise<void> {
    const from = JSON.parse(readFileSync(this.#station, 'utf8')) as { received: number; sent: number };
    const isDone = async () => {
      const { received, sent } = await interfaceCounters(storyInterface);
      return Number(received + sent) - from.received - from.sent >= bytes;
    };
    const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    const piece = Buffer.alloc(pieceBytes);
    while (!(await isDone())) {
      await new Promise((resolve) => socket.write(piece, resolve));
    }
    socket.destroy();
    server.close();
  }
}

/** Understands as much of hostapd_cli as the agent asks of it. */
function controlProgram(keys: string, station: string): string {
  return `'use strict';
const { readFileSync } = require('node:fs');
const { createInterface } = require('node:readline');
const counted = () => readFileSync('/proc/self/net/dev', 'utf8').split('\\n').find((line) => line.trim().startsWith('${storyInterface}:')).split(':')[1].trim().split(' ').filter(Boolean).map(Number);
function stations() {
  const on = JSON.parse(readFileSync(${JSON.stringify(station)}, 'utf8'));
  if (on === null || !readFileSync(${JSON.stringify(keys)}, 'utf8').includes('keyid=' + on.grantId + ' ')) return [];
  return [
    on.mac, 'flags=[AUTH][ASSOC][AUTHORIZED]', 'AKMSuiteSelector=00-0f-ac-2', 'keyid=' + on.grantId,
    'rx_bytes=' + (counted()[8] - on.sent), 'tx_bytes=' + (counted()[0] - on.received),
    'connected_time=' + Math.round((Date.now() - on.at) / 1000),
  ];
}
createInterface({ input: process.stdin }).on('line', (line) => {
  const reply = line === 'raw PING' ? ['PONG'] : line === 'all_sta' ? stations() : ['OK'];
  for (const each of reply) console.log(each);
});
`;
}
