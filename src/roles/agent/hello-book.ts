import { helloLifetimeMs, type AccessRequest } from '../../domain/access-request.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { base64url } from '../../protocol/encoding.ts';
import type { Hello } from './store.ts';

/** A hello in memory, with what became of it. */
export interface LiveHello {
  hello: Hello;
  request: AccessRequest | undefined;
  /** Whether the registry's key is behind it, or a random one that nobody has. */
  readonly genuine: boolean;
  /** A TLS handshake under it succeeded. */
  proven: boolean;
  /** A failed handshake under it is in the record already. */
  failed: boolean;
  /** The request that is being made under it: there is one. */
  asking: Promise<AccessRequest> | undefined;
}

export interface HelloLimits {
  readonly openHellosPerAddress: number;
  readonly openHellos: number;
}

/**
 * The hellos that the agent holds. Those without a request are open and bounded, per client address and in all;
 * what is open is never thrown out for a new one (protocol.md section 1, bounds).
 */
export class HelloBook {
  readonly #limits: HelloLimits;
  readonly #hellos = new Map<string, LiveHello>();
  readonly #byRequest = new Map<string, LiveHello>();
  /** Open ones and those being opened, oldest first: id → when its time is over. */
  readonly #open = new Map<string, number>();
  readonly #openByAddress = new Map<string, Map<string, number>>();
  readonly #nonces = new Set<string>();

  constructor(limits: HelloLimits) {
    this.#limits = limits;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Takes a place for a hello that is about to open. Errors: `agent_busy`, `invalid_input` (a nonce seen before). */
  reserve(id: string, asked: { from: string; uuid: string; deviceNonce: Uint8Array }, now: Date): void {
    const ofAddress = this.#openByAddress.get(asked.from);
    const full =
      ofAddress !== undefined && ofAddress.size >= this.#limits.openHellosPerAddress
        ? ofAddress
        : this.#open.size >= this.#limits.openHellos
          ? this.#open
          : undefined;
    if (full !== undefined) {
      const [oldest] = full.values();
      const seconds = Math.ceil(((oldest ?? 0) - now.getTime()) / 1000);
      throw new LatchkeyError('agent_busy', undefined, { retryAfter: Math.min(60, Math.max(1, seconds)) });
    }
    const nonce = nonceKey(asked);
    if (this.#nonces.has(nonce)) {
      const problems = [{ pointer: '/device_nonce', detail: 'was used before' }];
      throw new LatchkeyError('invalid_input', 'Every hello needs a fresh device_nonce.', { problems });
    }
    const until = now.getTime() + helloLifetimeMs;
    this.#nonces.add(nonce);
    this.#open.set(id, until);
    this.#openByAddress.set(asked.from, (ofAddress ?? new Map<string, number>()).set(id, until));
  }

  /** Gives the place back of a hello that did not open. */
  release(id: string, asked: { from: string; uuid: string; deviceNonce: Uint8Array }): void {
    this.#close(id, asked.from);
    this.#nonces.delete(nonceKey(asked));
  }

  add(live: LiveHello): void {
    this.#hellos.set(live.hello.id, live);
    this.#nonces.add(nonceKey(live.hello));
    if (live.request !== undefined) {
      this.#byRequest.set(live.request.id, live);
    }
  }

  /** The hello's one request is made: its place is free for others. */
  asked(live: LiveHello, hello: Hello, request: AccessRequest): void {
    live.hello = hello;
    live.request = request;
    this.#byRequest.set(request.id, live);
    this.#close(hello.id, hello.from);
  }

  find(id: string): LiveHello | undefined {
    return this.#hellos.get(id);
  }

  ofRequest(requestId: string): LiveHello | undefined {
    return this.#byRequest.get(requestId);
  }

  all(): IterableIterator<LiveHello> {
    return this.#hellos.values();
  }

  remove(live: LiveHello): void {
    this.#hellos.delete(live.hello.id);
    if (live.request !== undefined) {
      this.#byRequest.delete(live.request.id);
    }
    this.release(live.hello.id, live.hello);
  }

  #close(id: string, from: string): void {
    this.#open.delete(id);
    const ofAddress = this.#openByAddress.get(from);
    if (ofAddress?.delete(id) === true && ofAddress.size === 0) {
      this.#openByAddress.delete(from);
    }
  }
}

function nonceKey({ uuid, deviceNonce }: { uuid: string; deviceNonce: Uint8Array }): string {
  return `${uuid} ${base64url(deviceNonce)}`;
}
