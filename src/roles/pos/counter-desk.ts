import { LatchkeyError } from '../../domain/errors.ts';
import type { Random } from '../../domain/clock.ts';
import type { Amount } from '../../domain/money.ts';
import { base64url } from '../../protocol/encoding.ts';
import { walletDeclined, type WalletDecline } from '../../protocol/wallet-decline.ts';
import { aborted } from '../aborted.ts';
import type { Credential } from '../device/ports.ts';
import type { CounterOrder, CounterService, Served } from './counter.ts';
import { isEnd } from './journaled-charge.ts';
import type { NfcCard, NfcReader } from './nfc-reader.ts';
import type { ChargeAuthority, Claim } from './ports.ts';

/** What is to be charged to whoever holds a card or phone to the register. */
export interface TapCharge {
  /** The same key is paid once. */
  readonly key?: string | undefined;
  readonly amount: Amount;
  readonly memo?: string | undefined;
  readonly takesMandate: boolean;
}

/** What somebody who waits at the counter hears meanwhile. */
export type WaitingEvent =
  /** `hasReader`: else only phones come. */
  | { readonly kind: 'waiting'; readonly for: 'charge' | 'access' | 'tag'; readonly hasReader: boolean }
  | Extract<CounterEvent, { readonly kind: 'refused' | 'reader' }>;

export interface Waiting {
  /** Withdraws what is waited for. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: WaitingEvent) => void;
}

/** What a cash register that waits at its reader is asked to do: here, or over its agent's socket. */
export interface CounterControl {
  /** Opens a charge and waits until it is paid; who is refused meanwhile is told of. Errors: `charge_open`, `interrupted`. */
  charge(charge: TapCharge, waiting: Waiting): Promise<Served>;
  /**
   * Waits for the next card that asks for access. `writesTag`: then for a tag, into which what was handed out is written.
   * Errors: those of `CounterService.accessCard`, `tag_unsuitable`, `interrupted`.
   */
  tap(options: { readonly writesTag: boolean }, waiting: Waiting): Promise<Served>;
}

export type ReaderState = { readonly kind: 'ready' } | { readonly kind: 'away'; readonly error: LatchkeyError };

export type CounterEvent =
  | { readonly kind: 'opened'; readonly order: CounterOrder }
  | { readonly kind: 'withdrawn'; readonly order: CounterOrder }
  | { readonly kind: 'served'; readonly served: Served; readonly by: 'card' | 'phone' }
  | { readonly kind: 'refused'; readonly error: LatchkeyError; readonly by: 'card' | 'phone' }
  | { readonly kind: 'reader'; readonly state: ReaderState };

export interface CounterDeskContext {
  readonly counter: CounterService;
  /** None: cards are held to no reader. */
  readonly reader: NfcReader | undefined;
  readonly writeTag: (card: NfcCard, credential: Credential) => Promise<void>;
  readonly random: Random;
  readonly onEvent: (event: CounterEvent) => void;
  /** What nobody foresaw. */
  readonly failed: (error: unknown) => void;
  /** How long it waits before it looks for a reader again, in milliseconds. */
  readonly readerPauseMs?: number | undefined;
}

interface OpenCharge {
  order: CounterOrder;
  /** Of the order as it is now and as it was before a refusal: who was asked for one of them may still pay. */
  readonly keys: string[];
  readonly paid: PromiseWithResolvers<Served>;
  readonly waiting: Waiting;
}

type Job = (card: NfcCard) => Promise<void>;

const usualReaderPauseMs = 1000;
/** A phone pays under the key that it was asked by, if not too many others were refused meanwhile. */
const mostKeys = 16;

/** The counter while it is open: one charge at a time, for whoever comes to the reader or by HTTP. */
export class CounterDesk implements CounterControl {
  readonly counter: CounterService;
  readonly #context: CounterDeskContext;
  #open: OpenCharge | undefined;
  /** Who wants the next card for themselves. */
  readonly #jobs: Job[] = [];
  /** Who hears of the reader. */
  readonly #waiting = new Set<Waiting>();
  #changed = Promise.withResolvers<void>();
  #reader: ReaderState | undefined;

  constructor(context: CounterDeskContext) {
    this.counter = context.counter;
    this.#context = context;
  }

  /** The charge that is open. */
  get order(): CounterOrder | undefined {
    return this.#open?.order;
  }

  /** As `order`, once there is one; undefined if there is none by then. */
  async nextOrder(waitMs: number, signal: AbortSignal): Promise<CounterOrder | undefined> {
    const until = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
    while (this.#open === undefined && !until.aborted) {
      await Promise.race([this.#changed.promise, aborted(until)]);
    }
    return this.order;
  }

  async charge({ key = this.#newKey(), amount, memo, takesMandate }: TapCharge, waiting: Waiting): Promise<Served> {
    const earlier = await this.#earlier(key);
    if (earlier !== undefined) {
      return earlier;
    }
    if (this.#open !== undefined) {
      throw new LatchkeyError('charge_open');
    }
    const order: CounterOrder = { id: key, key, amount, memo, takesMandate };
    const open: OpenCharge = { order, keys: [key], paid: Promise.withResolvers(), waiting };
    this.#open = open;
    this.#tell();
    this.#context.onEvent({ kind: 'opened', order });
    this.#waits(waiting, 'charge');
    try {
      return await Promise.race([open.paid.promise, rejectedBy(waiting.signal)]);
    } finally {
      this.#waiting.delete(waiting);
      if (this.#open === open) {
        this.#open = undefined;
        this.#context.onEvent({ kind: 'withdrawn', order: open.order });
      }
    }
  }

  async tap({ writesTag }: { readonly writesTag: boolean }, waiting: Waiting): Promise<Served> {
    if (this.#context.reader === undefined) {
      throw new LatchkeyError('reader_not_found', 'This counter is open without a reader.');
    }
    const { signal } = waiting;
    try {
      this.#waits(waiting, 'access');
      const served = await this.#next(signal, (card) => this.#served('card', () => this.counter.accessCard(card, signal)));
      const { credential } = served;
      if (writesTag && credential !== undefined) {
        this.#waits(waiting, 'tag');
        await this.#next(signal, (card) => this.#context.writeTag(card, credential));
      }
      return served;
    } finally {
      this.#waiting.delete(waiting);
    }
  }

  /** A phone pays what is open. Errors: `charge_over` if that is not open any more, those of `CounterService.chargePhone`. */
  async pay(key: string, authority: Omit<Extract<ChargeAuthority, { kind: 'wallet' }>, 'kind'>, signal: AbortSignal): Promise<Served> {
    const open = this.#openBy(key);
    return this.#paid(open, 'phone', () => this.counter.chargePhone({ ...open.order, key }, authority, signal));
  }

  /** A phone does not pay what is open, which goes on. Errors: `charge_over` if that is not open any more. */
  declined(key: string, reason: WalletDecline): void {
    const { waiting } = this.#openBy(key);
    const refused = { kind: 'refused', error: walletDeclined(reason, 'phone'), by: 'phone' } as const;
    this.#context.onEvent(refused);
    waiting.onEvent(refused);
  }

  /** A phone asks for access. Errors: those of `CounterService.access`. */
  access(claim: Claim, signal: AbortSignal): Promise<Served> {
    return this.#served('phone', () => this.counter.access(claim, signal));
  }

  /** Brings charges to their end whose outcome is not known. Errors: what keeps them open. */
  async settle(): Promise<void> {
    const settled = await this.counter.charges.settle();
    const open = this.#open;
    if (open !== undefined && settled.some(({ order, end }) => order === open.order.id && end.kind === 'charged')) {
      const earlier = await this.#earlier(open.order.id);
      if (earlier !== undefined) {
        this.#end(open, earlier);
      }
    }
  }

  /** Serves the cards at the reader until the signal; a reader that is not there is looked for again and again. */
  async serveReader(signal: AbortSignal): Promise<void> {
    const { reader, readerPauseMs = usualReaderPauseMs } = this.#context;
    while (reader !== undefined && !signal.aborted) {
      try {
        for await (const card of reader.cards(signal, () => this.#readerIs({ kind: 'ready' }))) {
          await this.#serve(card, signal);
        }
      } catch (error) {
        if (!(error instanceof LatchkeyError)) {
          throw error;
        }
        this.#readerIs({ kind: 'away', error });
        await aborted(AbortSignal.any([signal, AbortSignal.timeout(readerPauseMs)]));
      }
    }
  }

  async #serve(card: NfcCard, signal: AbortSignal): Promise<void> {
    const job = this.#jobs.shift();
    if (job !== undefined) {
      return job(card);
    }
    try {
      const open = this.#open;
      await (open === undefined
        ? this.#served('card', () => this.counter.accessCard(card, signal))
        : this.#paid(open, 'card', () => this.counter.chargeCard(open.order, card, signal)));
    } catch (error) {
      // Told as an event; the next card is served.
      if (!(error instanceof LatchkeyError)) {
        this.#context.failed(error);
      }
    }
  }

  #openBy(key: string): OpenCharge {
    if (this.#open?.keys.includes(key) !== true) {
      throw new LatchkeyError('charge_over');
    }
    return this.#open;
  }

  /** The order is paid by it, or goes on under another key if it was refused under this one. */
  async #paid(open: OpenCharge, by: 'card' | 'phone', work: () => Promise<Served>): Promise<Served> {
    try {
      const served = await this.#served(by, work);
      this.#end(open, served);
      return served;
    } catch (error) {
      if (error instanceof LatchkeyError) {
        open.waiting.onEvent({ kind: 'refused', error, by });
      }
      if (isEnd(error)) {
        const key = this.#newKey();
        open.order = { ...open.order, key };
        open.keys.splice(0, open.keys.length, ...[...open.keys, key].slice(-mostKeys));
        this.#tell();
      }
      // An earlier try, whose outcome was not known, has paid it.
      const earlier = error instanceof LatchkeyError && error.code === 'charge_over' ? await this.#earlier(open.order.id) : undefined;
      if (earlier !== undefined) {
        this.#end(open, earlier);
      }
      throw error;
    }
  }

  #end(open: OpenCharge, served: Served): void {
    if (this.#open === open) {
      this.#open = undefined;
    }
    open.paid.resolve(served);
  }

  async #served(by: 'card' | 'phone', work: () => Promise<Served>): Promise<Served> {
    try {
      const served = await work();
      this.#context.onEvent({ kind: 'served', served, by });
      return served;
    } catch (error) {
      if (error instanceof LatchkeyError) {
        this.#context.onEvent({ kind: 'refused', error, by });
      }
      throw error;
    }
  }

  async #earlier(order: string): Promise<Served | undefined> {
    const earlier = await this.counter.charges.earlier(order);
    return earlier && { charged: earlier.charged, grant: earlier.charged.grant, credential: undefined, isDelivered: false, trouble: undefined };
  }

  /** What comes of the next card, which is for nothing else. */
  #next<T>(signal: AbortSignal, work: (card: NfcCard) => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const job: Job = async (card) => {
      try {
        resolve(await work(card));
      } catch (error) {
        reject(error);
      }
    };
    this.#jobs.push(job);
    const withdraw = () => {
      const at = this.#jobs.indexOf(job);
      if (at !== -1) {
        this.#jobs.splice(at, 1);
      }
    };
    return Promise.race([promise, rejectedBy(signal)]).finally(withdraw);
  }

  #readerIs(state: ReaderState): void {
    const { onEvent } = this.#context;
    const before = this.#reader;
    this.#reader = state;
    const isSame = before?.kind === state.kind && (state.kind === 'ready' || (before.kind === 'away' && before.error.code === state.error.code));
    if (isSame) {
      return;
    }
    const event = { kind: 'reader', state } as const;
    onEvent(event);
    // That it is there, who waits for cards takes for granted until it was away.
    if (before !== undefined || state.kind === 'away') {
      this.#waiting.forEach((waiting) => waiting.onEvent(event));
    }
  }

  /** From now on they hear of the reader, and at once if it is away. */
  #waits(waiting: Waiting, what: 'charge' | 'access' | 'tag'): void {
    const isNew = !this.#waiting.has(waiting);
    this.#waiting.add(waiting);
    waiting.onEvent({ kind: 'waiting', for: what, hasReader: this.#context.reader !== undefined });
    if (isNew && this.#reader?.kind === 'away') {
      waiting.onEvent({ kind: 'reader', state: this.#reader });
    }
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  #newKey(): string {
    return base64url(this.#context.random.bytes(16));
  }
}

async function rejectedBy(signal: AbortSignal): Promise<never> {
  await aborted(signal);
  throw signal.reason instanceof LatchkeyError ? signal.reason : new LatchkeyError('interrupted');
}
