import type { LatchkeyError } from '../domain/errors.ts';
import { pcscError, type Pcsc } from './pcsc.ts';

type Client = InstanceType<Pcsc['Client']>;
export type Reader = import('pcsc-mini').Reader;
export type ReaderStatus = import('pcsc-mini').ReaderStatusFlags;

/** Who is told of readers; of those that are there already at once. */
export interface ReaderListener {
  added(reader: Reader): void;
  seen(reader: Reader, status: ReaderStatus): void;
  lost(reader: Reader): void;
  /** Nothing more will be told. */
  failed(error: LatchkeyError): void;
}

const running = new Map<Pcsc, PcscMonitor>();
/** Kept for good: when a client is collected whose service has ended, it throws where nobody can catch it. */
const ended: Client[] = [];

/**
 * The readers of this machine, seen by one client that lasts as long as the process: to stop one may wait, with all
 * that is in the process, for the next card that comes or goes.
 */
export class PcscMonitor {
  readonly #client: Client;
  readonly #readers = new Map<Reader, ReaderStatus | undefined>();
  readonly #listeners = new Set<ReaderListener>();

  private constructor(pcsc: Pcsc) {
    this.#client = new pcsc.Client();
    this.#client.on('reader', (reader) => this.#add(reader));
    this.#client.on('error', (error) => {
      // Some change was not told; the next one is, with all that is so then.
      if (error.code !== 'StatusEventBufferOverflow') {
        running.delete(pcsc);
        ended.push(this.#client);
        this.#tell((listener) => listener.failed(pcscError(error)));
      }
    });
  }

  /** Errors: `reader_unavailable`. */
  static running(pcsc: Pcsc): PcscMonitor {
    const known = running.get(pcsc);
    if (known !== undefined) {
      return known;
    }
    try {
      const monitor = new PcscMonitor(pcsc);
      monitor.#client.start();
      running.set(pcsc, monitor);
      return monitor;
    } catch (error) {
      throw pcscError(error);
    }
  }

  listen(listener: ReaderListener): Disposable {
    for (const [reader, status] of this.#readers) {
      listener.added(reader);
      if (status !== undefined) listener.seen(reader, status);
    }
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  #add(reader: Reader): void {
    this.#readers.set(reader, undefined);
    this.#tell((listener) => listener.added(reader));
    reader.on('change', (status) => {
      this.#readers.set(reader, status);
      this.#tell((listener) => listener.seen(reader, status));
    });
    reader.on('disconnect', () => {
      this.#readers.delete(reader);
      this.#tell((listener) => listener.lost(reader));
    });
  }

  #tell(what: (listener: ReaderListener) => void): void {
    [...this.#listeners].forEach(what);
  }
}
