import type { Bss } from './bss.ts';
import { pskLine, writePskFile, type PskLine } from './psk-file.ts';
import { stateOf } from './replaced-file.ts';

/** A wpa_psk_file and who reads it. */
interface KeyFile {
  readonly path: string;
  readonly readers: readonly Bss[];
  /** What was last written, and what the file was then. */
  lines: readonly string[] | undefined;
  state: string | undefined;
}

/**
 * The grants' keys for WPA2 in the files that hostapd reads them from: whoever's key is taken out is off the air and
 * cannot come back (hostapd.conf, wpa_psk_file; RELOAD_WPA_PSK of its control interface).
 */
export class PskKeys {
  readonly #files: readonly KeyFile[];
  /** Those that have read their file as it is. */
  readonly #inStep = new Set<Bss>();

  /** What was asked for last, and its lines. */
  #keys: readonly PskLine[] | undefined;
  #lines: readonly string[] = [];

  /** Each file with the BSSes that read it. */
  constructor(files: ReadonlyMap<string, readonly Bss[]>) {
    this.#files = [...files].map(([path, readers]) => ({ path, readers, lines: undefined, state: undefined }));
  }

  /** It may be another hostapd, which read the file at a time of its own. */
  isUp(bss: Bss): void {
    this.#inStep.delete(bss);
  }

  /** Errors: `radio_unreachable`, those of the files. */
  async converge(keys: readonly PskLine[]): Promise<void> {
    if (keys !== this.#keys) {
      this.#keys = keys;
      this.#lines = keys.map(pskLine);
    }
    for (const file of this.#files) {
      await this.#write(file, this.#lines);
    }
    const reloads = await Promise.allSettled(this.#files.flatMap(({ readers }) => readers).map((bss) => this.#reload(bss)));
    const failed = reloads.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') {
      throw failed.reason;
    }
  }

  async #write(file: KeyFile, lines: readonly string[]): Promise<void> {
    const isAsWritten = file.state !== undefined && (await stateOf(file.path)) === file.state;
    if (isAsWritten && (file.lines === lines || isSame(file.lines, lines))) {
      return;
    }
    file.readers.forEach((bss) => this.#inStep.delete(bss));
    file.state = await writePskFile(file.path, lines);
    file.lines = lines;
  }

  async #reload(bss: Bss): Promise<void> {
    if (this.#inStep.has(bss)) {
      // One that is gone, or is another one by now, is noticed by this.
      await bss.ping();
      return;
    }
    await bss.reloadKeys();
    this.#inStep.add(bss);
  }
}

function isSame(one: readonly string[] | undefined, other: readonly string[]): boolean {
  return one?.length === other.length && one.every((line, index) => line === other[index]);
}
