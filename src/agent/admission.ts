import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { clientOf } from '../domain/client-address.ts';
import type { Doorway } from './doorway.ts';

export interface ConnectionLimits {
  readonly connectionsPerAddress: number;
  readonly connections: number;
  /** A handshake, and a request in full, has to be there after this long. */
  readonly requestMs: number;
}

interface Options extends ConnectionLimits {
  readonly doorway: Doorway;
  /** Who comes here goes on with what it began elsewhere. */
  readonly goesOn: boolean;
  /** Refuses an address for other reasons. */
  readonly mayEnter?: (address: string) => boolean;
  /** What the server gets in the place of the connection. */
  readonly wrap?: (socket: Socket) => Duplex;
}

export interface Admission {
  /** The client at this end of a connection has shown what it is, and leaves the doorway. */
  passed(end: Pick<Socket, 'remoteAddress' | 'remotePort'>): void;
  /** Ends all connections, also those in the middle of a handshake. */
  endAll(): void;
}

type ConnectionListener = (this: Server, socket: Duplex) => void;

/**
 * Lets a server have so many connections, and so many of one client address; those beyond are closed before they
 * cost anything. Where all are taken, whoever has more than a newcomer gives one up for it: a few addresses cannot keep
 * everybody out.
 */
export function limitConnections(
  server: Server,
  { connections, connectionsPerAddress, doorway, goesOn, mayEnter = () => true, wrap = (socket) => socket }: Options,
): Admission {
  const atDoor = new Map<string, Socket>();
  const byAddress = new Map<string, Set<Socket>>();
  let open = 0;
  const leave = (address: string, socket: Socket) => {
    const held = byAddress.get(address);
    if (held?.delete(socket) === true) {
      open -= 1;
      if (held.size === 0) {
        byAddress.delete(address);
      }
    }
  };
  const makeRoom = (count: number) => {
    const [address, held] = mostCrowded(byAddress);
    const [oldest] = held;
    if (oldest !== undefined && held.size > count + 1) {
      leave(address, oldest);
      oldest.destroy();
    }
  };
  const listeners = server.listeners('connection') as ConnectionListener[];
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    // What a client does with a connection that is refused, or waits, is no concern of ours.
    socket.on('error', () => {});
    const address = clientOf(socket.remoteAddress);
    const held = byAddress.get(address) ?? new Set();
    const enters = held.size < connectionsPerAddress && mayEnter(address);
    if (enters && open >= connections) {
      makeRoom(held.size);
    }
    if (!enters || open >= connections) {
      socket.resetAndDestroy();
      return;
    }
    open += 1;
    byAddress.set(address, held.add(socket));
    const end = nameOf(socket);
    atDoor.set(end, socket);
    socket.once('close', () => {
      leave(address, socket);
      atDoor.delete(end);
      doorway.leave(socket);
    });
    const enter = () => {
      const stream = wrap(socket);
      for (const listener of listeners) {
        listener.call(server, stream);
      }
    };
    doorway.come({ socket, address, goesOn, enter });
  });
  return {
    passed(client) {
      const end = nameOf(client);
      const socket = atDoor.get(end);
      if (socket !== undefined) {
        atDoor.delete(end);
        doorway.pass(socket);
      }
    },
    endAll() {
      byAddress.forEach((held) => held.forEach((socket) => socket.destroy()));
    },
  };
}

function nameOf({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteAddress} ${remotePort}`;
}

function mostCrowded(byAddress: ReadonlyMap<string, ReadonlySet<Socket>>): readonly [string, ReadonlySet<Socket>] {
  let most: readonly [string, ReadonlySet<Socket>] = ['', new Set()];
  for (const entry of byAddress) {
    if (entry[1].size > most[1].size) {
      most = entry;
    }
  }
  return most;
}
