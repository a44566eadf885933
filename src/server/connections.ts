import { Buffer } from 'node:buffer';
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { problemMediaType, problemToWire } from '../api/problem.ts';
import { clientOf } from '../domain/client-address.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { Limits } from './limits.ts';

/** Closes what goes beyond the number of connections, in all or of one address, before it costs anything more. */
export function boundConnections(server: Server, limits: Limits): { readonly open: () => number } {
  const byAddress = new Map<string, number>();
  let open = 0;
  server.on('connection', (socket: Socket) => {
    const address = clientOf(socket.remoteAddress);
    const held = byAddress.get(address) ?? 0;
    if (open >= limits.connections || held >= limits.connectionsPerAddress) {
      socket.destroy();
      return;
    }
    open += 1;
    byAddress.set(address, held + 1);
    socket.once('close', () => {
      open -= 1;
      const left = (byAddress.get(address) ?? 1) - 1;
      if (left === 0) byAddress.delete(address);
      else byAddress.set(address, left);
    });
  });
  return { open: () => open };
}

/**
 * What comes back for bytes that are no HTTP request. Of who is too slow, or fails the TLS handshake, the connection is
 * closed.
 */
export function answerClientError(error: Error & { code?: string }, socket: Duplex): void {
  if (!socket.writable || error.code?.startsWith('HPE_') !== true) {
    socket.destroy();
    return;
  }
  const problem =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new LatchkeyError('payload_too_large', 'The headers are too large.')
      : new LatchkeyError('invalid_input', 'This is not an HTTP request.');
  const body = Buffer.from(JSON.stringify(problemToWire(problem)));
  const reason = problem.http === 413 ? 'Content Too Large' : 'Bad Request';
  socket.end(
    `HTTP/1.1 ${problem.http} ${reason}\r\nContent-Type: ${problemMediaType}\r\n` +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body.toString()}`,
  );
}
