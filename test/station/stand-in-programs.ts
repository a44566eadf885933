import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** What happens to whoever selects another network than the one that is there already. */
export type Fate = 'joins' | 'wrong-key' | 'wrong-key-once' | 'no-key' | 'wrong-sae-password' | 'not-found' | 'full' | 'silence' | 'ends' | 'not-settable';

export const formerProfile = '5b1f8e52-7d5c-4c5c-9d8a-0a6d8f1d7c11';

/** A folder with programs that a PATH begins with, which write down what they are told. */
export class StandInPrograms {
  readonly folder = mkdtempSync(join(tmpdir(), 'latchkey-station-'));

  get path(): string {
    return [this.folder, process.env['PATH']].join(delimiter);
  }

  /**
   * wpa_cli on a station that is on `iot-setup` and knows two more networks. It speaks as one with readline does: what it is
   * told comes back.
   */
  wpaCli(fate: Fate, { keeps = true } = {}): void {
    this.program('wpa_cli', `const fate = '${fate}', keeps = ${keeps};\n${wpaCli}`);
  }

  /** nmcli of a machine whose interface is on `iot-setup`; `up` is what it says of any other profile, and its exit code. */
  nmcli(up: readonly [code: number, words: string], { address = '10.1.0.17/24', state = '100 (connected)' } = {}): void {
    const settings = { fate: up, address, state, formerProfile };
    this.program('nmcli', `const { fate, address, state, formerProfile } = ${JSON.stringify(settings)};\n${nmcli}`);
  }

  /** A program that writes down its arguments and ends with the code. */
  simple(name: string, code = 0): void {
    this.program(name, `said(process.argv.slice(2).join(' '));\nprocess.exit(${code});`);
  }

  /** A program that answers by its arguments, each time they come again with the next answer; the last one holds. */
  answering(name: string, answers: Readonly<Record<string, readonly (readonly [code: number, words: string])[]>>): void {
    this.program(
      name,
      `const told = process.argv.slice(2).join(' ');
const log = ${JSON.stringify(join(this.folder, `${name}.log`))};
const before = (() => { try { return readFileSync(log, 'utf8').split('\\n').filter((line) => line === told).length; } catch { return 0; } })();
said(told);
const replies = ${JSON.stringify(answers)}[told] ?? [[2, 'unexpected: ' + told]];
const [code, words] = replies[Math.min(before, replies.length - 1)];
(code === 0 ? process.stdout : process.stderr).write(words);
process.exitCode = code;`,
    );
  }

  remove(name: string): void {
    rmSync(join(this.folder, name), { force: true });
  }

  /** What the program was told, a line each. */
  told(name: string): string[] {
    const file = join(this.folder, `${name}.log`);
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  }

  forget(): void {
    ['wpa_cli', 'nmcli', 'ip', 'dhcpcd'].forEach((name) => rmSync(join(this.folder, `${name}.log`), { force: true }));
  }

  /** A folder in it. */
  made(name: string): string {
    const path = join(this.folder, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  program(name: string, script: string): void {
    const path = join(this.folder, name);
    const head = `#!${process.execPath}\nconst { appendFileSync, readFileSync, rmSync, statSync } = require('node:fs');\n`;
    writeFileSync(path, `${head}const said = (line) => appendFileSync(${JSON.stringify(`${path}.log`)}, line + '\\n');\n${script}\n`);
    chmodSync(path, 0o755);
  }
}

const wpaCli = `
const networks = [
  { id: 0, ssid: 'iot-setup', flags: '[CURRENT]' },
  { id: 1, ssid: 'Office', flags: '' },
  { id: 2, ssid: 'Old', flags: '[DISABLED]' },
];
let times = 0;
const answer = (...lines) => process.stdout.write(lines.map((line) => line + '\\n').join('') + '> ');
const event = (text) => process.stdout.write('\\r<3>' + text + '\\n> ');
const rejected = (status, type = 0) => 'CTRL-EVENT-AUTH-REJECT 02:00:00:00:00:00 auth_type=' + type + ' auth_transaction=2 status_code=' + status;
const trying = "SME: Trying to authenticate with 02:00:00:00:00:00 (SSID='Home' freq=2412 MHz)";
const fates = {
  joins: (id) => ['CTRL-EVENT-CONNECTED - Connection to 02:00:00:00:00:00 completed [id=' + id + ' id_str=]'],
  'wrong-key': (id) => [trying, 'CTRL-EVENT-DISCONNECTED bssid=02:00:00:00:00:00 reason=15', 'CTRL-EVENT-SSID-TEMP-DISABLED id=' + id + ' ssid="Home" auth_failures=1 duration=10 reason=WRONG_KEY'],
  'wrong-key-once': (id) => (times++ === 0 ? fates['wrong-key'](id) : fates.joins(id)),
  'no-key': () => Array(2).fill([trying, 'CTRL-EVENT-DISCONNECTED bssid=02:00:00:00:00:00 reason=2']).flat(),
  'wrong-sae-password': () => Array(2).fill([trying, rejected(15, 3)]).flat(),
  'not-found': () => Array(3).fill('CTRL-EVENT-NETWORK-NOT-FOUND '),
  full: () => Array(2).fill([trying, 'CTRL-EVENT-ASSOC-REJECT bssid=02:00:00:00:00:00 status_code=17']).flat(),
  silence: () => [],
  ends: () => ['CTRL-EVENT-TERMINATING '],
};
const commands = {
  PING: () => answer('PONG'),
  LIST_NETWORKS: () => answer('network id / ssid / bssid / flags', ...networks.map(({ id, ssid, flags }) => [id, ssid, 'any', flags].join('\\t'))),
  ADD_NETWORK: () => (networks.push({ id: 3, ssid: '', flags: '[DISABLED]' }), answer('3')),
  SET_NETWORK: (id, name, value) => {
    if (name === 'ssid') networks[3].ssid = Buffer.from(value, 'hex').toString();
    answer(fate === 'not-settable' && name !== 'ssid' ? 'FAIL' : 'OK');
  },
  SELECT_NETWORK: (id) => {
    answer('OK');
    (id === '0' ? fates.joins : fates[fate])(id).forEach(event);
  },
  SAVE_CONFIG: () => answer(keeps ? 'OK' : 'FAIL'),
};
said('argv ' + process.argv.slice(2).join(' ') + (process.env.HOME === undefined ? '' : ' HOME'));
process.stdout.write('wpa_cli v2.10\\n\\nInteractive mode\\n\\n> ');
require('node:readline').createInterface(process.stdin).on('line', (line) => {
  process.stdout.write(line + '\\n');
  const [, verb, ...words] = line.split(' ');
  if (verb !== 'PING') said([verb, ...words].join(' '));
  (commands[verb] ?? (() => answer('OK')))(...words);
});`;

const nmcli = `
const args = process.argv.slice(2);
const line = args.join(' ');
said(line);
const end = (code, text = '') => { process.stdout.write(text + (text === '' ? '' : '\\n')); process.exit(code); };
const up = /connection up uuid (\\S+)/.exec(line);
if (line.includes('GENERAL.STATE')) end(0, state);
if (line.includes('GENERAL.CON-UUID')) end(0, formerProfile);
if (line.includes('IP4.ADDRESS')) end(0, address);
if (line.startsWith('-g connection.autoconnect')) end(0, 'yes');
if (line.startsWith('connection load')) said('mode ' + (statSync(args[2]).mode & 0o777).toString(8) + ' psk ' + /psk=(.*)/.exec(readFileSync(args[2], 'utf8'))[1].length);
if (up && up[1] !== formerProfile) {
  if (fate[1] === 'hang') { setInterval(() => {}, 1000); return; }
  end(...fate);
}
end(0);`;
