import type { WriteStream } from 'node:tty';
import { thousands } from '../formats/thousands.ts';

const barWidth = 24;
const redrawMs = 100;
const lineMs = 5_000;

interface ProgressOptions {
  /** What is counted, in the plural: `devices`. */
  readonly unit: string;
  /** Undefined where nobody knows. */
  readonly total?: number | undefined;
  readonly stream?: WriteStream | undefined;
  /** Neither bar nor lines. */
  readonly silent: boolean;
  readonly now?: (() => number) | undefined;
}

/**
 * How far long work has come, for people on stderr: at a terminal a bar with rate and time left, elsewhere a line every
 * five seconds. The rate is that of the last ten seconds or so.
 */
export class Progress implements Disposable {
  readonly #options: ProgressOptions;
  readonly #stream: WriteStream;
  readonly #now: () => number;
  #share = 0;
  #done = 0;
  #shownAt: number;
  #marks: { readonly at: number; readonly done: number }[];
  #drawn = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#stream = options.stream ?? process.stderr;
    this.#now = options.now ?? (() => performance.now());
    this.#shownAt = this.#now();
    this.#marks = [{ at: this.#shownAt, done: 0 }];
  }

  /** So many were done before: the rate is of what comes. */
  begin(done: number): void {
    this.#done = done;
    this.#marks = [{ at: this.#now(), done }];
  }

  /** How much was taken of what all comes from, from 0 to 1, where the total is not known. */
  taken(share: number): void {
    this.#share = share;
  }

  set(done: number): void {
    this.#done = done;
    const now = this.#now();
    if (this.#options.silent || now - this.#shownAt < (this.#stream.isTTY === true ? redrawMs : lineMs)) {
      return;
    }
    this.#shownAt = now;
    this.#marks = [...this.#marks.filter(({ at }) => now - at < 2 * lineMs), { at: now, done }];
    const text = this.#text(now);
    if (this.#stream.isTTY === true) {
      this.#stream.write(`\r\x1b[2K${text.slice(0, (this.#stream.columns || 80) - 1)}`);
      this.#drawn = true;
    } else {
      this.#stream.write(`${text}\n`);
    }
  }

  add(count: number): void {
    this.set(this.#done + count);
  }

  #text(now: number): string {
    const { unit, total } = this.#options;
    const oldest = this.#marks[0]!;
    const rate = (this.#done - oldest.done) / Math.max((now - oldest.at) / 1000, 0.001);
    const count = `${thousands(this.#done)}${total === undefined ? '' : `/${thousands(total)}`} ${unit}`;
    const speed = `${thousands(Math.round(rate))}/s`;
    const share = Math.min(total === undefined ? this.#share : this.#done / Math.max(total, 1), 1);
    if (share === 0) {
      return `${count}  ${speed}`;
    }
    const full = Math.round(share * barWidth);
    const bar = this.#stream.isTTY === true ? `${'█'.repeat(full)}${'░'.repeat(barWidth - full)} ` : '';
    const left = rate > 0 ? `  ${duration((this.#done / share - this.#done) / rate)} left` : '';
    return `${bar}${String(Math.floor(share * 100)).padStart(3)} %  ${count}  ${speed}${left}`;
  }

  /** Clears the bar: what comes next begins a line of its own. */
  [Symbol.dispose](): void {
    if (this.#drawn) {
      this.#stream.write('\r\x1b[2K');
    }
  }
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}
