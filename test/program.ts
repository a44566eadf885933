import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';

/** The built program, as users run it. */
export const program = path.join(import.meta.dirname, '../bin/run.js');

export interface Home {
  readonly folder: string;
  /** The sealing key of this home's database, 32 bytes. */
  readonly key: Buffer;
  readonly env: Record<string, string>;
  remove(): Promise<void>;
}

/** A home of its own: nothing of the user's is read or written, and no keychain is needed. */
export async function makeHome(): Promise<Home> {
  const folder = await mkdtemp(path.join(tmpdir(), 'latchkey-home-'));
  const key = randomBytes(32);
  const keyFile = path.join(folder, 'storage.key');
  await writeFile(keyFile, `${key.toString('base64url')}\n`, { mode: 0o600 });
  return {
    folder,
    key,
    env: {
      HOME: folder,
      // Compiled code is shared: else every program of every test compiles its own.
      LATCHKEY_CACHE_HOME: path.join(import.meta.dirname, '../.cache/tests'),
      PATH: process.env['PATH'] ?? '',
      NO_COLOR: '1',
      TZ: 'UTC',
      LATCHKEY_KEY_FILE: keyFile,
      LATCHKEY_SECRET_STORE: 'file',
      LATCHKEY_PASSPHRASE: 'only for tests',
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A program that goes on until it is ended, such as a server or an agent, started with `--json`. */
export class LongRunning {
  readonly child: ChildProcess;
  /** Its first line of JSON: that it is ready, and where. */
  readonly ready: Record<string, unknown>;
  readonly #errors: () => string;

  private constructor(child: ChildProcess, ready: Record<string, unknown>, errors: () => string) {
    this.child = child;
    this.ready = ready;
    this.#errors = errors;
  }

  static async start(args: readonly string[], env: Record<string, string>): Promise<LongRunning> {
    const child = spawn(process.execPath, [program, ...args, '--json'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-20_000)));
    const lines = createInterface({ input: child.stdout });
    const first = await Promise.race([once(lines, 'line'), once(child, 'exit')]);
    if (typeof first[0] !== 'string') {
      throw new Error(`${args.join(' ')} ended (${String(first[0] ?? first[1])}): ${errors}`);
    }
    return new LongRunning(child, JSON.parse(first[0]) as Record<string, unknown>, () => errors);
  }

  get errors(): string {
    return this.#errors();
  }

  /** Ends it and resolves when it is gone. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const gone = once(this.child, 'exit');
      this.child.kill(signal);
      await gone;
    }
  }
}

/** Runs the program to its end. */
export async function run(
  args: readonly string[],
  env: Record<string, string>,
  input = '',
): Promise<{ stdout: string; stderr: string; exit: number | null }> {
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => {}).end(input);
  const [exit] = (await once(child, 'close')) as [number | null];
  return { stdout, stderr, exit };
}
