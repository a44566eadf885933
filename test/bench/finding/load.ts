/**
 * Searches offers over kept-alive connections, one request at a time on each, and says how many were answered in the
 * window and how much CPU time the server had then. A program of its own: `load.ts '{"port": …, …}'`.
 */
import { connect, type Socket } from 'node:net';
import { LoadWindow, type WindowOptions } from '../load-window.ts';
import { offeredOfThem, searchBody } from './bench-networks.ts';

export interface LoadOptions extends WindowOptions {
  readonly port: number;
  readonly networks: number;
  readonly connections: number;
  readonly token: string;
}

/** Making them is not what is measured. */
const bodies = 4_000;
/** Every so many answers what was found is counted; two of a body may be the same by chance. */
const checkEvery = 64;

const options = JSON.parse(process.argv[2] ?? '{}') as LoadOptions;
const head =
  `POST /v1/offers/search HTTP/1.1\r\nHost: 127.0.0.1:${options.port}\r\n` +
  `Authorization: Bearer ${options.token}\r\nContent-Type: application/json\r\nContent-Length: `;
const pool = Array.from({ length: bodies }, () => {
  const body = searchBody(options.networks);
  return Buffer.from(`${head}${body.length}\r\n\r\n${body}`, 'latin1');
});

const load = new LoadWindow();

function open(): Promise<Socket> {
  const socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true });
  let received = '';
  let askedAt = 0;
  const ask = () => {
    askedAt = performance.now();
    socket.write(pool[Math.floor(Math.random() * bodies)]!);
  };
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    received = received === '' ? chunk : received + chunk;
    const bodyStart = received.indexOf('\r\n\r\n') + 4;
    if (bodyStart < 4) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(received.slice(0, bodyStart))?.[1]);
    if (received.length < bodyStart + length) return;
    if (!received.startsWith('HTTP/1.1 200 ')) {
      throw new Error(`this is no answer to a search: ${received}`);
    }
    if (load.answered % checkEvery === 0) {
      const found = (JSON.parse(received.slice(bodyStart)) as { offers: object[] }).offers.length;
      if (found > offeredOfThem || found < offeredOfThem - 1) throw new Error(`${found} of ${offeredOfThem} were found`);
    }
    load.add(askedAt);
    received = '';
    ask();
  });
  socket.on('error', (error) => {
    throw error;
  });
  return new Promise((resolve) => socket.on('connect', () => { ask(); resolve(socket); }));
}

// On neither side is waking it up a part of what an answer costs the server.
let over = false;
const stayAwake = () => over || setImmediate(stayAwake);
stayAwake();

const sockets = await Promise.all(Array.from({ length: options.connections }, open));
const result = await load.measure(options);
over = true;
for (const socket of sockets) {
  socket.destroy();
}
console.log(JSON.stringify(result));
