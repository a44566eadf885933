import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What goes wrong at a port, for the next `times` runs of the command (always, if not given). */
export interface Fault {
  readonly command: 'write' | 'read';
  readonly kind: 'fail' | 'hang' | 'wait' | 'flood' | 'short' | 'flip' | 'garbage' | 'linger';
  readonly times?: number;
}

/**
 * A bench of boards, and an esptool for them: an executable that speaks the command line of version 4 or 5. What is
 * in a board's flash is in a file of its port. A port is there if its file is.
 */
export class StandInEsptool {
  readonly path: string;
  readonly #folder: string;

  /** `stepMs`: how long each writing and reading takes, beside its own start. */
  constructor(folder: string, { version = '5.3.1', name = 'esptool', stepMs = 0 } = {}) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    this.path = join(folder, name);
    writeFileSync(this.path, program(version, stepMs));
    chmodSync(this.path, 0o755);
  }

  /** Its path; a new board is on it, all 0xff. */
  port(name: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, '');
    writeFileSync(`${path}.flash`, Buffer.alloc(flashSize, 0xff));
    return path;
  }

  /** What is in the board's flash. */
  flash(port: string): Buffer {
    return readFileSync(`${port}.flash`);
  }

  fault(port: string, ...faults: readonly Fault[]): void {
    writeFileSync(`${port}.faults`, JSON.stringify(faults));
  }

  /** Whether a run at the port goes on. */
  isBusy(port: string): boolean {
    try {
      return process.kill(Number(readFileSync(`${port}.lock`, 'utf8')), 0);
    } catch {
      return false;
    }
  }

  /** Lets runs of the fault `wait` go on. */
  go(port: string): void {
    writeFileSync(`${port}.go`, '');
  }

  /** The command lines of all runs at the port, oldest first. */
  runs(port: string): string[][] {
    const log = `${port}.runs`;
    return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as string[]) : [];
  }
}

const flashSize = 0x40000;

function program(version: string, stepMs: number): string {
  const underscores = Number.parseInt(version, 10) < 5;
  return `#!${process.execPath}
const { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { spawn } = require('node:child_process');
const version = '${version}';
const say = (text) => process.stdout.write(text + '\\n');
const die = (text, code = 2) => { say('\\nA fatal error occurred: ' + text); process.exit(code); };
say('esptool${underscores ? '.py' : ''} v' + version);
const args = process.argv.slice(2);
const options = {};
while (args[0]?.startsWith('--')) {
  options[args.shift()] = args.shift();
}
const command = args.shift();
if (command === 'version') {
  say(version);
  process.exit(0);
}
const known = ${JSON.stringify(underscores ? ['write_flash', 'read_flash'] : ['write-flash', 'read-flash'])};
if (!known.includes(command)) die("'" + command + "' is no command");
if (!${JSON.stringify(underscores ? ['no_reset', 'hard_reset'] : ['no-reset', 'hard-reset'])}.includes(options['--after'])) die('--after', 64);
const port = options['--port'];
if (!existsSync(port)) die('Could not open ' + port + ", the port is busy or doesn't exist.");
appendFileSync(port + '.runs', JSON.stringify(process.argv.slice(2)) + '\\n');
const lock = port + '.lock';
const holder = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0;
try {
  if (holder > 0) process.kill(holder, 0);
  if (holder > 0) die('Could not open ' + port + ", the port is busy or doesn't exist.");
} catch {}
writeFileSync(lock, String(process.pid));
process.on('exit', () => rmSync(lock, { force: true }));
const unlock = () => process.exit(143);
process.on('SIGTERM', unlock);
const step = command.startsWith('write') ? 'write' : 'read';
const faultFile = port + '.faults';
const faults = existsSync(faultFile) ? JSON.parse(readFileSync(faultFile, 'utf8')) : [];
const fault = faults.find((each) => each.command === step && each.times !== 0);
if (fault?.times !== undefined) {
  fault.times -= 1;
  writeFileSync(faultFile, JSON.stringify(faults));
}
const kind = fault?.kind;
say('Connecting....');
if (Object.keys(process.env).some((name) => name.startsWith('LATCHKEY_'))) die('It got our variables.');
const pause = new Int32Array(new SharedArrayBuffer(4));
Atomics.wait(pause, 0, 0, ${stepMs});
if (kind === 'wait') {
  while (!existsSync(port + '.go')) Atomics.wait(pause, 0, 0, 20);
}
if (kind === 'fail') {
  process.stderr.write('A fatal error occurred: Failed to connect to ESP32: No serial data received.\\n');
  process.exit(2);
}
if (kind === 'hang') {
  process.off('SIGTERM', unlock);
  process.on('SIGTERM', () => {});
  say('hanging');
  setInterval(() => {}, 1000);
} else if (kind === 'flood') {
  const block = 'Connecting.......'.repeat(4096);
  const flood = () => process.stdout.write(block, flood);
  flood();
} else {
  if (kind === 'linger') {
    spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: ['ignore', 'inherit', 'inherit'] }).unref();
  }
  const flash = readFileSync(port + '.flash');
  if (step === 'write') {
    for (let at = 0; at < args.length; at += 2) {
      const bytes = readFileSync(args[at + 1]);
      say('Writing at 0x00009000... (50 %)');
      bytes.copy(flash, Number(args[at]));
    }
    say('Writing at 0x00009000... (100 %)');
    writeFileSync(port + '.flash', flash);
    say('Hash of data verified.');
  } else {
    const [offset, length, file] = args;
    const bytes = Buffer.from(flash.subarray(Number(offset), Number(offset) + Number(length)));
    if (kind === 'flip') bytes[100] ^= 1;
    if (kind === 'garbage') bytes.fill(0x5a);
    writeFileSync(file, kind === 'short' ? bytes.subarray(0, 1000) : bytes);
    say(length + ' (100 %)');
  }
}
`;
}
