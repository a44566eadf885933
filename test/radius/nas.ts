import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { attribute, code } from '../../src/radius/attributes.ts';
import { noAuthenticator, PacketWriter } from '../../src/radius/packet.ts';
import { SharedSecret } from '../../src/radius/shared-secret.ts';

export const sharedSecret = 'of the hall';

/** An access point that says what it is told to, from a port of its own. */
export class Nas {
  readonly #socket: Socket;
  readonly #received: Buffer[] = [];
  readonly #waiting: ((datagram: Buffer) => void)[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (datagram) => {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#received.push(datagram);
      else waiting(datagram);
    });
  }

  static async at(port: number, address = '127.0.0.1'): Promise<Nas> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const connected = once(socket, 'connect');
    socket.connect(port, address);
    await connected;
    return new Nas(socket);
  }

  send(datagram: Uint8Array): void {
    this.#socket.send(datagram);
  }

  /** The next answer. */
  answer(): Promise<Buffer> {
    const received = this.#received.shift();
    return received === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(received);
  }

  ask(datagram: Uint8Array): Promise<Buffer> {
    this.send(datagram);
    return this.answer();
  }

  close(): void {
    this.#socket.close();
  }
}

interface Requested {
  readonly secret?: string;
  readonly identifier?: number;
  readonly write?: (packet: PacketWriter) => void;
}

/** A signed Access-Request of hostapd's kind, with whatever else is written into it. */
export function accessRequest(mac: string, { secret = sharedSecret, identifier = 1, write }: Requested = {}): Buffer {
  const packet = new PacketWriter().begin(new SharedSecret(secret), code.accessRequest, identifier, randomBytes(16));
  packet.text(attribute.userName, mac.replaceAll(':', '')).text(attribute.callingStationId, mac.replaceAll(':', '-').toUpperCase());
  packet.text(attribute.calledStationId, '02-00-00-00-FF-01:iot');
  write?.(packet);
  return packet.signature().seal();
}

/** An Accounting-Request that begins a session. */
export function accountingStart(mac: string, { secret = sharedSecret, identifier = 1, write }: Requested = {}): Buffer {
  const packet = new PacketWriter().begin(new SharedSecret(secret), code.accountingRequest, identifier, noAuthenticator);
  packet.integer(attribute.acctStatusType, 1).text(attribute.acctSessionId, 'A1').text(attribute.callingStationId, mac);
  write?.(packet);
  return packet.seal();
}

export function statusServer(secret = sharedSecret): Buffer {
  return new PacketWriter().begin(new SharedSecret(secret), code.statusServer, 1, randomBytes(16)).signature().seal();
}
