import { setTimeout as delay } from 'node:timers/promises';
import { helloLifetimeMs } from '../../domain/access-request.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { AccessDesk, RequestAnswer } from './access-desk.ts';
import type { HelloBook, LiveHello } from './hello-book.ts';
import type { Throttle } from './throttle.ts';

export interface HelloInput {
  readonly uuid: string;
  readonly onboardingSsid: string;
  readonly deviceNonce: Uint8Array;
}

/**
 * Every hello is answered this long after it came: what is found out about the device meanwhile takes a little longer
 * for one than for another, and nobody learns from that which uuids exist.
 */
const answerMs = 25;

/** What the device is told; the port of the secure listener is for that to add. */
export interface HelloAnswer {
  readonly helloId: string;
  readonly apId: string;
  readonly apName: string;
  readonly apNonce: Uint8Array;
  readonly expiresInS: number;
}

export interface SecureRequestInput {
  readonly uuid: string;
  readonly deviceProof: Uint8Array;
  readonly label: string | undefined;
  readonly showsCode: boolean;
}

/**
 * The devices' side of the agent over TLS-PSK, protocol.md section 1: hello, handshake, request, answer. The
 * listeners call it, and it knows neither HTTP nor TLS. `from` is a client address as the bounds count it.
 */
export class SecureExchange {
  readonly #desk: AccessDesk;
  readonly #hellos: HelloBook;
  readonly #throttle: Throttle;

  constructor(desk: AccessDesk, hellos: HelloBook, throttle: Throttle) {
    this.#desk = desk;
    this.#hellos = hellos;
    this.#throttle = throttle;
  }

  /**
   * Unknown, revoked and spent devices get an answer like any other, with a key behind it that nobody has.
   * Errors: `wrong_ssid`, `invalid_input` (a device_nonce seen before), `rate_limited` (too many failed
   * handshakes), `agent_busy`, `server_unavailable`.
   */
  async hello({ uuid, onboardingSsid, deviceNonce }: HelloInput, from: string): Promise<HelloAnswer> {
    this.#desk.admit(uuid, onboardingSsid, from);
    // Begins before anything is looked up, so that its end does not depend on what is found.
    const due = delay(answerMs);
    const { live, status, identity } = await this.#desk.open({ uuid, deviceNonce }, from);
    if (status !== 'known') {
      this.#desk.record(uuid, from, status);
    }
    await due;
    return {
      helloId: live.hello.id,
      apId: identity.apId,
      apName: identity.name,
      apNonce: live.hello.apNonce,
      expiresInS: helloLifetimeMs / 1000,
    };
  }

  /** The key of a hello that is alive, as the TLS handshake asks for it. */
  pskFor(helloId: string): Uint8Array | undefined {
    return this.#desk.find(helloId)?.hello.psk;
  }

  authenticated(helloId: string): void {
    const live = this.#hellos.find(helloId);
    if (live !== undefined) {
      live.proven = true;
    }
  }

  /** `helloId`: the identity that was offered, if its key was known. */
  handshakeFailed(helloId: string | undefined, from: string, detail: string): void {
    this.#throttle.count(from);
    const live = helloId === undefined ? undefined : this.#hellos.find(helloId);
    // Why one without a genuine key fails was recorded at its hello.
    if (live?.genuine === true && !live.failed) {
      live.failed = true;
      this.#desk.record(live.hello.uuid, from, 'bad_proof', detail);
    }
  }

  /** Milliseconds for which a client address is not listened to. */
  waitMs(from: string): number {
    return this.#throttle.waitMs(from);
  }

  /** Something came that nobody could make sense of. */
  malformed(from: string, detail: string): void {
    this.#desk.record(undefined, from, 'bad_request', detail);
  }

  /**
   * The hello's one request; again, it is the same. Errors: `hello_expired`, `invalid_input` (another uuid),
   * `proof_rejected`, `device_revoked`, `device_spent`, `server_unavailable`.
   */
  async request(helloId: string, { uuid, deviceProof, label, showsCode }: SecureRequestInput): Promise<RequestAnswer> {
    const live = this.#require(helloId);
    if (uuid !== live.hello.uuid) {
      this.#desk.record(live.hello.uuid, live.hello.from, 'bad_request', 'the request names another uuid than the hello');
      throw new LatchkeyError('invalid_input', 'The uuid is not that of the hello.', {
        problems: [{ pointer: '/uuid', detail: 'is not that of the hello' }],
      });
    }
    await this.#desk.ask(live, { deviceProof, label, showsCode, plain: false });
    return this.#desk.answer(live);
  }

  /** Waits up to `waitMs` for a decision. Errors: `hello_expired`, `request_not_found` (also another device's). */
  async status(helloId: string, requestId: string, waitMs: number, signal?: AbortSignal): Promise<RequestAnswer> {
    return this.#desk.wait(this.#own(helloId, requestId), waitMs, signal);
  }

  /** The answer with the password has left for the device. */
  async delivered(requestId: string): Promise<void> {
    await this.#desk.delivered(requestId);
  }

  /**
   * What the device did; if its user said no, the grant ends. May be said again. Errors: `hello_expired`,
   * `request_not_found`, `already_decided` (not approved, denied …).
   */
  async report(helloId: string, requestId: string, status: 'joined' | 'declined', from: string): Promise<void> {
    const live = this.#own(helloId, requestId);
    await this.#desk.advance(live, status);
    this.#desk.seen(live.hello.uuid, from);
  }

  #require(helloId: string): LiveHello {
    const live = this.#desk.find(helloId);
    if (live === undefined) {
      throw new LatchkeyError('hello_expired');
    }
    return live;
  }

  #own(helloId: string, requestId: string): LiveHello {
    const live = this.#require(helloId);
    if (live.request?.id !== requestId) {
      throw new LatchkeyError('request_not_found');
    }
    return live;
  }
}
