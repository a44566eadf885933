import { spawn, type ChildProcess } from 'node:child_process';
import { LatchkeyError } from '../domain/errors.ts';
import { administrationFolders } from '../programs/run-administration-program.ts';
import { programEnvironment } from '../programs/run-program.ts';
import { OutputLines } from './output-lines.ts';

export interface ControlOptions {
  /** Whose control socket it is. */
  readonly daemon: 'hostapd' | 'wpa_supplicant';
  /** What speaks with it, looked for on the PATH: hostapd_cli or wpa_cli if not given. */
  readonly program?: string | undefined;
  /** The daemon's `ctrl_interface`; the program's own default if not given. */
  readonly directory?: string | undefined;
  /** The interface there, of a BSS or a station. */
  readonly interface: string;
  /** The code of whatever goes wrong. */
  readonly trouble: 'radio_unreachable' | 'wifi_unavailable';
  /** Hears events such as `AP-STA-CONNECTED 02:00:00:00:01:00 keyid=dev1`. */
  readonly onEvent: (event: string) => void;
  /** The daemon answers: for the first time, or again after it was away. */
  readonly onUp?: (() => void) | undefined;
  /** It no longer does, or could not be reached. */
  readonly onDown?: ((error: LatchkeyError) => void) | undefined;
}

interface Question {
  /** Nothing: only whether it answers. */
  readonly command: string | undefined;
  readonly withinMs: number;
  readonly resolve: (reply: string[]) => void;
  readonly reject: (error: Error) => void;
}

const programs = { hostapd: 'hostapd_cli', wpa_supplicant: 'wpa_cli' } as const;
const answerMs = 3000;
const againMs = 500;

/**
 * The control socket of hostapd or wpa_supplicant. It is a datagram socket, which Node cannot open: one hostapd_cli or
 * wpa_cli stays in between, in its interactive mode, and looks each second whether the daemon is there. Commands go to its
 * standard input, so what is secret in them is in no argument. It mixes replies with events, prompts and, where it has
 * readline, what it was told, so behind each question goes a ping whose pong ends the reply. Whatever goes wrong with it,
 * it is ended and started anew.
 */
export class ControlProgram {
  readonly #options: ControlOptions;
  readonly #program: string;
  #child: ChildProcess | undefined;
  #isUp = false;
  #asking: Question | undefined;
  #reply: string[] = [];
  #queue: Question[] = [];
  #deadline: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;
  #trouble = 'it has not answered yet';
  #closed = false;

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#program = options.program ?? programs[options.daemon];
    this.#start();
  }

  /**
   * Sends a command as it is, on one line, and resolves to the lines of its reply. Rejects with the code of `trouble`;
   * then it is not known whether the daemon has done it.
   */
  ask(command: string, withinMs = answerMs): Promise<string[]> {
    return this.#question(`raw ${command}`, withinMs);
  }

  /** A command of the program itself, such as `all_sta`, which it puts together out of several. */
  askProgram(command: string): Promise<string[]> {
    return this.#question(command);
  }

  /** Whether the same daemon still answers. */
  async ping(): Promise<void> {
    await this.#question(undefined);
  }

  close(): void {
    this.#closed = true;
    this.#down('it is closed');
    clearTimeout(this.#again);
  }

  #start(): void {
    const { directory, interface: name } = this.#options;
    const args = [...(directory === undefined ? [] : ['-p', directory]), '-i', name, '-G', '1'];
    // wpa_cli shows what it is told as on a terminal, wherever we run: on one that is so wide, a line is a line.
    const env: NodeJS.ProcessEnv = { ...programEnvironment(), PATH: administrationFolders(), TERM: 'dumb', COLUMNS: '10000', INPUTRC: '/dev/null' };
    // Where its home is, it keeps a history of what it was told.
    delete env['HOME'];
    // Ctrl-C is for us alone: there may be things to undo over it. It ends when its standard input does.
    const child = spawn(this.#program, args, { env, stdio: ['pipe', 'pipe', 'ignore'], detached: true });
    this.#child = child;
    const lines = new OutputLines((line) => this.#child === child && this.#hear(line));
    child.stdout.setEncoding('utf8').on('data', (text: string) => lines.add(text));
    child.stdin.on('error', () => {});
    child.once('error', (error) => this.#child === child && this.#down(`${this.#program} cannot be started (${(error as NodeJS.ErrnoException).code})`));
    child.once('exit', () => this.#child === child && this.#down(`${programs[this.#options.daemon]} has ended`));
    const hello: Question = {
      command: undefined,
      withinMs: answerMs,
      resolve: () => {
        this.#isUp = true;
        this.#options.onUp?.();
      },
      reject: () => {},
    };
    this.#enqueue(hello);
  }

  #question(command: string | undefined, withinMs = answerMs): Promise<string[]> {
    return new Promise((resolve, reject) => {
      if (this.#isUp) {
        this.#enqueue({ command, withinMs, resolve, reject });
      } else {
        reject(this.#unreachable());
      }
    });
  }

  #enqueue(question: Question): void {
    this.#queue.push(question);
    this.#askNext();
  }

  #askNext(): void {
    if (this.#asking !== undefined) {
      return;
    }
    const next = this.#queue.shift();
    if (next === undefined) {
      return;
    }
    this.#asking = next;
    this.#reply = [];
    this.#deadline = setTimeout(() => this.#down(`${this.#options.daemon} says nothing on ${this.#options.interface}`), next.withinMs);
    this.#child?.stdin?.write(`${next.command === undefined ? '' : `${next.command}\n`}raw PING\n`);
  }

  #hear(line: string): void {
    const event = /^<\d+>(.*)$/.exec(line)?.[1];
    if (event !== undefined) {
      this.#options.onEvent(event);
      // A device's own words are in it, line ends and all (hostapd 2.10): what comes behind it may not be hostapd's.
      if (event.startsWith('DPP-MUD-URL')) {
        this.#down('a device has spoken in its place');
      }
      if (event.startsWith('CTRL-EVENT-TERMINATING')) {
        this.#down(`${this.#options.daemon} has ended`);
      }
      return;
    }
    if (daemonIsGone.test(line)) {
      this.#down(`${this.#options.daemon} does not answer on ${this.#options.interface}`);
      return;
    }
    const question = this.#asking;
    const isEcho = line === question?.command || line.startsWith('raw ');
    if (question === undefined || isEcho) {
      return;
    }
    if (line !== 'PONG') {
      this.#reply.push(line);
      return;
    }
    clearTimeout(this.#deadline);
    this.#asking = undefined;
    question.resolve(this.#reply);
    this.#askNext();
  }

  /** Ends this program and everything asked of it; another is started a moment later. */
  #down(trouble: string): void {
    const child = this.#child;
    if (child === undefined) {
      return;
    }
    this.#child = undefined;
    this.#isUp = false;
    this.#trouble = trouble;
    clearTimeout(this.#deadline);
    // One that is well removes its own socket.
    child.kill(this.#closed ? 'SIGTERM' : 'SIGKILL');
    const asked = [this.#asking, ...this.#queue];
    this.#asking = undefined;
    this.#queue = [];
    asked.forEach((question) => question?.reject(this.#unreachable()));
    clearTimeout(this.#again);
    if (!this.#closed) {
      this.#again = setTimeout(() => this.#start(), againMs);
      this.#options.onDown?.(this.#unreachable());
    }
  }

  #unreachable(): LatchkeyError {
    const { daemon, interface: name, directory, trouble } = this.#options;
    const where = directory === undefined ? '' : ` in ${directory}`;
    return new LatchkeyError(trouble, `${daemon}’s control socket for ${name}${where}: ${this.#trouble}.`);
  }
}

/** What the program prints when the other end of its socket is not there. */
const daemonIsGone = /^('.*' command (failed|timed out)\.|Not connected to (hostapd|wpa_supplicant)|Connection to (hostapd|wpa_supplicant) lost)/;
