import { eventStreamMediaType, formatSent, heartbeat, type SentEvent } from '../api/event-stream.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { Exchange, StreamedBody } from './exchange.ts';
import type { Limits } from './limits.ts';

/** What a stream says, until the signal is aborted. */
export type EventSource = (signal: AbortSignal) => AsyncIterable<readonly SentEvent[]>;

/** Clients that lose a server come again after this and up to twice as long, each at its own time. */
const comeAgainMs = 1_000;
/** For who is one too many. */
const retryAfter = 30;

interface OpenStream {
  readonly tokenId: string;
  readonly ending: AbortController;
}

/** The open streams of one server. */
export class EventStreams {
  readonly #limits: Limits;
  readonly #failed: (error: unknown) => void;
  readonly #open = new Set<OpenStream>();
  readonly #byToken = new Map<string, number>();

  /** `failed` hears of what broke a stream off. */
  constructor(limits: Limits, failed: (error: unknown) => void) {
    this.#limits = limits;
    this.#failed = failed;
  }

  get count(): number {
    return this.#open.size;
  }

  /**
   * Answers with a stream; resolves once it has begun. Errors: `rate_limited` for one too many of a token, `server_unavailable`
   * of all; those of the source before it said anything.
   */
  async serve(exchange: Exchange, tokenId: string, source: EventSource): Promise<void> {
    if (exchange.method === 'HEAD') {
      exchange.send(200, eventStreamMediaType, undefined);
      return;
    }
    const stream = this.#admit(tokenId);
    // Listened to at each step: a signal that is made of others takes longer.
    const { ending } = stream;
    const signal = exchange.signal();
    signal.addEventListener('abort', () => ending.abort());
    if (signal.aborted) ending.abort();
    const events = source(ending.signal)[Symbol.asyncIterator]();
    let isBegun = false;
    try {
      const first = await events.next();
      const body = exchange.stream(eventStreamMediaType);
      isBegun = true;
      const retryMs = Math.round(comeAgainMs * (1 + Math.random()));
      void this.#pump(body, [{ retryMs }], first, events).catch((error: unknown) => {
        body.cut();
        this.#failed(error);
      }).finally(() => this.#remove(stream));
    } finally {
      if (!isBegun) this.#remove(stream);
    }
  }

  /** Ends those of tokens that were revoked since. */
  async endRevoked(revoked: (tokenIds: readonly string[]) => Promise<readonly string[]>): Promise<void> {
    if (this.#byToken.size === 0) {
      return;
    }
    const gone = new Set(await revoked([...this.#byToken.keys()]));
    for (const { tokenId, ending } of this.#open) {
      if (gone.has(tokenId)) ending.abort();
    }
  }

  #admit(tokenId: string): OpenStream {
    const held = this.#byToken.get(tokenId) ?? 0;
    if (held >= this.#limits.streamsPerToken) {
      throw new LatchkeyError('rate_limited', `This token has ${held} streams open, which is as many as it may.`, { retryAfter });
    }
    if (this.#open.size >= this.#limits.streams) {
      throw new LatchkeyError('server_unavailable', 'As many streams are open as this server bears.', { retryAfter });
    }
    const stream = { tokenId, ending: new AbortController() };
    this.#open.add(stream);
    this.#byToken.set(tokenId, held + 1);
    return stream;
  }

  #remove(stream: OpenStream): void {
    this.#open.delete(stream);
    const left = this.#byToken.get(stream.tokenId)! - 1;
    if (left === 0) this.#byToken.delete(stream.tokenId);
    else this.#byToken.set(stream.tokenId, left);
  }

  /** Nothing more is asked for while the client has not taken what there is. */
  async #pump(body: StreamedBody, opening: readonly SentEvent[], first: IteratorResult<readonly SentEvent[]>, events: AsyncIterator<readonly SentEvent[]>): Promise<void> {
    const beat = setInterval(() => {
      if (!body.isFull) body.write(heartbeat);
    }, this.#limits.heartbeatMs);
    try {
      body.write(formatSent(opening));
      for (let step = first; step.done !== true; step = await events.next()) {
        body.write(formatSent(step.value));
        beat.refresh();
        if (body.isFull && !(await body.drained(this.#limits.slowReaderMs))) {
          body.cut();
          return;
        }
      }
      body.end();
    } finally {
      clearInterval(beat);
      await events.return?.();
    }
  }
}
