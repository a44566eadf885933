import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { watch } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { matchesOutput, type ConsoleCommand } from './console-blocks.ts';

const projectRoot = fileURLToPath(new URL('../../', import.meta.url));

/**
 * One bash in a home and network of its own, in which a guide's commands run one after the other as a reader
 * would type them; `latchkey` is the built program, `~/latchkey` the project's folder.
 */
export class ShellSession {
  readonly home: string;
  readonly #shell: ChildProcess;
  #output = '';
  #wake: () => void = () => {};
  #count = 0;

  private constructor(home: string, shell: ChildProcess) {
    this.home = home;
    this.#shell = shell;
    shell.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
      this.#wake();
    });
    shell.once('exit', () => this.#wake());
  }

  /** `more`: variables beside those of every session. */
  static async start(more: Readonly<Record<string, string>> = {}): Promise<ShellSession> {
    const home = await mkdtemp(path.join(tmpdir(), 'latchkey-guide-'));
    const bin = path.join(home, '.bin');
    await mkdir(bin);
    const shim = `#!/bin/sh\nexec '${process.execPath}' '${path.join(projectRoot, 'bin/run.js')}' "$@"\n`;
    await writeFile(path.join(bin, 'latchkey'), shim);
    await chmod(path.join(bin, 'latchkey'), 0o755);
    const secretKey = path.join(home, '.secret-key');
    await writeFile(secretKey, 'only for this guide, and long enough', { mode: 0o600 });
    await symlink(projectRoot, path.join(home, 'latchkey'));
    const env = {
      HOME: home,
      // Compiled code is shared: else it is compiled for every guide.
      LATCHKEY_CACHE_HOME: path.join(projectRoot, '.cache/tests'),
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      LANG: 'C.UTF-8',
      TZ: 'UTC',
      NO_COLOR: '1',
      COLUMNS: '100',
      LATCHKEY_SECRET_STORE: 'file',
      LATCHKEY_SECRET_KEY_FILE: secretKey,
      ...more,
    };
    const isolated = ['--net', '--kill-child', 'bash', '-c', 'ip link set lo up 2>/dev/null; exec bash --norc --noprofile 2>&1'];
    const unshare = process.getuid?.() === 0 ? isolated : ['--map-root-user', ...isolated];
    const shell = spawn('unshare', unshare, { cwd: home, env, stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    await once(shell, 'spawn');
    return new ShellSession(home, shell);
  }

  /** Runs a command to its end; gives what it printed and its exit code. */
  async run(command: string): Promise<{ output: string; exit: number }> {
    const mark = `--done-${process.pid}-${++this.#count}`;
    this.#output = '';
    this.#shell.stdin!.write(`{ ${command}\n} </dev/null\nprintf '%s %d\\n' '${mark}' $?\n`);
    const end = new RegExp(`${mark} (\\d+)\\n`);
    for (;;) {
      const found = end.exec(this.#output);
      if (found !== null) {
        return { output: this.#output.slice(0, found.index), exit: Number(found[1]) };
      }
      if (this.#shell.exitCode !== null) {
        throw new Error(`the shell ended; it printed ${JSON.stringify(this.#output)}`);
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Starts a command in the background; resolves once it has printed what is expected. */
  async runInBackground({ command, expected }: ConsoleCommand, signal: AbortSignal): Promise<string> {
    const log = path.join(this.home, `.background-${++this.#count}.log`);
    await writeFile(log, '');
    // Without a shell between, so that `kill $!` and `wait $!` reach the command itself.
    await this.run(`{ ${command} & } >'${log}' 2>&1`);
    let wake = () => {};
    const watcher = watch(log, () => wake());
    signal.addEventListener('abort', () => wake(), { once: true });
    try {
      for (;;) {
        // From before it is read: what is written meanwhile must not go unseen.
        const changed = new Promise<void>((resolve) => (wake = resolve));
        const output = await readFile(log, 'utf8');
        if (signal.aborted || matchesOutput([...expected, '…'], output)) {
          return output;
        }
        await changed;
      }
    } finally {
      watcher.close();
    }
  }

  async stop(): Promise<void> {
    const ended = once(this.#shell, 'exit');
    try {
      process.kill(-this.#shell.pid!, 'SIGTERM');
    } catch {
      // It has ended by itself.
    }
    if (this.#shell.exitCode === null && this.#shell.signalCode === null) {
      await ended;
    }
    // What it started may still be writing its last.
    await rm(this.home, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}
