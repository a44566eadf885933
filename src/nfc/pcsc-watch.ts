import { LatchkeyError } from '../domain/errors.ts';
import { PcscMonitor, type Reader, type ReaderListener, type ReaderStatus } from './pcsc-monitor.ts';
import type { Pcsc, PcscCard } from './pcsc.ts';

export interface ReaderWithCard {
  readonly gone: AbortSignal;
  connect(): Promise<PcscCard>;
}

interface CardHere {
  /** Of the reader's count of cards that came and went, where it keeps one. */
  readonly count: number;
  readonly gone: AbortController;
}

/** Gives the cards at the readers of this machine in the order in which they came. */
export class PcscWatch implements ReaderListener, Disposable {
  readonly #pcsc: Pcsc;
  readonly #name: string | undefined;
  readonly #listening: Disposable;
  /** Readers that are used, with the card that each has. */
  readonly #readers = new Map<Reader, CardHere | undefined>();
  readonly #ignored = new Set<Reader>();
  #waiting: { readonly reader: Reader; readonly gone: AbortSignal }[] = [];
  #trouble: LatchkeyError | undefined;
  #changed = Promise.withResolvers<void>();

  private constructor(pcsc: Pcsc, name: string | undefined) {
    this.#pcsc = pcsc;
    this.#name = name;
    this.#listening = PcscMonitor.running(pcsc).listen(this);
  }

  /** Errors: `reader_unavailable`; `reader_not_found` if none is seen within the time, and the signal does not come first. */
  static async start(pcsc: Pcsc, name: string | undefined, firstWithinMs: number, signal: AbortSignal): Promise<PcscWatch> {
    const watch = new PcscWatch(pcsc, name);
    // Nobody says that there is no reader.
    const until = AbortSignal.any([signal, AbortSignal.timeout(firstWithinMs)]);
    while (watch.#readers.size === 0 && watch.#trouble === undefined && !until.aborted) {
      await watch.#change(until);
    }
    if (watch.#readers.size === 0 && !signal.aborted) {
      watch[Symbol.dispose]();
      throw watch.#trouble ?? watch.#notFound();
    }
    return watch;
  }

  get hasReader(): boolean {
    return this.#readers.size > 0;
  }

  /** The next card that is there and was not given before; undefined when the signal comes first. Errors: `reader_not_found`, `reader_unavailable`. */
  async next(signal: AbortSignal): Promise<ReaderWithCard | undefined> {
    for (; !signal.aborted; await this.#change(signal)) {
      if (this.#trouble !== undefined) {
        throw this.#trouble;
      }
      const found = this.#waiting.shift();
      if (found !== undefined) {
        return { gone: found.gone, connect: () => found.reader.connect(this.#pcsc.CardMode.EXCLUSIVE) };
      }
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
    [...this.#readers.keys()].forEach((reader) => this.#take(reader));
  }

  added(reader: Reader): void {
    const name = reader.name();
    if (this.#name === undefined ? /\bSAM\b/i.test(name) : !name.includes(this.#name)) {
      this.#ignored.add(reader);
      return;
    }
    this.#readers.set(reader, undefined);
    this.#tell();
  }

  seen(reader: Reader, status: ReaderStatus): void {
    const { PRESENT, MUTE } = this.#pcsc.ReaderStatus;
    const count = status.raw >>> 16;
    const isHere = status.has(PRESENT) && !status.has(MUTE);
    if (!this.#readers.has(reader) || (isHere && this.#readers.get(reader)?.count === count)) {
      return;
    }
    this.#take(reader);
    if (isHere) {
      const gone = new AbortController();
      this.#readers.set(reader, { count, gone });
      this.#waiting.push({ reader, gone: gone.signal });
      this.#tell();
    }
  }

  lost(reader: Reader): void {
    this.#ignored.delete(reader);
    this.#take(reader);
    if (this.#readers.delete(reader) && this.#readers.size === 0) {
      this.failed(new LatchkeyError('reader_not_found', `The card reader was unplugged (${reader.name()}).`));
    }
  }

  failed(trouble: LatchkeyError): void {
    this.#trouble ??= trouble;
    [...this.#readers.keys()].forEach((reader) => this.#take(reader));
    this.#tell();
  }

  #take(reader: Reader): void {
    const card = this.#readers.get(reader);
    if (card !== undefined) {
      this.#readers.set(reader, undefined);
      this.#waiting = this.#waiting.filter(({ gone }) => gone !== card.gone.signal);
      card.gone.abort(new LatchkeyError('card_removed'));
    }
  }

  #notFound(): LatchkeyError {
    const others = [...this.#ignored].map((reader) => `“${reader.name()}”`).join(', ');
    const wanted = this.#name === undefined ? 'There is no card reader' : `There is no card reader called “${this.#name}”`;
    return new LatchkeyError('reader_not_found', others === '' ? `${wanted}.` : `${wanted}, but ${others}.`);
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  async #change(until: AbortSignal): Promise<void> {
    if (until.aborted) {
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    until.addEventListener('abort', wake);
    await Promise.race([this.#changed.promise, promise]);
    until.removeEventListener('abort', wake);
  }
}
