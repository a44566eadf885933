import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { serveCounterControl } from '../../src/agent/counter-control.ts';
import { systemRandom } from '../../src/cli/local-registry.ts';
import { CounterControlClient } from '../../src/client/counter-control-client.ts';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { CounterDesk, type CounterControl, type CounterDeskContext, type CounterEvent, type TapCharge, type Waiting, type WaitingEvent } from '../../src/roles/pos/counter-desk.ts';
import type { CounterService, Served } from '../../src/roles/pos/counter.ts';
import type { NfcReader } from '../../src/roles/pos/nfc-reader.ts';

/** How the counter is asked: in the process that has it open, or over its agent's socket. */
export const controls = ['beside the desk', 'over the socket'] as const;

/** Somebody who waits at the counter. */
export interface Waiter {
  readonly events: WaitingEvent[];
  readonly ended: Promise<Served>;
  withdraw(): void;
}

interface AnyEvent {
  readonly kind: string;
}

interface DeskOptions<Reader> {
  readonly reader: Reader;
  readonly writeTag?: CounterDeskContext['writeTag'] | undefined;
  readonly way?: (typeof controls)[number] | undefined;
}

/** A counter that is open at a reader, and all that happens there; it fails who closes it if something went wrong that nobody foresaw. */
export class OpenDesk<Reader extends NfcReader> implements AsyncDisposable {
  readonly reader: Reader;
  readonly events: CounterEvent[] = [];
  readonly desk: CounterDesk;
  readonly #failures: unknown[] = [];
  readonly #closing = new AsyncDisposableStack();
  #control: CounterControl;
  #told = Promise.withResolvers<void>();

  private constructor(counter: CounterService, { reader, writeTag = async () => {} }: DeskOptions<Reader>) {
    this.reader = reader;
    this.desk = new CounterDesk({
      counter,
      reader,
      writeTag,
      random: systemRandom,
      onEvent: (event) => this.#tell(this.events, event),
      failed: (error) => this.#failures.push(error),
      readerPauseMs: 10,
    });
    this.#control = this.desk;
    const stop = new AbortController();
    const serving = this.desk.serveReader(stop.signal);
    this.#closing.defer(() => serving);
    this.#closing.defer(() => stop.abort());
  }

  static async open<Reader extends NfcReader>(counter: CounterService, options: DeskOptions<Reader>): Promise<OpenDesk<Reader>> {
    const open = new OpenDesk(counter, options);
    if (options.way === 'over the socket') {
      const folder = mkdtempSync(join(tmpdir(), 'lk-desk-'));
      const socket = join(folder, 'pos.sock');
      open.#closing.defer(() => rmSync(folder, { recursive: true }));
      open.#closing.defer(await serveCounterControl(open.desk, socket, { log: () => {}, phoneUrl: () => undefined }));
      open.#control = new CounterControlClient(socket);
    }
    return open;
  }

  charge(charge: TapCharge): Waiter {
    return this.#waits((waiting) => this.#control.charge(charge, waiting));
  }

  tap(options: { readonly writesTag: boolean }): Waiter {
    return this.#waits((waiting) => this.#control.tap(options, waiting));
  }

  /** The event of a kind that comes, or came, after so many of it. */
  async next<Event extends AnyEvent, K extends Event['kind']>(events: readonly Event[], kind: K, after = 0): Promise<Extract<Event, { kind: K }>> {
    for (;;) {
      const found = events.filter((event) => event.kind === kind)[after];
      if (found !== undefined) return found as Extract<Event, { kind: K }>;
      await this.#told.promise;
    }
  }

  /** The next event of a kind here, of those that come from now on. */
  comes<K extends CounterEvent['kind']>(kind: K): Promise<Extract<CounterEvent, { kind: K }>> {
    return this.next(this.events, kind, this.events.filter((event) => event.kind === kind).length);
  }

  #waits(work: (waiting: Waiting) => Promise<Served>): Waiter {
    const [events, leaving] = [[] as WaitingEvent[], new AbortController()];
    const ended = work({ signal: leaving.signal, onEvent: (event) => this.#tell(events, event) });
    ended.catch(() => {});
    return { events, ended, withdraw: () => leaving.abort(new LatchkeyError('interrupted')) };
  }

  #tell<Event extends AnyEvent>(events: Event[], event: Event): void {
    events.push(event);
    this.#told.resolve();
    this.#told = Promise.withResolvers<void>();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closing.disposeAsync();
    expect(this.#failures).toEqual([]);
  }
}
