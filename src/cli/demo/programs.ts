import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { LatchkeyError, isErrorCode } from '../../domain/errors.ts';

const stopMs = 5_000;

interface Started {
  readonly child: ChildProcess;
  /** Lines of its standard output. */
  readonly lines: Interface;
  /** Its exit code, and what it wrote to stderr. */
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
}

interface Service<T> {
  readonly first: T;
  readonly events: Events;
  stop(): Promise<void>;
}

/**
 * Runs this very program as others would: with an environment of its own and secrets on standard input, never in
 * arguments. What is still running when the demonstration ends is stopped.
 */
export class Programs {
  readonly #env: NodeJS.ProcessEnv;
  readonly #running = new Set<Started>();

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  start(args: readonly string[], input?: string): Started {
    const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...args], {
      env: this.#env,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin!.on('error', () => {});
    child.stdin!.end(input);
    let stderr = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const started: Started = {
      child,
      lines: createInterface({ input: child.stdout! }),
      ended: once(child, 'close').then(([code]) => {
        this.#running.delete(started);
        return { code: code as number | null, stderr };
      }),
    };
    this.#running.add(started);
    return started;
  }

  /** Runs a command with `--json` to its end and returns its result. Errors: what the command says. */
  async json<T>(args: readonly string[], input?: string): Promise<T> {
    const { stdout, failure } = await this.#run(args, input);
    if (failure !== undefined) {
      throw named(args, failure);
    }
    return JSON.parse(stdout) as T;
  }

  /** Runs a command with `--json` that is to fail, and returns what it says; its result, too, if it has one all the same. */
  async refused<T>(args: readonly string[], input?: string): Promise<{ readonly failure: LatchkeyError; readonly result: T | undefined }> {
    const { stdout, failure } = await this.#run(args, input);
    if (failure === undefined) {
      throw named(args, new LatchkeyError('internal', 'It was to be refused.'));
    }
    return { failure, result: stdout === '' ? undefined : (JSON.parse(stdout) as T) };
  }

  async #run(args: readonly string[], input: string | undefined): Promise<{ readonly stdout: string; readonly failure: LatchkeyError | undefined }> {
    const started = this.start([...args, '--json'], input);
    let stdout = '';
    started.lines.on('line', (line) => {
      stdout += `${line}\n`;
    });
    const { code, stderr } = await started.ended;
    return { stdout, failure: code === 0 ? undefined : failureOf(stderr) };
  }

  /** Starts what goes on running, and resolves with the first of its events that `wanted` takes. */
  async service<T>(args: readonly string[], wanted: (event: unknown) => T | undefined, input?: string): Promise<Service<T>> {
    const started = this.start([...args, '--json'], input);
    const events = new Events(started);
    const ended = started.ended.then(({ stderr }): never => {
      throw named(args, failureOf(stderr));
    });
    // Once it runs, its end is no failure.
    ended.catch(() => {});
    return { first: await Promise.race([events.next(wanted), ended]), events, stop: () => stop(started) };
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#running].reverse().map((started) => stop(started)));
  }
}

/** What a service prints, event by event. */
export class Events {
  readonly #seen: unknown[] = [];
  readonly #waiting = new Set<() => void>();

  constructor({ lines }: Started) {
    lines.on('line', (line) => {
      this.#seen.push(JSON.parse(line));
      this.#waiting.forEach((look) => look());
    });
  }

  /** The first event, past or to come, that `wanted` takes. */
  next<T>(wanted: (event: unknown) => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const look = () => {
        for (const event of this.#seen) {
          const found = wanted(event);
          if (found !== undefined) {
            this.#waiting.delete(look);
            resolve(found);
            return;
          }
        }
      };
      this.#waiting.add(look);
      look();
    });
  }
}

async function stop({ child, ended }: Started): Promise<void> {
  child.kill('SIGTERM');
  const overdue = setTimeout(() => child.kill('SIGKILL'), stopMs);
  await ended;
  clearTimeout(overdue);
}

/** With which command it was. */
function named(args: readonly string[], { code, message }: LatchkeyError): LatchkeyError {
  return new LatchkeyError(code, `${args.filter((arg) => !arg.startsWith('-')).slice(0, 2).join(' ')}: ${message}`);
}

function failureOf(stderr: string): LatchkeyError {
  for (const line of stderr.trim().split('\n').reverse()) {
    const failure = parse(line);
    if (isErrorCode(failure?.['code'])) {
      return new LatchkeyError(failure['code'], String(failure['message']));
    }
  }
  return new LatchkeyError('internal', `It ended before its time: ${stderr.trim().slice(-500)}`);
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
