import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { iwScan } from '../station/scans.ts';
import type { CommandLine } from './command-line.ts';

/** An address that no other test has. */
export function newBssid(): string {
  return ['02', ...randomBytes(5).toString('hex').match(/../g)!].join(':');
}

/** A network on the air as scans in a file show it, and what renames it. */
export class SharedNetwork {
  readonly bssid: string;
  readonly name: Uint8Array;
  /** What is heard; written anew by the hook. */
  readonly scan: string;
  readonly hook: string;
  readonly #log: string;
  readonly #gone: string;
  readonly #cli: CommandLine;

  constructor(cli: CommandLine, name: string | Uint8Array = 'Home', bssid = newBssid()) {
    this.#cli = cli;
    this.bssid = bssid;
    this.name = Buffer.from(name as string);
    const id = bssid.replaceAll(':', '');
    [this.scan, this.hook, this.#log, this.#gone] = ['scan', 'hook', 'log', 'gone'].map((kind) => join(cli.folder, `${id}.${kind}`)) as [string, string, string, string];
    this.isCalled(this.name);
    this.renames();
  }

  /** What the network is called from now on, to whoever hears it. */
  isCalled(name: string | Uint8Array): void {
    writeFileSync(this.scan, iwScan([{ bssid: this.bssid, ssid: Buffer.from(name as string) }]));
  }

  /**
   * A hook that renames the network as it is told; `fails` at a step, changes nothing (`deaf`), or takes until `letGo` to set
   * the name back (`slow`).
   */
  renames({ fails = [] as readonly string[], deaf = false, slow = false } = {}): void {
    const block = iwScan([{ bssid: this.bssid, ssid: Buffer.from('@') }]);
    const script = `#!${process.execPath}
const { appendFileSync, existsSync, writeFileSync } = require('node:fs');
const step = process.argv.at(-1);
const { LATCHKEY_FIRST_SSID_HEX: first, LATCHKEY_SECOND_SSID_HEX: second } = process.env;
const escaped = (hex) => hex.replace(/../g, '\\\\x$&');
if (!${deaf} && step !== 'pre') writeFileSync(${JSON.stringify(this.scan)}, ${JSON.stringify(block)}.replace('SSID: @', 'SSID: ' + escaped(step === 'set' ? second : first)));
const end = () => {
  appendFileSync(${JSON.stringify(this.#log)}, step + '\\n');
  process.exit(${JSON.stringify(fails)}.includes(step) ? 1 : 0);
};
if (!${slow} || step !== 'restore') end();
setInterval(() => existsSync(${JSON.stringify(this.#gone)}) && end(), 10);
`;
    writeFileSync(this.hook, script);
    chmodSync(this.hook, 0o755);
  }

  letGo(): void {
    writeFileSync(this.#gone, '');
  }

  /** What the hook has done so far. */
  get steps(): string[] {
    return existsSync(this.#log) ? readFileSync(this.#log, 'utf8').trim().split('\n') : [];
  }

  /** What `share verify start` is given, without a renaming. */
  get claim(): string[] {
    return ['--ssid-hex', Buffer.from(this.name).toString('hex'), '--bssid', this.bssid, '--security', 'wpa2-psk'];
  }

  get cli(): CommandLine {
    return this.#cli;
  }
}
