import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveCounterControl } from '../../src/agent/counter-control.ts';
import { systemRandom } from '../../src/cli/local-registry.ts';
import { CounterControlClient } from '../../src/client/counter-control-client.ts';
import { LatchkeyError } from '../../src/domain/errors.ts';
import type { Card } from '../../src/protocol/card.ts';
import type { Credential } from '../../src/roles/device/ports.ts';
import { CounterDesk, type CounterControl, type TapCharge, type Waiting, type WaitingEvent } from '../../src/roles/pos/counter-desk.ts';
import type { CounterService, Served } from '../../src/roles/pos/counter.ts';
import type { NfcCard, NfcReader } from '../../src/roles/pos/nfc-reader.ts';
import { held, type TapOptions } from './wallet-card.ts';

/** How the counter is asked: in the process that has it open, or over its agent's socket. */
export const controls = ['beside the desk', 'over the socket'] as const;

/** A reader that is plugged in and out by hand. */
class HandReader implements NfcReader {
  readonly #waiting: NfcCard[] = [];
  #isThere = true;
  #changed = Promise.withResolvers<void>();

  async *cards(signal: AbortSignal, ready?: () => void): AsyncGenerator<NfcCard> {
    if (this.#isThere) ready?.();
    const stop = () => this.#tell();
    signal.addEventListener('abort', stop);
    try {
      while (!signal.aborted) {
        if (!this.#isThere) throw new LatchkeyError('reader_not_found');
        const card = this.#waiting.shift();
        if (card === undefined) await this.#changed.promise;
        else yield card;
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  hold(card: NfcCard): void {
    this.#waiting.push(card);
    this.#tell();
  }

  unplug(): void {
    this.#isThere = false;
    this.#tell();
  }

  plug(): void {
    this.#isThere = true;
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

/** Somebody who waits at the counter. */
export interface Waiter {
  readonly events: WaitingEvent[];
  readonly ended: Promise<Served>;
  withdraw(): void;
}

/** A counter that is open at a reader. */
export class OpenDesk implements AsyncDisposable {
  readonly reader = new HandReader();
  /** What was written into tags. */
  readonly written: Credential[] = [];
  readonly desk: CounterDesk;
  readonly #withdrawn = Promise.withResolvers<void>();
  readonly #closing = new AsyncDisposableStack();
  #control: CounterControl;
  #told = Promise.withResolvers<void>();

  private constructor(counter: CounterService) {
    this.desk = new CounterDesk({
      counter,
      reader: this.reader,
      writeTag: async (_card, credential) => void this.written.push(credential),
      random: systemRandom,
      onEvent: ({ kind }) => kind === 'withdrawn' && this.#withdrawn.resolve(),
      failed: (error) => this.#withdrawn.reject(error),
      readerPauseMs: 10,
    });
    this.#control = this.desk;
    const stop = new AbortController();
    const serving = this.desk.serveReader(stop.signal);
    this.#closing.defer(() => serving);
    this.#closing.defer(() => stop.abort());
  }

  static async open(counter: CounterService, way: (typeof controls)[number]): Promise<OpenDesk> {
    const open = new OpenDesk(counter);
    if (way === 'over the socket') {
      const folder = mkdtempSync(join(tmpdir(), 'lk-desk-'));
      const socket = join(folder, 'pos.sock');
      open.#closing.defer(() => rmSync(folder, { recursive: true }));
      open.#closing.defer(await serveCounterControl(open.desk, socket, { log: () => {}, phoneUrl: () => undefined }));
      open.#control = new CounterControlClient(socket);
    }
    return open;
  }

  /** When a charge that nobody paid is over. */
  get withdrawn(): Promise<void> {
    return this.#withdrawn.promise;
  }

  charge(charge: TapCharge): Waiter {
    return this.#waits((waiting) => this.#control.charge(charge, waiting));
  }

  tap(options: { readonly writesTag: boolean }): Waiter {
    return this.#waits((waiting) => this.#control.tap(options, waiting));
  }

  hold(card: Card & { reset?(): void }, options?: TapOptions): void {
    this.reader.hold(held(card, options));
  }

  /** The event of a kind that comes, or came, after so many of it. */
  async next<K extends WaitingEvent['kind']>(events: readonly WaitingEvent[], kind: K, after = 0): Promise<Extract<WaitingEvent, { kind: K }>> {
    for (;;) {
      const found = events.filter((event) => event.kind === kind)[after];
      if (found !== undefined) return found as Extract<WaitingEvent, { kind: K }>;
      await this.#told.promise;
    }
  }

  #waits(work: (waiting: Waiting) => Promise<Served>): Waiter {
    const [events, leaving] = [[] as WaitingEvent[], new AbortController()];
    const onEvent = (event: WaitingEvent) => {
      events.push(event);
      this.#told.resolve();
      this.#told = Promise.withResolvers<void>();
    };
    const ended = work({ signal: leaving.signal, onEvent });
    ended.catch(() => {});
    return { events, ended, withdraw: () => leaving.abort(new LatchkeyError('interrupted')) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closing.disposeAsync();
  }
}
