import type { WriteStream } from 'node:tty';
import { shown } from '../../domain/shown-text.ts';
import type { DeviceOutcome, Station, StationStep } from '../../roles/flashing/stations.ts';
import { columns, pad } from '../present/text.ts';

const redrawMs = 100;

interface Line {
  uuid: string | undefined;
  /** Whether its line was written where lines do not change. */
  told: boolean;
  step: string;
  flashed: number;
  failed: number;
}

/**
 * What each station is doing, for people on stderr: at a terminal a line of its own that changes, elsewhere a line for
 * each device that is begun with.
 */
export class StationLines implements Disposable {
  readonly #lines: ReadonlyMap<string, Line>;
  readonly #stream: WriteStream;
  readonly #silent: boolean;
  readonly #width: number;
  #drawn = 0;
  #redrawing: NodeJS.Timeout | undefined;

  constructor(stations: readonly Station[], { silent, stream = process.stderr }: { readonly silent: boolean; readonly stream?: WriteStream }) {
    this.#lines = new Map(stations.map(({ name }) => [name, { uuid: undefined, told: false, step: '', flashed: 0, failed: 0 }]));
    this.#width = Math.max(...stations.map(({ name }) => columns(shown(name))));
    this.#stream = stream;
    this.#silent = silent;
  }

  get #isTerminal(): boolean {
    return !this.#silent && this.#stream.isTTY === true;
  }

  step({ name }: Station, step: StationStep | undefined, uuid?: string, percent?: number): void {
    const line = this.#lines.get(name)!;
    line.told &&= step !== undefined;
    if (!this.#silent && !this.#isTerminal && !line.told && (step === 'writing' || step === 'looking')) {
      this.#stream.write(`${shown(name)}: ${step === 'writing' ? 'writing' : 'looking for'} ${uuid}\n`);
      line.told = true;
    }
    line.uuid = uuid;
    line.step = step === undefined ? '' : `${step}${percent === undefined ? '' : ` ${percent} %`}`;
    this.#redrawSoon();
  }

  ended({ station, result }: DeviceOutcome): void {
    const line = this.#lines.get(station.name)!;
    line.flashed += result === 'ok' ? 1 : 0;
    line.failed += result === 'ok' || result === 'already_flashed' ? 0 : 1;
  }

  /** Asks for a board: the station's line says so, or a line of its own where there is none. */
  askForBoard({ name }: Station): void {
    const words = 'put the next board in and press Enter';
    if (!this.#isTerminal) {
      this.#stream.write(`${shown(`${name}: ${words}`)}\n`);
      return;
    }
    this.#lines.get(name)!.step = words;
    this.#draw();
  }

  /** Prints something else: the lines go out of its way. */
  async around<T>(print: () => Promise<T>): Promise<T> {
    this.#clear();
    try {
      return await print();
    } finally {
      this.#redrawSoon();
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#redrawing);
    this.#redrawing = undefined;
    this.#clear();
  }

  #redrawSoon(): void {
    if (this.#isTerminal) {
      this.#redrawing ??= setTimeout(() => this.#draw(), redrawMs);
    }
  }

  #clear(): void {
    if (this.#drawn > 0) {
      this.#stream.write(`\x1b[${this.#drawn}A\r\x1b[J`);
      this.#drawn = 0;
    }
  }

  #draw(): void {
    clearTimeout(this.#redrawing);
    this.#redrawing = undefined;
    this.#clear();
    const room = Math.max(1, (this.#stream.rows || 24) - 2);
    const width = (this.#stream.columns || 80) - 1;
    const texts = [...this.#lines].slice(0, room).map(([name, { uuid, step, flashed, failed }]) => {
      const counts = `${flashed} flashed${failed === 0 ? '' : `, ${failed} failed`}`;
      const text = `${pad(shown(name), this.#width)}  ${counts}${step === '' ? '' : `  ${uuid ?? ''}  ${shown(step)}`}`;
      return `${text.slice(0, width)}\n`;
    });
    this.#stream.write(texts.join(''));
    this.#drawn = texts.length;
  }
}
