import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { installedRadioKernel, type RadioKernel } from '../../../scripts/testing/radio-kernel.ts';
import { LabProcess } from './lab-process.ts';
import { OutputFile } from './output-file.ts';
import { VirtualMachine } from './virtual-machine.ts';

export interface LabOptions {
  /** How many radios there are: phy0 with wlan0, and so on. */
  readonly radios: number;
  readonly timeoutMs?: number;
}

export interface CallOptions {
  /** A network namespace that `lab.namespace` has made. */
  readonly namespace?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Call {
  readonly started: PromiseWithResolvers<number>;
  readonly ended: PromiseWithResolvers<number>;
}

const project = path.join(import.meta.dirname, '../../..');

/** The built program, as a command of the guest. */
export const latchkey = `node ${quoted(path.join(project, 'bin', 'run.js'))}`;

/** Boots a machine with radios and resolves when it takes commands. */
export async function startLab({ radios, timeoutMs = 90_000 }: LabOptions): Promise<Lab> {
  const kernel = installedRadioKernel();
  if (kernel === undefined) {
    throw new Error('The radio lab has no kernel: npm run test:radio sets it up.');
  }
  const lab = new Lab(kernel, radios);
  try {
    await lab.ready(timeoutMs);
    return lab;
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

/**
 * A virtual machine with radios that hear each other. It has the root of this machine, read-only with a layer of its
 * own over it; its own /tmp, /run, /dev, under which this machine's are below /host; and /lab, a folder that both sides
 * write to. The servers of this machine's loopback are at 10.0.2.2.
 */
export class Lab {
  /** The host's side of /lab. */
  readonly share: string;
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'latchkey-radio-'));
  readonly #machine: VirtualMachine;
  readonly #ready = Promise.withResolvers<void>();
  readonly #calls = new Map<string, Call>();
  readonly #processes: LabProcess[] = [];
  readonly #removeFolder = () => rmSync(this.#folder, { recursive: true, force: true });
  #lastCall = 0;

  constructor(kernel: RadioKernel, radios: number) {
    process.on('exit', this.#removeFolder);
    this.share = path.join(this.#folder, 'share');
    mkdirSync(this.share);
    copyFileSync(path.join(import.meta.dirname, 'guest.sh'), path.join(this.share, 'guest.sh'));
    this.write('settings', settings(kernel));
    const console = path.join(this.#folder, 'console');
    writeFileSync(console, '');
    this.#machine = new VirtualMachine({ kernel, radios, console, share: this.share, onLine: (line) => this.#onLine(line) });
    this.#ready.promise.catch(() => {});
    const off = () => this.#whenOff();
    this.#machine.ended.then(off, off);
  }

  async ready(timeoutMs: number): Promise<void> {
    const late = () => this.#ready.reject(new Error(`Not ready in ${timeoutMs} ms. The console's last lines:\n${this.#machine.log()}`));
    const timer = setTimeout(late, timeoutMs);
    await this.#ready.promise.finally(() => clearTimeout(timer));
  }

  /**
   * Runs a command of busybox's shell to its end. That shell has `ip`, `ping`, `nsenter` and much else in it, which
   * start fast and know less than the programs of these names, which are there by their paths.
   */
  async run(command: string, { timeoutMs = 30_000, ...options }: CallOptions & { readonly timeoutMs?: number } = {}): Promise<RunResult> {
    const { id, started, ended } = this.#call(command, options);
    const [stdout, stderr] = [this.#output(id, 'stdout'), this.#output(id, 'stderr')];
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new Error(`${command}: did not end in ${timeoutMs} ms:\n${stdout.tail()}\n${stderr.tail()}`));
      started.then((pid) => this.#machine.send(`kill ${pid} KILL`), () => {});
    }, timeoutMs);
    try {
      const code = await Promise.race([ended, late.promise]);
      return { code, stdout: stdout.text(), stderr: stderr.text() };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Runs a command that must go well, and resolves with its stdout. */
  async do(command: string, options: CallOptions & { readonly timeoutMs?: number } = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, options);
    if (code !== 0) {
      throw new Error(`${command}: exit code ${code}: ${stderr.trim()}`);
    }
    return stdout;
  }

  /** Starts one program that goes on, with its arguments; the name is for messages. */
  async start(name: string, command: string, options: CallOptions = {}): Promise<LabProcess> {
    const { id, started, ended } = this.#call(`exec 2>&1\nexec ${command}`, options);
    const labProcess = new LabProcess(name, await started, ended, this.#output(id, 'stdout'), (line) => this.#machine.send(line));
    this.#processes.push(labProcess);
    return labProcess;
  }

  /** Makes a network namespace with a loopback. */
  async namespace(name: string): Promise<void> {
    const file = `/run/netns/${name}`;
    await this.do(`mkdir -p /run/netns && : > ${file} && unshare --net=${file} ip link set lo up`);
  }

  /** Moves phyN, and with it wlanN, into a network namespace. It goes on to hear all others. */
  async moveRadio(radio: number, namespace: string): Promise<void> {
    await this.do(`iw phy phy${radio} set netns name ${namespace}`);
  }

  /** Writes a file below /lab and returns its path there. */
  write(name: string, text: string | Uint8Array): string {
    const file = path.join(this.share, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    return path.posix.join('/lab', name);
  }

  /** Reads a file below /lab. */
  read(name: string): string {
    return readFileSync(path.join(this.share, name), 'utf8');
  }

  /** What the guest's kernel and all programs that were started have written last, for messages to people. */
  log(): string {
    const logs = [['console', this.#machine.log()], ...this.#processes.map((process) => [process.name, process.tail()])];
    return logs.map(([name, text]) => `--- ${name}\n${text}\n`).join('\n');
  }

  /** Switches the machine off, at once, and removes what it left. */
  async stop(): Promise<void> {
    await this.#machine.switchOff();
    this.#removeFolder();
    process.off('exit', this.#removeFolder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #call(command: string, { namespace = '', env = {} }: CallOptions) {
    const id = String(++this.#lastCall);
    const call: Call = { started: Promise.withResolvers(), ended: Promise.withResolvers() };
    // Whoever waits hears of it; nobody has to.
    call.started.promise.catch(() => {});
    call.ended.promise.catch(() => {});
    this.#calls.set(id, call);
    const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}\n`);
    this.write(`calls/${id}/command`, `${exports.join('')}${command}\n`);
    this.write(`calls/${id}/stdout`, '');
    this.write(`calls/${id}/stderr`, '');
    this.#machine.send(`run ${id} ${namespace}`);
    return { id, started: call.started.promise, ended: call.ended.promise };
  }

  #output(id: string, name: 'stdout' | 'stderr'): OutputFile {
    return new OutputFile(path.join(this.share, 'calls', id, name));
  }

  #onLine(line: string): void {
    const [event, id = '', number] = line.split(' ');
    if (event === 'ready') {
      this.#ready.resolve();
    } else if (event === 'started') {
      this.#calls.get(id)?.started.resolve(Number(number));
    } else if (event === 'ended') {
      this.#calls.get(id)?.ended.resolve(Number(number));
      this.#calls.delete(id);
    }
  }

  #whenOff(): void {
    const error = new Error(`The machine is off. The console's last lines:\n${this.#machine.log()}`);
    this.#ready.reject(error);
    for (const { started, ended } of this.#calls.values()) {
      started.reject(error);
      ended.reject(error);
    }
  }
}

function settings({ version, modules }: RadioKernel): string {
  const folders = [path.dirname(process.execPath), '/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  // Code that the tests on this side have compiled is as good there.
  const values = { version, modules, project, PATH: folders.join(':'), LATCHKEY_CACHE_HOME: path.join(project, '.cache', 'tests') };
  return Object.entries(values).map(([name, value]) => `${name}=${quoted(value)}\n`).join('');
}

/** As one word of the shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
