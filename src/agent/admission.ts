import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { clientAddress } from './client-address.ts';

export interface ConnectionLimits {
  readonly connectionsPerAddress: number;
  readonly connections: number;
  /** A handshake, and a request in full, has to be there after this long. */
  readonly requestMs: number;
}

interface Options extends ConnectionLimits {
  /** Refuses an address for other reasons. */
  readonly mayEnter?: (address: string) => boolean;
  /** What the server gets in the place of the connection. */
  readonly wrap?: (socket: Socket) => Duplex;
}

type ConnectionListener = (this: Server, socket: Duplex) => void;

/**
 * Lets a server have so many connections, and so many of one client address; those beyond are closed before they
 * cost anything. The returned function ends all connections, also those in the middle of a handshake.
 */
export function limitConnections(
  server: Server,
  { connections, connectionsPerAddress, mayEnter = () => true, wrap = (socket) => socket }: Options,
): () => void {
  const open = new Set<Socket>();
  const byAddress = new Map<string, number>();
  const listeners = server.listeners('connection') as ConnectionListener[];
  server.removeAllListeners('connection');
  server.maxConnections = connections;
  server.on('connection', (socket: Socket) => {
    const address = clientAddress(socket.remoteAddress);
    const count = byAddress.get(address) ?? 0;
    if (count >= connectionsPerAddress || !mayEnter(address)) {
      // Whatever the client does with a connection that is refused is no concern of ours.
      socket.on('error', () => {});
      socket.resetAndDestroy();
      return;
    }
    open.add(socket);
    byAddress.set(address, count + 1);
    socket.once('close', () => {
      open.delete(socket);
      const left = (byAddress.get(address) ?? 1) - 1;
      if (left === 0) {
        byAddress.delete(address);
      } else {
        byAddress.set(address, left);
      }
    });
    const stream = wrap(socket);
    for (const listener of listeners) {
      listener.call(server, stream);
    }
  });
  return () => open.forEach((socket) => socket.destroy());
}
