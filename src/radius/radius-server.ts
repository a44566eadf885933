import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6, type AddressInfo } from 'node:net';
import { LatchkeyError } from '../domain/errors.ts';
import type { Log } from '../roles/agent/log.ts';
import { accountingRecord, type AccountingRecord } from './accounting-record.ts';
import { attribute, code } from './attributes.ts';
import { writeAdmission, type Admission } from './dialects.ts';
import { NasClients, type NasClient, type Source } from './nas-clients.ts';
import { MalformedPacket, noAuthenticator, Packet, PacketWriter, type Malformation } from './packet.ts';
import { ReplyCache } from './reply-cache.ts';
import { macOf, ssidOf } from './station.ts';

/** Who decides, and who keeps the accounts. What it throws leaves the request unanswered. */
export interface RadiusBackend {
  /** The grant of a station, or undefined: it is rejected. Synchronous: everybody else waits. */
  admit(request: AdmissionRequest): Admission | undefined;
  /** Is done once the record is durable; then it is acknowledged. The same record may come again. */
  account(record: AccountingRecord): Promise<void>;
}

export interface AdmissionRequest {
  /** `aa:bb:cc:dd:ee:ff` */
  readonly mac: string;
  readonly ssid: string | undefined;
}

export interface RadiusEndpoint {
  /** An IPv4 or IPv6 address of this machine. With several networks not a wildcard: the reply would come from any. */
  readonly address: string;
  /** 0: any. */
  readonly port: number;
}

export interface RadiusServerOptions {
  readonly authentication: RadiusEndpoint;
  /** By default the same address and the next port. */
  readonly accounting?: RadiusEndpoint | undefined;
  readonly clients: readonly NasClient[];
  readonly backend: RadiusBackend;
  readonly log: Log;
}

/** Why a datagram got no answer. */
type Drop =
  | Malformation
  | 'unknown_source'
  | 'unexpected_code'
  | 'unsigned'
  | 'wrong_signature'
  | 'wrong_authenticator'
  | 'under_way'
  | 'too_many'
  | 'failed';

export interface RadiusCounters {
  readonly accepted: number;
  readonly rejected: number;
  /** Records that the backend has. */
  readonly accounted: number;
  /** Accounting-Requests of no station or session, or of a kind that is not kept: acknowledged. */
  readonly passedOver: number;
  /** Status-Server (RFC 5997). */
  readonly statusChecks: number;
  /** Answered as before. */
  readonly duplicates: number;
  readonly dropped: Readonly<Record<Drop, number>>;
}

type Count<T> = { -readonly [Key in keyof T]: T[Key] };

interface Service {
  readonly socket: Socket;
  readonly replies: ReplyCache;
  readonly answer: (call: Call) => void;
  /** The code of what Status-Server is answered with (RFC 5997 section 3). */
  readonly alive: number;
}

interface Call {
  readonly service: Service;
  readonly source: Source;
  readonly from: RemoteInfo;
  readonly request: Packet;
}

/** Records that the backend has not made durable yet; more are not taken, and come again. */
const mostUnderWay = 4096;
/** What fails again and again is told of once in this time. */
const quietMs = 60_000;
/** Room in the kernel for what comes while we are busy, as far as the system allows (net.core.rmem_max). */
const receiveBytes = 4 * 1024 * 1024;

/**
 * A RADIUS server for MAC authentication and accounting: an Access-Accept carries the station's own password and VLAN in
 * the NAS's dialect (RFC 2865, 2866, 2868, 3580). Every Access-Request has to be signed by a Message-Authenticator.
 */
export class RadiusServer {
  readonly #clients: NasClients;
  readonly #backend: RadiusBackend;
  readonly #log: Log;
  readonly #services: readonly [authentication: Service, accounting: Service];
  readonly #writer = new PacketWriter();
  readonly #counters: Count<Omit<RadiusCounters, 'dropped'>> = {
    accepted: 0, rejected: 0, accounted: 0, passedOver: 0, statusChecks: 0, duplicates: 0,
  };
  readonly #dropped: Count<RadiusCounters['dropped']> = {
    bad_length: 0, bad_attributes: 0, unknown_source: 0, unexpected_code: 0, unsigned: 0, wrong_signature: 0,
    wrong_authenticator: 0, under_way: 0, too_many: 0, failed: 0,
  };
  #underWay = 0;
  #quietUntil = 0;
  #closed = false;

  private constructor(options: RadiusServerOptions, clients: NasClients, [authentication, accounting]: readonly [Socket, Socket]) {
    this.#clients = clients;
    this.#backend = options.backend;
    this.#log = options.log;
    const monotonic = () => performance.now();
    this.#services = [
      { socket: authentication, replies: new ReplyCache(monotonic), answer: (call) => this.#authenticate(call), alive: code.accessAccept },
      { socket: accounting, replies: new ReplyCache(monotonic), answer: (call) => this.#account(call), alive: code.accountingResponse },
    ];
    for (const service of this.#services) {
      service.socket.on('message', (datagram, from) => this.#receive(service, datagram, from));
      service.socket.on('error', (error) => this.#log('warn', 'A RADIUS socket reports an error.', { error }));
    }
  }

  /** Errors: `invalid_input` (a client, an address that is not this machine's, a port that is taken or not allowed). */
  static async listen(options: RadiusServerOptions): Promise<RadiusServer> {
    const clients = new NasClients(options.clients);
    const authentication = await bind(options.authentication);
    try {
      const { address, port } = authentication.address();
      const accounting = await bind(options.accounting ?? { address, port: port + 1 });
      return new RadiusServer(options, clients, [authentication, accounting]);
    } catch (error) {
      authentication.close();
      throw error;
    }
  }

  get authentication(): AddressInfo {
    return this.#services[0].socket.address();
  }

  get accounting(): AddressInfo {
    return this.#services[1].socket.address();
  }

  /** Since the start. */
  get counters(): RadiusCounters {
    return { ...this.#counters, dropped: { ...this.#dropped } };
  }

  /** What is not acknowledged yet stays so: its NAS sends it again. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(
      this.#services.map(async ({ socket }) => {
        const closed = once(socket, 'close');
        socket.close();
        await closed;
      }),
    );
  }

  #receive(service: Service, datagram: Buffer, from: RemoteInfo): void {
    const source = this.#clients.at(from.address);
    // Port 0 cannot be answered.
    if (source === undefined || from.port === 0) {
      this.#dropped.unknown_source += 1;
      return;
    }
    try {
      const request = Packet.decode(datagram);
      const kept = service.replies.find(source.number, from.port, request);
      if (kept === undefined) {
        this.#answer({ service, source, from, request });
      } else if (kept.reply === undefined) {
        this.#dropped.under_way += 1;
      } else {
        this.#counters.duplicates += 1;
        service.socket.send(kept.reply, from.port, from.address);
      }
    } catch (error) {
      if (error instanceof MalformedPacket) {
        this.#dropped[error.reason] += 1;
      } else {
        this.#fail(error);
      }
    }
  }

  #answer(call: Call): void {
    if (call.request.code !== code.statusServer) {
      call.service.answer(call);
    } else if (this.#isSigned(call)) {
      this.#counters.statusChecks += 1;
      this.#send(call, this.#reply(call, call.service.alive).seal());
    }
  }

  #authenticate(call: Call): void {
    const { source, request } = call;
    if (request.code !== code.accessRequest) {
      this.#dropped.unexpected_code += 1;
      return;
    }
    if (!this.#isSigned(call)) {
      return;
    }
    const mac = macOf(request);
    // Who speaks EAP has not asked to be let in for an address that anybody can have.
    const admission =
      mac === undefined || request.has(attribute.eapMessage)
        ? undefined
        : this.#backend.admit({ mac, ssid: ssidOf(request) });
    const reply = this.#reply(call, admission === undefined ? code.accessReject : code.accessAccept);
    if (admission === undefined) {
      this.#counters.rejected += 1;
    } else {
      writeAdmission(reply, source.dialect, admission);
      this.#counters.accepted += 1;
    }
    const bytes = reply.seal();
    call.service.replies.keep(source.number, call.from.port, request, bytes);
    this.#send(call, bytes);
  }

  #account(call: Call): void {
    const { service, source, from, request } = call;
    if (request.code !== code.accountingRequest) {
      this.#dropped.unexpected_code += 1;
      return;
    }
    if (!request.isAuthentic(source.secret, noAuthenticator)) {
      this.#dropped.wrong_authenticator += 1;
      return;
    }
    if (request.isSigned(source.secret, noAuthenticator) === false) {
      this.#dropped.wrong_signature += 1;
      return;
    }
    const record = accountingRecord(request, source);
    if (record === undefined) {
      this.#counters.passedOver += 1;
      this.#send(call, this.#reply(call, code.accountingResponse).seal());
      return;
    }
    if (this.#underWay === mostUnderWay) {
      this.#dropped.too_many += 1;
      return;
    }
    const done = this.#backend.account(record);
    const kept = service.replies.keep(source.number, from.port, request);
    this.#underWay += 1;
    done
      .finally(() => (this.#underWay -= 1))
      .then(() => {
        this.#counters.accounted += 1;
        kept.reply = this.#reply(call, code.accountingResponse).seal();
        this.#send(call, kept.reply);
      })
      .catch((error: unknown) => {
        service.replies.forget(source.number, from.port, request, kept);
        this.#fail(error);
      });
  }

  /** Whether a request has the Message-Authenticator that it must have. */
  #isSigned({ source, request }: Call): boolean {
    const isSigned = request.isSigned(source.secret);
    if (isSigned !== true) {
      this.#dropped[isSigned === undefined ? 'unsigned' : 'wrong_signature'] += 1;
    }
    return isSigned === true;
  }

  /** A reply begun, with what proxies need to find their way back (RFC 2865 section 5.33). */
  #reply({ source, request }: Call, replyCode: number): PacketWriter {
    const reply = this.#writer.begin(source.secret, replyCode, request.identifier, request.authenticator);
    if (request.code !== code.accountingRequest) {
      // No RFC says how an acknowledgement would be signed, and FreeRADIUS has a way of its own.
      reply.signature();
    }
    if (request.has(attribute.proxyState)) {
      for (const { type, value } of request.attributes()) {
        if (type === attribute.proxyState) {
          reply.bytes(type, value);
        }
      }
    }
    return reply;
  }

  #send({ service, from }: Call, reply: Buffer): void {
    if (!this.#closed) {
      service.socket.send(reply, from.port, from.address);
    }
  }

  #fail(error: unknown): void {
    this.#dropped.failed += 1;
    const now = performance.now();
    if (now >= this.#quietUntil) {
      this.#quietUntil = now + quietMs;
      this.#log('error', 'RADIUS requests fail and are not answered.', { error });
    }
  }
}

async function bind({ address, port }: RadiusEndpoint): Promise<Socket> {
  const family = isIPv6(address) ? 6 : 4;
  const socket = createSocket({
    type: `udp${family}`,
    recvBufferSize: receiveBytes,
    // Only addresses are sent to. Node would "look up" each of them, on a later turn.
    lookup: (host, _options, callback) => callback(null, host, family),
  });
  try {
    // May happen at once.
    const listening = once(socket, 'listening');
    socket.bind(port, address);
    await listening;
    return socket;
  } catch (error) {
    socket.close();
    throw new LatchkeyError('invalid_input', `RADIUS cannot listen on ${address} port ${port}.`, { cause: error });
  }
}
