import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/**
 * What a station sends: for each line `{"first": […], "then": […]}` of targets such as `tcp:10.9.0.1:80`, it calls all of
 * `first`, then those of `then` until they have answered, and prints which have answered by then. TCP connections
 * that were made are kept, and used when their target is called again.
 */
const connections = new Map<string, Socket>();
const waiting = new Map<string, () => void>();
const [usual, dhcpClient] = await Promise.all([openUdp(0), openUdp(68)]);

for await (const line of createInterface({ input: process.stdin })) {
  const { first, then } = JSON.parse(line) as { first: string[]; then: string[] };
  const answered = new Set<string>();
  const calling = (target: string) => call(target).then(() => answered.add(target));
  void Promise.all(first.map(calling));
  await Promise.all(then.map(calling));
  // Once more, behind what answers of the first are still on their way.
  await Promise.all(then.map(call));
  for (const target of first.filter((each) => !answered.has(each))) {
    connections.get(target)?.destroy();
    connections.delete(target);
  }
  console.log(JSON.stringify([...answered]));
}
process.exit();

function call(target: string): Promise<void> {
  const [, protocol, host, port] = /^(tcp|udp):(.+):(\d+)$/.exec(target)!;
  return protocol === 'tcp' ? callTcp(target, host!, Number(port)) : callUdp(host!, Number(port));
}

/** A refusal is an answer, too: something was reached. */
function callTcp(target: string, host: string, port: number): Promise<void> {
  const socket = connections.get(target) ?? connect(port, host);
  connections.set(target, socket);
  socket.write('?');
  return new Promise((resolve) => {
    socket.once('data', () => resolve());
    socket.once('error', () => {
      connections.delete(target);
      resolve();
    });
  });
}

function callUdp(host: string, port: number): Promise<void> {
  const socket = port === 67 ? dhcpClient : usual;
  socket.send('?', port, host);
  return new Promise((resolve) => waiting.set(`${host}:${port}`, resolve));
}

async function openUdp(port: number): Promise<UdpSocket> {
  const socket = createSocket('udp4');
  socket.on('message', (_, { address, port: from }) => waiting.get(`${address}:${from}`)?.());
  socket.bind(port);
  await once(socket, 'listening');
  return socket;
}
