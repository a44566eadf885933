import { isGranted, type AccessRequest, type DeviceReport, type RequestStatus } from '../../domain/access-request.ts';
import type { Attempt } from '../../domain/audit.ts';
import type { Random } from '../../domain/clock.ts';
import { LatchkeyError, type ErrorCode } from '../../domain/errors.ts';
import type { Grant } from '../../domain/grant.ts';
import { idFrom } from '../../domain/identifiers.ts';
import { base64url } from '../../protocol/encoding.ts';
import type { Verification } from '../ap/ports.ts';
import type { Credential } from '../device/ports.ts';
import type { AttemptLog } from './attempt-log.ts';
import type { GrantsInForce } from './grants-in-force.ts';
import type { HelloBook, LiveHello } from './hello-book.ts';
import { isAlive } from './hello-life.ts';
import type { Log } from './log.ts';
import type { Radio } from './radio.ts';
import type { RegistryCopy } from './registry-copy.ts';
import { isAway, type ApIdentity, type RegistryLink } from './registry-link.ts';
import type { AgentStore, Hello } from './store.ts';
import type { SubjectMacs } from './subject-macs.ts';
import type { Throttle } from './throttle.ts';
import type { Waiters } from './waiters.ts';

/** A request as its device sees it. */
export interface RequestAnswer {
  readonly requestId: string;
  /** `approved` as long as the password may be read, also when it was read before. */
  readonly status: RequestStatus;
  readonly reason: string | undefined;
  readonly granted: GrantedAnswer | undefined;
}

export interface GrantedAnswer extends Credential {
  readonly uuid: string;
  readonly grantId: string;
  readonly expiresAt: Date | undefined;
}

export interface RequestInput {
  readonly deviceProof: Uint8Array;
  readonly label: string | undefined;
  readonly showsCode: boolean;
  readonly plain: boolean;
}

interface Parts {
  readonly store: AgentStore;
  readonly copy: RegistryCopy;
  readonly link: RegistryLink;
  readonly hellos: HelloBook;
  readonly grants: GrantsInForce;
  readonly radio: Radio;
  readonly macs: SubjectMacs;
  /** The MAC address behind a client address. */
  readonly macOf: (address: string) => string | undefined;
  readonly attempts: AttemptLog;
  /**
   * Client addresses that fail to prove themselves. It is the address and not the uuid: a uuid is printed on the label,
   * and locking it would let anybody lock the device out (protocol.md section 1, bounds).
   */
  readonly throttle: Throttle;
  /** Devices that ask again and again; only who has proven to be the device counts against it. */
  readonly pace: Throttle;
  readonly waiters: Waiters;
  readonly random: Random;
  readonly now: () => Date | undefined;
  readonly onboardingSsid: string;
  readonly log: Log;
}

const retryAfterS = 5;
/** What the registry's refusals are in the record; any other is of what was asked, not of who asked. */
const outcomes: Partial<Record<ErrorCode, Attempt['outcome']>> = {
  proof_rejected: 'bad_proof',
  device_revoked: 'revoked',
  device_spent: 'spent',
  hello_expired: 'expired',
};

/** What the exchange over TLS-PSK and the literal one have in common (protocol.md section 1). */
export class AccessDesk {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    for (const hello of parts.store.onboarding.hellos()) {
      const request = hello.requestId === undefined ? undefined : parts.store.onboarding.request(hello.requestId);
      parts.hellos.add({ hello, request, genuine: true, proven: true, failed: false, asking: undefined });
    }
    parts.copy.onApplied(({ requests }) => {
      for (const { after } of requests) {
        const live = parts.hellos.ofRequest(after.id);
        if (live !== undefined) {
          live.request = after;
        }
        parts.waiters.wake(after.id);
      }
    });
  }

  /** Whether this client may try at all, with what it says of the network. Errors: `rate_limited`, `wrong_ssid`. */
  admit(uuid: string, onboardingSsid: string, from: string): void {
    const waitMs = this.#parts.throttle.waitMs(from);
    if (waitMs > 0) {
      this.record(uuid, from, 'too_many', 'it must wait after failed handshakes');
      throw new LatchkeyError('rate_limited', undefined, { retryAfter: Math.ceil(waitMs / 1000) });
    }
    if (onboardingSsid !== this.#parts.onboardingSsid) {
      this.record(uuid, from, 'wrong_ssid', `it names ${JSON.stringify(onboardingSsid)}`);
      throw new LatchkeyError('wrong_ssid');
    }
  }

  /**
   * A hello: asks the registry for the key, and puts a random one behind it where there is none to be had.
   * Errors: `agent_busy`, `invalid_input` (a device_nonce seen before), `server_unavailable`.
   */
  async open(
    { uuid, deviceNonce }: { readonly uuid: string; readonly deviceNonce: Uint8Array },
    from: string,
  ): Promise<{ readonly live: LiveHello; readonly status: Verification['status']; readonly identity: ApIdentity }> {
    const { hellos, link, random } = this.#parts;
    const now = this.#parts.now();
    const { identity } = link;
    if (now === undefined || identity === undefined) {
      throw this.#away(uuid, from, 'the server was never heard');
    }
    const id = idFrom('hel', base64url(random.bytes(16)));
    const asked = { from, uuid, deviceNonce };
    try {
      hellos.reserve(id, asked, now);
    } catch (error) {
      const busy = error instanceof LatchkeyError && error.code === 'agent_busy';
      this.record(uuid, from, busy ? 'too_many' : 'bad_request', busy ? 'too many open hellos' : 'a device_nonce was used twice');
      throw error;
    }
    const nobodys = random.bytes(32);
    let verification: Verification;
    try {
      verification = await link.call((ap) => ap.verify({ uuid, deviceNonce }));
    } catch (error) {
      hellos.release(id, asked);
      throw this.#away(uuid, from, 'the device could not be verified', error);
    }
    const { status, psk, apNonce } = verification;
    const live: LiveHello = {
      hello: { id, uuid, deviceNonce, apNonce, psk: psk ?? nobodys, from, createdAt: now, requestId: undefined },
      request: undefined,
      genuine: psk !== undefined,
      proven: false,
      failed: false,
      asking: undefined,
    };
    hellos.add(live);
    return { live, status, identity };
  }

  /** A hello whose key still opens something; checked at every request, not only at the handshake. */
  find(helloId: string): LiveHello | undefined {
    const live = this.#parts.hellos.find(helloId);
    const now = this.#parts.now();
    return live !== undefined && now !== undefined && this.#isAlive(live, now) ? live : undefined;
  }

  /** Those of a device that are alive. */
  ofDevice(uuid: string): LiveHello[] {
    const now = this.#parts.now();
    return now === undefined ? [] : [...this.#parts.hellos.all()].filter((live) => live.hello.uuid === uuid && this.#isAlive(live, now));
  }

  /**
   * Makes the hello's one request; if it is made or being made, nothing more happens. The request and the key are
   * durable when this resolves. Errors: `proof_rejected`, `device_revoked`, `device_spent`, `server_unavailable`,
   * `rate_limited` (the device has asked again and again).
   */
  async ask(live: LiveHello, input: RequestInput): Promise<void> {
    if (live.request !== undefined) {
      return;
    }
    live.asking ??= this.#ask(live, input).finally(() => {
      live.asking = undefined;
    });
    await live.asking;
  }

  async #ask(live: LiveHello, { deviceProof, label, showsCode, plain }: RequestInput): Promise<AccessRequest> {
    const { link, copy, store, hellos, throttle, pace } = this.#parts;
    const { uuid, deviceNonce, apNonce, from } = live.hello;
    const waitMs = pace.waitMs(uuid);
    if (waitMs > 0) {
      this.record(uuid, from, 'too_many', 'it has asked again and again');
      throw new LatchkeyError('rate_limited', undefined, { retryAfter: Math.ceil(waitMs / 1000) });
    }
    let request: AccessRequest;
    try {
      request = await link.call((ap) =>
        ap.request({ uuid, deviceProof, deviceNonce, apNonce, deviceLabel: label, showsCode, plain }),
      );
    } catch (error) {
      if (isAway(error)) {
        throw this.#away(uuid, from, 'the request could not be made', error);
      }
      const code = error instanceof LatchkeyError ? error.code : undefined;
      if (code === 'proof_rejected') {
        throttle.count(from);
      }
      this.record(uuid, from, (code && outcomes[code]) ?? 'bad_request', 'after the handshake');
      throw error;
    }
    pace.count(uuid);
    this.seen(uuid, from);
    const hello: Hello = { ...live.hello, requestId: request.id };
    await copy.apply({ requests: [request] }, () => store.onboarding.saveHello(hello));
    hellos.asked(live, hello, store.onboarding.request(request.id) ?? request);
    this.record(uuid, from, 'asked');
    return request;
  }

  /** Answers at once if it is decided, else when it is, or after `ms`. Errors: `hello_expired`. */
  async wait(live: LiveHello, ms: number, signal?: AbortSignal): Promise<RequestAnswer> {
    const request = requestOf(live);
    if (this.#visibleStatus(live) === 'pending') {
      await this.#parts.waiters.until(request.id, () => this.#visibleStatus(live) !== 'pending', ms, signal);
    }
    return this.answer(live);
  }

  /** Errors: `hello_expired` (the grant was taken back). */
  async answer(live: LiveHello): Promise<RequestAnswer> {
    const { id, uuid, grantId, reason } = requestOf(live);
    const status = this.#visibleStatus(live);
    if (status !== 'approved') {
      return { requestId: id, status, reason: status === 'denied' ? reason : undefined, granted: undefined };
    }
    const grant = grantId === undefined ? undefined : this.#parts.grants.onAir(grantId);
    if (grant === undefined) {
      throw new LatchkeyError('hello_expired', 'The grant has ended.');
    }
    const credential = await this.#parts.radio.credential(grant);
    return {
      requestId: id,
      status,
      reason: undefined,
      granted: { ...credential, uuid, grantId: grant.id, expiresAt: grant.endsAt },
    };
  }

  /** A device that has proven who it is comes from this address. */
  seen(uuid: string, from: string): void {
    this.#parts.macs.seen(uuid, this.#parts.macOf(from));
  }

  /** Says what the device did. Errors: `already_decided` (not approved, denied, declined …). */
  async advance(live: LiveHello, status: DeviceReport): Promise<void> {
    const { copy, link, now } = this.#parts;
    const request = requestOf(live);
    if (!(await copy.advance(request.id, status, now() ?? new Date()))) {
      throw new LatchkeyError('already_decided', `The request is ${requestOf(live).status}.`);
    }
    link.deliverSoon();
  }

  /** The answer with the password has left for the device. */
  async delivered(requestId: string): Promise<void> {
    const live = this.#parts.hellos.ofRequest(requestId);
    if (live?.request?.status === 'approved') {
      await this.advance(live, 'delivered');
    }
  }

  /** Gives up a hello that came to nothing. */
  close(live: LiveHello): void {
    this.#parts.hellos.remove(live);
  }

  record(uuid: string | undefined, from: string, outcome: Attempt['outcome'], detail?: string): void {
    this.#parts.attempts.record({ uuid, from, outcome, detail });
  }

  /** Forgets hellos whose time is over. */
  sweep(): void {
    const { hellos, store, copy } = this.#parts;
    const now = this.#parts.now();
    if (now === undefined) {
      return;
    }
    const over = [...hellos.all()].filter((live) => live.asking === undefined && !this.#isAlive(live, now));
    for (const live of over) {
      hellos.remove(live);
      if (live.request === undefined && live.genuine && !live.failed) {
        this.record(live.hello.uuid, live.hello.from, 'expired', live.proven ? 'it made no request' : 'it did not come back');
      }
    }
    const stored = over.filter(({ request }) => request !== undefined);
    if (stored.length > 0) {
      void copy.apply({}, () => stored.forEach(({ hello }) => store.onboarding.removeHello(hello.id))).catch((error: unknown) => {
        this.#parts.log('error', 'Hellos whose time is over could not be removed.', { error });
      });
    }
  }

  /**
   * `approved` only once the radio lets the device in, and while its password may be read; until then it is
   * `pending` to the device.
   */
  #visibleStatus(live: LiveHello): RequestStatus {
    const { status, grantId, expiresAt } = requestOf(live);
    const now = this.#parts.now();
    if (status === 'pending') {
      return now !== undefined && now >= expiresAt ? 'expired' : 'pending';
    }
    if (status === 'approved' || status === 'delivered') {
      const grant = this.#grant(grantId);
      const comes = grant === undefined || (grant.state === 'active' && this.#parts.grants.onAir(grant.id) === undefined);
      return comes ? 'pending' : 'approved';
    }
    return status;
  }

  #isAlive(live: LiveHello, now: Date): boolean {
    const { request } = live;
    const grant = request !== undefined && isGranted(request.status) ? this.#grant(request.grantId) : undefined;
    return isAlive(live.hello, request, grant, now);
  }

  #grant(id: string | undefined): Grant | undefined {
    return id === undefined ? undefined : (this.#parts.grants.find(id) ?? this.#parts.store.grants.grant(id));
  }

  #away(uuid: string, from: string, detail: string, cause?: unknown): LatchkeyError {
    this.record(uuid, from, 'server_away', detail);
    const retryAfter = (cause instanceof LatchkeyError ? cause.retryAfter : undefined) ?? retryAfterS;
    return new LatchkeyError('server_unavailable', undefined, { retryAfter, cause });
  }
}

function requestOf(live: LiveHello): AccessRequest {
  if (live.request === undefined) {
    throw new LatchkeyError('request_not_found');
  }
  return live.request;
}
