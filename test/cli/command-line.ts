import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { randomBytes } from 'node:crypto';
import { makeHome, program } from '../program.ts';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs on, and what it prints. */
export interface Running {
  readonly pid: number;
  /** The first line of standard output, past or to come, that `wanted` takes. */
  line<T>(wanted: (line: string) => T | undefined): Promise<T>;
  /** What it wrote to stderr so far. */
  readonly errors: () => string;
  readonly ended: Promise<Ran>;
  kill(signal: NodeJS.Signals): void;
}

/** The built program in a home of its own, as a script would run it: no terminal, no keychain. */
export class CommandLine {
  readonly folder: string;
  readonly env: Record<string, string>;
  readonly #remove: () => Promise<void>;
  readonly #running = new Set<Running>();

  private constructor(folder: string, env: Record<string, string>, remove: () => Promise<void>) {
    this.folder = folder;
    this.env = env;
    this.#remove = remove;
  }

  static async make(): Promise<CommandLine> {
    const { folder, env, remove } = await makeHome();
    const { LATCHKEY_PASSPHRASE: _, ...rest } = env;
    const keyFile = join(folder, 'secrets.key');
    writeFileSync(keyFile, randomBytes(32).toString('base64url'), { mode: 0o600 });
    // A key file opens the secret store at once; a passphrase takes a quarter of a second, as it should.
    return new CommandLine(folder, { ...rest, LATCHKEY_SECRET_KEY_FILE: keyFile }, remove);
  }

  file(name: string, content: string | Uint8Array): string {
    const path = join(this.folder, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }

  start(args: readonly string[], { input, env = {} }: { input?: string | Uint8Array; env?: Record<string, string> } = {}): Running {
    const child = spawn(process.execPath, [program, ...args], { env: { ...this.env, ...env }, cwd: this.folder, stdio: 'pipe' });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    const seen: string[] = [];
    const looking = new Set<() => void>();
    createInterface({ input: child.stdout }).on('line', (line) => {
      seen.push(line);
      looking.forEach((look) => look());
    });
    const ended = once(child, 'close').then(([code]) => {
      this.#running.delete(running);
      return { code: code as number | null, ...output };
    });
    const running: Running = {
      pid: child.pid!,
      errors: () => output.stderr,
      ended,
      kill: (signal) => void child.kill(signal),
      line: (wanted) =>
        Promise.race([
          new Promise<never>((_, reject) => {
            void ended.then(({ code, stderr }) => reject(new Error(`${args.join(' ')} ended with ${code}: ${stderr}`)));
          }),
          new Promise<NonNullable<ReturnType<typeof wanted>>>((resolve) => {
            const look = () => {
              for (const line of seen) {
                const found = wanted(line);
                if (found !== undefined) {
                  looking.delete(look);
                  resolve(found as NonNullable<ReturnType<typeof wanted>>);
                  return;
                }
              }
            };
            looking.add(look);
            look();
          }),
        ]),
    };
    this.#running.add(running);
    return running;
  }

  run(args: readonly string[], options: { input?: string | Uint8Array; env?: Record<string, string> } = {}): Promise<Ran> {
    return this.start(args, options).ended;
  }

  /** Runs with `--json` and returns the result; what fails throws. */
  async json<T = Record<string, any>>(args: readonly string[], options: { input?: string; env?: Record<string, string> } = {}): Promise<T> {
    const { code, stdout, stderr } = await this.run([...args, '--json'], options);
    if (code !== 0) {
      throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
    }
    return JSON.parse(stdout) as T;
  }

  /** Asks until the answer is as it is to be, and not for long. */
  async until<T>(args: readonly string[], isSo: (result: T) => boolean, options: { env?: Record<string, string> } = {}): Promise<T> {
    const end = performance.now() + 10_000;
    for (;;) {
      const result = await this.json<T>(args, options);
      if (isSo(result)) {
        return result;
      }
      if (performance.now() > end) {
        throw new Error(`${args.join(' ')} still says ${JSON.stringify(result)}`);
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#running].map(async (running) => {
        running.kill('SIGTERM');
        const overdue = setTimeout(() => running.kill('SIGKILL'), 10_000);
        await running.ended;
        clearTimeout(overdue);
      }),
    );
    await this.#remove();
  }
}

/** A line of NDJSON whose member has a value. */
export function jsonWith(member: string, value: unknown): (line: string) => Record<string, any> | undefined {
  return (line) => {
    const parsed = JSON.parse(line) as Record<string, any>;
    return parsed[member] === value ? parsed : undefined;
  };
}
