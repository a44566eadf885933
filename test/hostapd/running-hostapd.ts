import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** A hostapd without a radio that has taken a configuration. */
export class RunningHostapd implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
  }

  /** `configuration` for the folder in which its control sockets are to be. Throws what hostapd says if it refuses. */
  static async start(configuration: (controlDir: string) => string): Promise<RunningHostapd> {
    const folder = await mkdtemp(join(tmpdir(), 'hostapd-'));
    const file = join(folder, 'hostapd.conf');
    await writeFile(file, configuration(join(folder, 'control')));
    const child = spawn('hostapd', [file], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    const enabled = new Promise<boolean>((resolve) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (output.includes('lo: AP-ENABLED')) resolve(true);
      });
      child.once('close', () => resolve(false));
    });
    const running = new RunningHostapd(child, folder);
    if (!(await enabled)) {
      await running[Symbol.asyncDispose]();
      throw new Error(output);
    }
    return running;
  }

  /** What it says of its network, by name. */
  async status(): Promise<Record<string, string>> {
    const { stdout } = await execute('hostapd_cli', ['-p', join(this.#folder, 'control'), '-i', 'lo', 'status']);
    return Object.fromEntries(stdout.split('\n').map((line) => [line.split('=', 1)[0]!, line.slice(line.indexOf('=') + 1)]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, 'exit');
      this.#child.kill();
      await gone;
    }
    await rm(this.#folder, { recursive: true });
  }
}

/** The bytes of an SSID as hostapd shows it. */
export function shownBytes(text: string): Buffer {
  const named: Record<string, number> = { n: 10, r: 13, t: 9, e: 27, '"': 34, '\\': 92 };
  return Buffer.concat(
    (text.match(/\\x[0-9a-f]{2}|\\.|[^\\]/gu) ?? []).map((part) =>
      part.startsWith('\\x') ? Buffer.from(part.slice(2), 'hex') : part.startsWith('\\') ? Buffer.of(named[part[1]!]!) : Buffer.from(part),
    ),
  );
}
