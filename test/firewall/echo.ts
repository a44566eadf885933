import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Answers what comes to its ports, on all addresses: `node echo.ts tcp:80 udp:67`. Says "ready" once it does. */
for (const port of process.argv.slice(2)) {
  const [protocol, number] = port.split(':');
  if (protocol === 'tcp') {
    const server = createServer((socket) => void socket.on('error', () => {}).pipe(socket));
    await once(server.listen(Number(number), '::'), 'listening');
  } else {
    const socket = createSocket({ type: 'udp6' });
    socket.on('message', (message, { port: from, address }) => socket.send(message, from, address));
    socket.bind(Number(number), '::');
    await once(socket, 'listening');
  }
}
console.log('ready');
