import type { Packet } from './packet.ts';

/** How a request was answered; the reply is missing while that is still being worked on. */
export interface Kept {
  reply: Buffer | undefined;
}

interface Entry extends Kept {
  readonly authenticator: string;
}

/** So many replies are kept at most, half of them for certain. */
const mostReplies = 65_536;
const keptMs = 30_000;

/**
 * Replies for requests that come again (RFC 5080 section 2.2.2): from the same address, port, with the same identifier and
 * authenticator. They are kept for 30 to 60 seconds, in two generations: of too many, those of the older one go.
 */
export class ReplyCache {
  readonly #monotonic: () => number;
  #young = new Map<number, Entry>();
  #old = new Map<number, Entry>();
  #turnedAt: number;

  /** `monotonic`: milliseconds. */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
    this.#turnedAt = monotonic();
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** `source` is the number of a source. */
  find(source: number, port: number, request: Packet): Kept | undefined {
    this.#turn();
    const key = keyOf(source, port, request);
    const entry = this.#young.get(key) ?? this.#old.get(key);
    return entry?.authenticator === authenticatorOf(request) ? entry : undefined;
  }

  /** A request that is new; a later one with its identifier takes its place. */
  keep(source: number, port: number, request: Packet, reply?: Buffer): Kept {
    this.#turn();
    const entry: Entry = { authenticator: authenticatorOf(request), reply };
    this.#young.set(keyOf(source, port, request), entry);
    return entry;
  }

  /** A request that is forgotten, so that it is worked on when it comes again. */
  forget(source: number, port: number, request: Packet, kept: Kept): void {
    const key = keyOf(source, port, request);
    for (const generation of [this.#young, this.#old]) {
      if (generation.get(key) === kept) {
        generation.delete(key);
      }
    }
  }

  #turn(): void {
    const now = this.#monotonic();
    if (this.#young.size < mostReplies / 2 && now - this.#turnedAt < keptMs) {
      return;
    }
    this.#old = now - this.#turnedAt < 2 * keptMs ? this.#young : new Map();
    this.#young = new Map();
    this.#turnedAt = now;
  }
}

function keyOf(source: number, port: number, request: Packet): number {
  return (source * 0x1_0000 + port) * 0x100 + request.identifier;
}

function authenticatorOf(request: Packet): string {
  return request.bytes.toString('latin1', 4, 20);
}
