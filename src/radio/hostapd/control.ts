import { spawn, type ChildProcess } from 'node:child_process';
import { LatchkeyError } from '../../domain/errors.ts';
import { programEnvironment } from '../../programs/run-program.ts';
import { OutputLines } from './output-lines.ts';

export interface ControlOptions {
  /** hostapd's `ctrl_interface`, and the interface of the BSS there. */
  readonly directory: string;
  readonly bss: string;
  /** hostapd_cli, looked for on the PATH. */
  readonly program?: string | undefined;
  /** Hears events such as `AP-STA-CONNECTED 02:00:00:00:01:00 keyid=dev1`. */
  readonly onEvent: (event: string) => void;
  /** hostapd answers: for the first time, or again after it was away. */
  readonly onUp: () => void;
}

interface Question {
  /** Nothing: only whether it answers. */
  readonly command: string | undefined;
  readonly resolve: (reply: string[]) => void;
  readonly reject: (error: Error) => void;
}

const answerMs = 3000;
const againMs = 500;

/**
 * hostapd's control socket. It is a datagram socket, which Node cannot open: one hostapd_cli per BSS stays in between, in
 * its interactive mode, and looks each second whether hostapd is there. It mixes replies with events and prompts, so behind each question goes a ping whose pong ends
 * the reply. Whatever goes wrong with it, it is ended and started anew.
 */
export class HostapdControl {
  readonly #options: ControlOptions;
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
    this.#start();
  }

  /**
   * Sends a command as it is and resolves to the lines of its reply. Errors: `radio_unreachable`; then it is not known
   * whether hostapd has done it.
   */
  ask(command: string): Promise<string[]> {
    return this.#question(`raw ${command}`);
  }

  /** `all_sta`, which hostapd_cli puts together itself. */
  askStations(): Promise<string[]> {
    return this.#question('all_sta');
  }

  /** Whether the same hostapd still answers. */
  async ping(): Promise<void> {
    await this.#question(undefined);
  }

  close(): void {
    this.#closed = true;
    this.#down('it is closed');
  }

  #start(): void {
    const { directory, bss, program = 'hostapd_cli' } = this.#options;
    const child = spawn(program, ['-p', directory, '-i', bss, '-G', '1'], { env: programEnvironment(), stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child = child;
    const lines = new OutputLines((line) => this.#child === child && this.#hear(line));
    child.stdout.setEncoding('utf8').on('data', (text: string) => lines.add(text));
    child.stdin.on('error', () => {});
    child.once('error', (error) => this.#child === child && this.#down(`${program} cannot be started (${(error as NodeJS.ErrnoException).code})`));
    child.once('exit', () => this.#child === child && this.#down('hostapd_cli has ended'));
    const hello: Question = {
      command: undefined,
      resolve: () => {
        this.#isUp = true;
        this.#options.onUp();
      },
      reject: () => {},
    };
    this.#enqueue(hello);
  }

  #question(command: string | undefined): Promise<string[]> {
    return new Promise((resolve, reject) => {
      if (this.#isUp) {
        this.#enqueue({ command, resolve, reject });
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
    this.#deadline = setTimeout(() => this.#down(`hostapd says nothing on ${this.#options.bss}`), answerMs);
    this.#child?.stdin?.write(`${next.command === undefined ? '' : `${next.command}\n`}raw PING\n`);
  }

  #hear(line: string): void {
    const event = /^<\d+>(.*)$/.exec(line)?.[1];
    if (event !== undefined) {
      this.#options.onEvent(event);
      if (event.startsWith('CTRL-EVENT-TERMINATING')) {
        this.#down('hostapd has ended');
      }
      return;
    }
    if (hostapdIsGone.test(line)) {
      this.#down(`hostapd does not answer on ${this.#options.bss}`);
      return;
    }
    const question = this.#asking;
    if (question === undefined) {
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

  /** Ends this hostapd_cli and everything asked of it; another is started a moment later. */
  #down(trouble: string): void {
    const child = this.#child;
    if (child === undefined) {
      return;
    }
    this.#child = undefined;
    this.#isUp = false;
    this.#trouble = trouble;
    clearTimeout(this.#deadline);
    child.kill('SIGKILL');
    const asked = [this.#asking, ...this.#queue];
    this.#asking = undefined;
    this.#queue = [];
    asked.forEach((question) => question?.reject(this.#unreachable()));
    clearTimeout(this.#again);
    if (!this.#closed) {
      this.#again = setTimeout(() => this.#start(), againMs);
    }
  }

  #unreachable(): LatchkeyError {
    return new LatchkeyError('radio_unreachable', `hostapd’s control socket for ${this.#options.bss} in ${this.#options.directory}: ${this.#trouble}.`);
  }
}

/** What hostapd_cli prints when the other end of its socket is not there. */
const hostapdIsGone = /^('.*' command (failed|timed out)\.|Not connected to hostapd|Connection to hostapd lost)/;
