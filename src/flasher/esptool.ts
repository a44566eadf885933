import { Buffer } from 'node:buffer';
import { accessSync, constants } from 'node:fs';
import { access, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { LatchkeyError } from '../domain/errors.ts';
import { shown } from '../domain/shown-text.ts';
import { runProgram } from '../programs/run-program.ts';
import { FlashFailure, type FlashPort, type FlashRegion, type FlashStep, type Flasher } from '../roles/flashing/flasher.ts';

export interface EsptoolOptions {
  /** Its path; it is looked for on the PATH if not given. */
  readonly tool?: string | undefined;
  /** A folder of the user's own, for the files that are handed over. */
  readonly folder: string;
  /** How long one run of the tool may take. */
  readonly stepMs: number;
}

const names = process.platform === 'win32' ? ['esptool.exe', 'esptool.py.exe'] : ['esptool', 'esptool.py'];
const versionMs = 30_000;
const killAfterMs = 1000;
/** A run of the tool prints some hundred lines; progress bars of slow ports some thousand. */
const mostOutput = 4 * 1024 * 1024;
const keptOutput = 4096;
const longestDetail = 200;

/**
 * Espressif's esptool (docs.espressif.com/projects/esptool), versions 2 to 5. Version 5 writes commands and choices
 * with hyphens, those before it with underscores. Errors: `file_not_found` (no tool), `invalid_input` (it is no
 * esptool), `interrupted`.
 */
export async function openEsptool(options: EsptoolOptions, signal: AbortSignal): Promise<Flasher> {
  const path = options.tool ?? findTool();
  return new Esptool(path, await majorVersion(path, signal), options);
}

function findTool(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable);
  if (found === undefined) {
    throw new LatchkeyError('file_not_found', `There is no ${names.join(' and no ')} on the PATH.`, {
      hint: 'Install Espressif’s esptool, or name it with --tool PATH.',
    });
  }
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function majorVersion(tool: string, signal: AbortSignal): Promise<number> {
  if (!isExecutable(tool)) {
    throw new LatchkeyError('file_not_found', `There is no program ${tool}.`, { hint: 'Give the path of esptool with --tool.' });
  }
  const output = new Output();
  const limit = AbortSignal.any([signal, output.flooded, AbortSignal.timeout(versionMs)]);
  const code = await runProgram([tool, 'version'], { signal: limit, onOutput: output.add, alone: true, killAfterMs });
  signal.throwIfAborted();
  const version = /^(?:esptool(?:\.py)? )?v?(\d{1,3})\.\d+/m.exec(output.text);
  if (code !== 0 || version === null) {
    throw new LatchkeyError('invalid_input', `${tool} does not say its version as esptool does.`, { hint: 'Give the path of esptool with --tool.' });
  }
  return Number(version[1]);
}

class Esptool implements Flasher {
  readonly #tool: string;
  readonly #options: EsptoolOptions;
  /** A word of its command line as this version writes it. */
  readonly #word: (word: string) => string;

  constructor(tool: string, major: number, options: EsptoolOptions) {
    this.#tool = tool;
    this.#options = options;
    this.#word = (word) => (major >= 5 ? word : word.replaceAll('-', '_'));
  }

  async requirePort({ path }: FlashPort): Promise<void> {
    // Others are COM3, or rfc2217://… and socket://….
    if (path.startsWith('/')) {
      await access(path).catch((cause: unknown) => {
        throw new FlashFailure('port_missing', `There is no port ${path}.`, { cause });
      });
    }
  }

  async write(port: FlashPort, regions: readonly FlashRegion[], step: FlashStep): Promise<void> {
    await this.#withFolder(async (folder) => {
      const files: string[] = [];
      for (const { offset, bytes } of regions) {
        const file = join(folder, `${hex(offset)}.bin`);
        await writeFile(file, bytes, { flag: 'wx', mode: 0o600 });
        files.push(hex(offset), file);
      }
      await this.#run(port, 'no-reset', ['write-flash'], files, step);
    });
  }

  async read(port: FlashPort, { offset, length, last }: { offset: number; length: number; last: boolean }, step: FlashStep): Promise<Uint8Array> {
    return this.#withFolder(async (folder) => {
      const file = join(folder, 'read.bin');
      // It is there before the tool makes one that others of a group may read.
      await writeFile(file, '', { flag: 'wx', mode: 0o600 });
      await this.#run(port, last ? 'hard-reset' : 'no-reset', ['read-flash'], [hex(offset), hex(length), file], step);
      return readExactly(file, length);
    });
  }

  async #run(port: FlashPort, after: string, commands: readonly string[], args: readonly string[], { signal, onPercent }: FlashStep): Promise<void> {
    const { stepMs } = this.#options;
    const output = new Output(onPercent);
    const timeout = AbortSignal.timeout(stepMs);
    const words = [
      this.#tool,
      ...(port.chip === undefined ? [] : ['--chip', port.chip]),
      '--port', port.path,
      ...(port.baud === undefined ? [] : ['--baud', String(port.baud)]),
      '--after', this.#word(after),
      ...commands.map(this.#word), ...args,
    ];
    const code = await runProgram(words, {
      signal: AbortSignal.any([signal, timeout, output.flooded]),
      onOutput: output.add,
      alone: true,
      env: { NO_COLOR: '1', PYTHONUNBUFFERED: '1' },
      killAfterMs,
    }).catch((cause: unknown) => {
      throw new FlashFailure('tool_failed', `${this.#tool} cannot be started.`, { cause });
    });
    if (signal.aborted) {
      throw new FlashFailure('interrupted', 'It was interrupted.');
    }
    if (output.flooded.aborted) {
      throw new FlashFailure('tool_flooded', `The tool printed more than ${mostOutput / 1024 / 1024} MiB and was ended.`);
    }
    if (timeout.aborted) {
      throw new FlashFailure('timed_out', `The tool took longer than ${stepMs / 1000} s and was ended.`);
    }
    if (code !== 0) {
      throw new FlashFailure('tool_failed', `The tool ended with ${code ?? 'a signal'}${output.complaint}.`);
    }
  }

  async #withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
    let folder: string | undefined;
    try {
      folder = await mkdtemp(join(this.#options.folder, 'flash-'));
      return await work(folder);
    } catch (error) {
      throw error instanceof Error && 'syscall' in error
        ? new FlashFailure('tool_failed', `The files for the tool could not be written or read (${String((error as NodeJS.ErrnoException).code)}).`, { cause: error })
        : error;
    } finally {
      if (folder !== undefined) {
        await rm(folder, { recursive: true, force: true });
      }
    }
  }
}

/** What the tool prints: its end is kept, how far it is is told, and too much of it ends the tool. */
class Output {
  readonly #onPercent: ((percent: number) => void) | undefined;
  readonly #flood = new AbortController();
  #length = 0;
  #end = '';

  constructor(onPercent?: (percent: number) => void) {
    this.#onPercent = onPercent;
  }

  readonly add = (text: string): void => {
    this.#length += text.length;
    this.#end = (this.#end + text).slice(-keptOutput);
    if (this.#length > mostOutput) {
      this.#flood.abort();
    }
    const percent = text.match(/(\d{1,3})(?:\.\d+)? ?%/g)?.at(-1);
    if (percent !== undefined) {
      this.#onPercent?.(Math.min(100, Number.parseInt(percent, 10)));
    }
  };

  get flooded(): AbortSignal {
    return this.#flood.signal;
  }

  get text(): string {
    return this.#end;
  }

  /** What it complains of, to go behind a sentence. */
  get complaint(): string {
    const lines = this.#end.split(/[\r\n]+/).map((line) => line.trim()).filter((line) => line !== '');
    const line = lines.findLast((each) => /error|failed|could not/i.test(each)) ?? lines.at(-1);
    return line === undefined ? '' : `: ${shown(line).slice(0, longestDetail).replace(/[.\s]+$/, '')}`;
  }
}

async function readExactly(path: string, length: number): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const bytes = Buffer.alloc(length + 1);
    let filled = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled);
      filled += bytesRead;
      if (bytesRead === 0 || filled === bytes.length) {
        break;
      }
    }
    if (filled < length) {
      throw new FlashFailure('short_read', `${filled} of ${length} bytes were read back.`);
    }
    if (filled > length) {
      throw new FlashFailure('garbled', `More than the ${length} bytes that were asked for were read back.`);
    }
    return bytes.subarray(0, length);
  } finally {
    await file.close();
  }
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
