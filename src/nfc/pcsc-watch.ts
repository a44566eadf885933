import { LatchkeyError } from '../domain/errors.ts';
import { pcscError, type Pcsc, type PcscCard } from './pcsc.ts';

type Client = InstanceType<Pcsc['Client']>;
type Reader = import('pcsc-mini').Reader;
type Status = import('pcsc-mini').ReaderStatusFlags;

export interface ReaderWithCard {
  readonly gone: AbortSignal;
  connect(): Promise<PcscCard>;
}

interface CardHere {
  /** Of the reader's count of cards that came and went, where it keeps one. */
  readonly count: number;
  readonly gone: AbortController;
}

/** Kept for good: when one of these is collected, it throws where nobody can catch it. */
const unstopped = new Set<Client>();

/** Watches the readers of this machine, and gives the cards at them in the order in which they came. */
export class PcscWatch implements Disposable {
  readonly #pcsc: Pcsc;
  readonly #client: Client;
  readonly #name: string | undefined;
  /** Readers that are used, with the card that each has. */
  readonly #readers = new Map<string, CardHere | undefined>();
  readonly #ignored = new Set<string>();
  #waiting: { readonly reader: Reader; readonly gone: AbortSignal }[] = [];
  #trouble: LatchkeyError | undefined;
  #changed = Promise.withResolvers<void>();

  private constructor(pcsc: Pcsc, name: string | undefined) {
    this.#pcsc = pcsc;
    this.#name = name;
    this.#client = new pcsc.Client();
    this.#client.on('reader', (reader) => this.#add(reader));
    this.#client.on('error', (error) => this.#fail(pcscError(error)));
  }

  /** Errors: `reader_unavailable`; `reader_not_found` if none is seen within the time. */
  static async start(pcsc: Pcsc, name: string | undefined, firstWithinMs: number): Promise<PcscWatch> {
    const watch = new PcscWatch(pcsc, name);
    try {
      watch.#client.start();
    } catch (error) {
      throw pcscError(error);
    }
    // Nobody says that there is no reader.
    const timeout = AbortSignal.timeout(firstWithinMs);
    while (watch.#readers.size === 0 && watch.#trouble === undefined && !timeout.aborted) {
      await watch.#change(timeout);
    }
    if (watch.#readers.size === 0) {
      const why = watch.#trouble ?? watch.#notFound();
      watch[Symbol.dispose]();
      throw why;
    }
    return watch;
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
    for (const card of this.#readers.values()) {
      card?.gone.abort(new LatchkeyError('card_removed'));
    }
    this.#readers.clear();
    try {
      this.#client.stop();
    } catch {
      // The service has ended, and with it what there was to stop.
      unstopped.add(this.#client);
    }
  }

  #add(reader: Reader): void {
    const name = reader.name();
    const isUsed = this.#name === undefined ? !/\bSAM\b/i.test(name) : name.includes(this.#name);
    if (!isUsed) {
      this.#ignored.add(name);
      reader.on('disconnect', () => this.#ignored.delete(name));
      return;
    }
    this.#readers.set(name, undefined);
    reader.on('change', (status) => this.#see(reader, status));
    reader.on('disconnect', () => {
      this.#take(name);
      this.#readers.delete(name);
      if (this.#readers.size === 0) {
        this.#fail(new LatchkeyError('reader_not_found', `The card reader was unplugged (${name}).`));
      }
    });
    this.#tell();
  }

  #see(reader: Reader, status: Status): void {
    const { PRESENT, MUTE } = this.#pcsc.ReaderStatus;
    const name = reader.name();
    const count = status.raw >>> 16;
    const isHere = status.has(PRESENT) && !status.has(MUTE);
    if (this.#readers.get(name)?.count === count && isHere) {
      return;
    }
    this.#take(name);
    if (isHere) {
      const gone = new AbortController();
      this.#readers.set(name, { count, gone });
      this.#waiting.push({ reader, gone: gone.signal });
      this.#tell();
    }
  }

  #take(name: string): void {
    const card = this.#readers.get(name);
    if (card !== undefined) {
      this.#readers.set(name, undefined);
      this.#waiting = this.#waiting.filter(({ gone }) => gone !== card.gone.signal);
      card.gone.abort(new LatchkeyError('card_removed'));
    }
  }

  #notFound(): LatchkeyError {
    const others = [...this.#ignored].map((name) => `“${name}”`).join(', ');
    const wanted = this.#name === undefined ? 'There is no card reader' : `There is no card reader called “${this.#name}”`;
    return new LatchkeyError('reader_not_found', others === '' ? `${wanted}.` : `${wanted}, but ${others}.`);
  }

  #fail(trouble: LatchkeyError): void {
    this.#trouble ??= trouble;
    for (const name of this.#readers.keys()) {
      this.#take(name);
    }
    this.#tell();
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
