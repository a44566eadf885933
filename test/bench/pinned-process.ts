import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';

/** A child process that is bound to one core and says what it has to say in lines of JSON. */
export class PinnedProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #waiting: ((line: string | undefined) => void)[] = [];
  readonly #kill = () => this.#child.kill('SIGKILL');
  #errors = '';

  /** `command`: the program and its arguments. */
  constructor(core: number, command: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    // taskset replaces itself by the program, so this pid is the program's.
    const child = spawn('taskset', ['-c', String(core), ...command], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    if (child.pid === undefined) {
      throw new Error(`${command.join(' ')} did not start`);
    }
    this.pid = child.pid;
    this.#child = child;
    prefer(child.pid);
    process.once('exit', this.#kill);
    this.#closed = once(child, 'close').then(() => {
      process.off('exit', this.#kill);
      this.#waiting.splice(0).forEach((resolve) => resolve(undefined));
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#errors = (this.#errors + text).slice(-4000)));
    this.#read(child.stdout);
  }

  /** One of the bench's own programs, under the same Node. */
  static ofBench(core: number, script: URL, options: object = {}): PinnedProcess {
    return new PinnedProcess(core, [process.execPath, script.pathname, JSON.stringify(options)]);
  }

  /** Lines that nobody waits for are dropped, so that the process never waits for us. */
  #read(stdout: NodeJS.ReadableStream): void {
    let rest = '';
    stdout.setEncoding('utf8');
    stdout.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line.startsWith('{')) this.#waiting.shift()?.(line);
      }
    });
  }

  /** The next JSON object on its stdout. */
  async message<T>(): Promise<T> {
    const line = await new Promise<string | undefined>((resolve) => this.#waiting.push(resolve));
    if (line === undefined) {
      throw new Error(`${this.#child.spawnargs.join(' ')} ended without an answer: ${this.#errors}`);
    }
    return JSON.parse(line) as T;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill(signal);
    }
    await this.#closed;
  }
}

/** Before others who use the machine, where that is permitted: its session is a group of its own to the scheduler (sched(7)). */
function prefer(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, '-19');
  } catch {
    // Whether it had its core is measured in any case.
  }
}

/** Runs one of the bench's programs to its end, for its one answer. */
export async function answerOf<T>(core: number, script: URL, options: object): Promise<T> {
  const child = PinnedProcess.ofBench(core, script, options);
  const answer = await child.message<T>();
  await child.stop();
  return answer;
}
