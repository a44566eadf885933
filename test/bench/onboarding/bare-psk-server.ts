/** A TLS-PSK server that does nothing: what a handshake costs at least. `bare-psk-server.ts` */
import { createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { barePsk, serverOptions } from './psk-options.ts';

const server = createServer({ ...serverOptions, pskCallback: () => barePsk });
server.on('secureConnection', (socket) => socket.on('error', () => socket.destroy()));
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});
