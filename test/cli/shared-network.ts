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
  readonly #cli: CommandLine;

  constructor(cli: CommandLine, name: string | Uint8Array = 'Home', bssid = newBssid()) {
    this.#cli = cli;
    this.bssid = bssid;
    this.name = Buffer.from(name as string);
    const id = bssid.replaceAll(':', '');
    [this.scan, this.hook, this.#log] = [`${id}.scan`, `${id}.hook`, `${id}.log`].map((file) => join(cli.folder, file)) as [string, string, string];
    this.isCalled(this.name);
    this.renames();
  }

  /** What the network is called from now on, to whoever hears it. */
  isCalled(name: string | Uint8Array): void {
    writeFileSync(this.scan, iwScan([{ bssid: this.bssid, ssid: Buffer.from(name as string) }]));
  }

  /** A hook that renames the network as it is told; `fails` at a step, or renames it to nothing that was asked for. */
  renames({ fails = [] as readonly string[], deaf = false } = {}): void {
    const block = iwScan([{ bssid: this.bssid, ssid: Buffer.from('@') }]);
    const script = `#!${process.execPath}
const { appendFileSync, writeFileSync } = require('node:fs');
const step = process.argv.at(-1);
const { LATCHKEY_FIRST_SSID_HEX: first, LATCHKEY_SECOND_SSID_HEX: second } = process.env;
const escaped = (hex) => hex.replace(/../g, '\\\\x$&');
if (!${deaf} && step !== 'pre') writeFileSync(${JSON.stringify(this.scan)}, ${JSON.stringify(block)}.replace('SSID: @', 'SSID: ' + escaped(step === 'set' ? second : first)));
appendFileSync(${JSON.stringify(this.#log)}, step + '\\n');
process.exit(${JSON.stringify(fails)}.includes(step) ? 1 : 0);
`;
    writeFileSync(this.hook, script);
    chmodSync(this.hook, 0o755);
  }

  /** What the hook was told so far. */
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
