import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { attribute, code } from '../../src/radius/attributes.ts';
import { Packet, PacketWriter } from '../../src/radius/packet.ts';
import { SharedSecret } from '../../src/radius/shared-secret.ts';
import { sharedSecret } from './nas.ts';

export interface Order {
  readonly kind: 'disconnect' | 'change';
  readonly sessionId: string | undefined;
  readonly vlan: string | undefined;
  readonly at: number;
}

/** An access point on loopback that takes orders (RFC 5176), and answers as it is told to. */
export class OrderTaker {
  readonly orders: Order[] = [];
  answer: (order: Order) => 'ack' | 'silence' | { readonly nak: number } = () => 'ack';
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (datagram, from) => {
      const request = Packet.decode(datagram);
      const order: Order = {
        kind: request.code === code.disconnectRequest ? 'disconnect' : 'change',
        sessionId: request.text(attribute.acctSessionId),
        vlan: request.text(attribute.tunnelPrivateGroupId),
        at: Date.now(),
      };
      this.orders.push(order);
      const answer = this.answer(order);
      if (answer === 'silence') return;
      const reply = new PacketWriter().begin(new SharedSecret(sharedSecret), request.code + (answer === 'ack' ? 1 : 2), request.identifier, request.authenticator);
      socket.send((answer === 'ack' ? reply : reply.integer(attribute.errorCause, answer.nak)).seal(), from.port, from.address);
    });
  }

  static async open(): Promise<OrderTaker> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new OrderTaker(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  close(): void {
    this.#socket.close();
  }
}
