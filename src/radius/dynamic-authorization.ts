import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { attribute, code } from './attributes.ts';
import { writeTerms, type Admission } from './dialects.ts';
import { MalformedPacket, noAuthenticator, Packet, PacketWriter } from './packet.ts';
import { SharedSecret } from './shared-secret.ts';

/** A NAS that takes orders. */
export interface DynamicAuthorizationTarget {
  readonly address: string;
  /** By default 3799. */
  readonly port?: number | undefined;
  readonly secret: string;
}

/** Which session is meant: the more is given, the more certain. */
export interface SessionSelector {
  /** `aa:bb:cc:dd:ee:ff` */
  readonly mac: string;
  /** Acct-Session-Id. */
  readonly sessionId?: string | undefined;
  readonly nasIdentifier?: string | undefined;
}

/** `nak`: the NAS refuses, for this Error-Cause (RFC 5176 section 3.5) if it gives one; 503 is "no such session". */
export type DynamicAuthorizationAnswer = 'ack' | { readonly nak: number | undefined } | 'no-answer';

export interface DynamicAuthorizationOptions {
  /** How long each try waits for an answer, in milliseconds (RFC 5080 section 2.2.1). */
  readonly waitsMs?: readonly number[] | undefined;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

const defaultPort = 3799;
/** Each has a socket while it waits. */
const mostAtOnce = 64;

/** Ends or changes sessions at a NAS while they go on (RFC 5176). */
export class DynamicAuthorization {
  readonly #waitsMs: readonly number[];
  readonly #now: () => number;
  readonly #writer = new PacketWriter();
  readonly #queue: (() => void)[] = [];
  #underWay = 0;

  constructor({ waitsMs = [1000, 2000, 4000, 8000], now = Date.now }: DynamicAuthorizationOptions = {}) {
    this.#waitsMs = waitsMs;
    this.#now = now;
  }

  /** Ends a session. Errors: `invalid_input` (the secret). */
  disconnect(nas: DynamicAuthorizationTarget, session: SessionSelector): Promise<DynamicAuthorizationAnswer> {
    return this.#order(nas, code.disconnectRequest, session, {});
  }

  /** Changes what a session may, counted from now. Errors: `invalid_input` (the secret). */
  changeOfAuthorization(
    nas: DynamicAuthorizationTarget,
    { vlan, sessionTimeoutS, ...session }: SessionSelector & Pick<Admission, 'vlan' | 'sessionTimeoutS'>,
  ): Promise<DynamicAuthorizationAnswer> {
    return this.#order(nas, code.coaRequest, session, { vlan, sessionTimeoutS });
  }

  async #order(
    nas: DynamicAuthorizationTarget,
    request: number,
    session: SessionSelector,
    terms: Pick<Admission, 'vlan' | 'sessionTimeoutS'>,
  ): Promise<DynamicAuthorizationAnswer> {
    const secret = new SharedSecret(nas.secret);
    await this.#turn();
    try {
      return await exchange(nas, secret, this.#packet(secret, request, session, terms), this.#waitsMs);
    } finally {
      this.#next();
    }
  }

  async #turn(): Promise<void> {
    if (this.#underWay < mostAtOnce) {
      this.#underWay += 1;
    } else {
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    }
  }

  /** Gives up its place, to who waits if anybody does. */
  #next(): void {
    const next = this.#queue.shift();
    if (next === undefined) {
      this.#underWay -= 1;
    } else {
      next();
    }
  }

  #packet(
    secret: SharedSecret,
    request: number,
    { mac, sessionId, nasIdentifier }: SessionSelector,
    terms: Pick<Admission, 'vlan' | 'sessionTimeoutS'>,
  ): Buffer {
    const packet = this.#writer.begin(secret, request, randomInt(256), noAuthenticator).signature();
    if (nasIdentifier !== undefined) {
      packet.text(attribute.nasIdentifier, nasIdentifier);
    }
    // As RFC 3580 section 3.21 has it.
    packet.text(attribute.callingStationId, mac.toUpperCase().replaceAll(':', '-'));
    if (sessionId !== undefined) {
      packet.text(attribute.acctSessionId, sessionId);
    }
    writeTerms(packet, terms);
    return packet.integer(attribute.eventTimestamp, Math.floor(this.#now() / 1000)).seal();
  }
}

/** Sends a request until it is answered. The socket is connected, so nobody else is heard. */
function exchange(
  { address, port = defaultPort }: DynamicAuthorizationTarget,
  secret: SharedSecret,
  request: Buffer,
  waitsMs: readonly number[],
): Promise<DynamicAuthorizationAnswer> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    let tries = 0;
    let waiting: NodeJS.Timeout | undefined;
    const end = (answer: DynamicAuthorizationAnswer) => {
      clearTimeout(waiting);
      socket.close();
      resolve(answer);
    };
    const attempt = () => {
      const waitMs = waitsMs[tries];
      if (waitMs === undefined) {
        end('no-answer');
        return;
      }
      tries += 1;
      socket.send(request);
      waiting = setTimeout(attempt, waitMs);
    };
    // Nobody listens there, or not yet.
    socket.on('error', () => {});
    socket.on('message', (datagram) => {
      const answer = answerIn(datagram, request, secret);
      if (answer !== undefined) {
        end(answer);
      }
    });
    // Without a way to the NAS there is no connection.
    socket.connect(port, address, (error?: Error) => (error === undefined ? attempt() : end('no-answer')));
  });
}

/** The answer to a request; undefined if it is none that the NAS has made for it. */
function answerIn(datagram: Buffer, request: Buffer, secret: SharedSecret): DynamicAuthorizationAnswer | undefined {
  try {
    const reply = Packet.decode(datagram);
    const asked = Packet.decode(request);
    const isAck = reply.code === asked.code + 1;
    if (
      (!isAck && reply.code !== asked.code + 2) ||
      reply.identifier !== asked.identifier ||
      !reply.isAuthentic(secret, asked.authenticator) ||
      reply.isSigned(secret, asked.authenticator) === false
    ) {
      return undefined;
    }
    return isAck ? 'ack' : { nak: reply.integer(attribute.errorCause) };
  } catch (error) {
    if (error instanceof MalformedPacket) {
      return undefined;
    }
    throw error;
  }
}
