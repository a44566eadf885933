import type { OutputFile } from './output-file.ts';

export interface UntilOptions {
  readonly timeoutMs?: number;
  /** A mark: what was written before it does not count. */
  readonly since?: number;
}

/** A program in the guest that goes on until it is stopped. */
export class LabProcess {
  readonly name: string;
  /** Its exit code, when it has ended; 128 and more for signals. */
  readonly ended: Promise<number>;
  readonly #pid: number;
  readonly #output: OutputFile;
  readonly #send: (line: string) => void;

  constructor(name: string, pid: number, ended: Promise<number>, output: OutputFile, send: (line: string) => void) {
    this.name = name;
    this.ended = ended;
    this.#pid = pid;
    this.#output = output;
    this.#send = send;
  }

  /** All that it has written, to stdout and stderr. */
  output(): string {
    return this.#output.text();
  }

  /** How much it has written, to wait for something after it: `until(/…/, { since: process.mark() })`. */
  mark(): number {
    return this.output().length;
  }

  /** Waits until it writes what matches. Rejects with its last lines when it does not in time, or ends before. */
  async until(pattern: RegExp, { timeoutMs = 30_000, since = 0 }: UntilOptions = {}): Promise<RegExpExecArray> {
    const stop = new AbortController();
    const giveUp = (why: string) => stop.abort(new Error(`${this.name} ${why} before it wrote ${pattern}:\n${this.tail()}`));
    const timer = setTimeout(() => giveUp(`had ${timeoutMs} ms, which passed`), timeoutMs);
    this.ended.then((code) => giveUp(`ended with ${code}`), () => giveUp('was gone'));
    try {
      return await this.#output.until(pattern, since, stop.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  tail(): string {
    return this.#output.tail();
  }

  /** Signals it and all that it started. */
  kill(signal: 'HUP' | 'INT' | 'TERM' | 'KILL' | 'USR1' | 'USR2' | 'STOP' | 'CONT'): void {
    this.#send(`kill ${this.#pid} ${signal}`);
  }

  /** Ends it and waits until it has. */
  async stop(): Promise<number> {
    this.kill('TERM');
    return this.ended;
  }
}
