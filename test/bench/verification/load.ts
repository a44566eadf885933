/**
 * Asks a server for verifications over kept-alive connections, one request at a time on each, and says how many it
 * answered in the window and how much CPU time it had then. A program of its own: `load.ts '{"port": …, …}'`.
 */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { devicePsk } from '../../../src/protocol/device-key.ts';
import { benchDevice } from '../bench-device.ts';
import { LoadWindow, type WindowOptions } from '../load-window.ts';

export interface LoadOptions extends WindowOptions {
  readonly port: number;
  readonly devices: number;
  readonly connections: number;
  readonly token: string;
  readonly apId: string;
  /** On neither side is waking it up a part of what an answer costs the server. Where others need its core, it has to sleep. */
  readonly staysAwake: boolean;
}

/** Every so many answers the key is compared with our own. */
const checkEvery = 512;

const options = JSON.parse(process.argv[2] ?? '{}') as LoadOptions;
const head =
  `POST /v1/verifications HTTP/1.1\r\nHost: 127.0.0.1:${options.port}\r\n` +
  `Authorization: Bearer ${options.token}\r\nContent-Type: application/json\r\nContent-Length: `;

const load = new LoadWindow();

/** Nonces are read from one pool: making them is not what is measured. */
const pool = randomBytes(1 << 20);
const below = (limit: number) => Math.floor(Math.random() * limit);
function nonce(): Buffer {
  const at = below(pool.length - 32);
  return pool.subarray(at, at + 32);
}

function open(): Promise<Socket> {
  const socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true });
  let received = '';
  let asked = { number: 0, deviceNonce: nonce(), at: 0 };

  const ask = () => {
    asked = { number: below(options.devices), deviceNonce: nonce(), at: performance.now() };
    const body = `{"uuid":"${benchDevice(asked.number).uuid}","device_nonce":"${asked.deviceNonce.toString('base64url')}"}`;
    socket.write(`${head}${body.length}\r\n\r\n${body}`, 'latin1');
  };
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    received = received === '' ? chunk : received + chunk;
    const bodyStart = received.indexOf('\r\n\r\n') + 4;
    if (bodyStart < 4) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(received)?.[1]);
    if (received.length < bodyStart + length) return;
    const psk = /"psk":"([A-Za-z0-9_-]{43})"/.exec(received)?.[1];
    const apNonce = /"ap_nonce":"([A-Za-z0-9_-]{43})"/.exec(received)?.[1];
    if (!received.startsWith('HTTP/1.1 200 ') || psk === undefined || apNonce === undefined) {
      throw new Error(`this is no verification: ${received}`);
    }
    if (load.answered % checkEvery === 0) {
      const { uuid, passTmp } = benchDevice(asked.number);
      const own = devicePsk(passTmp, { uuid, apId: options.apId, deviceNonce: asked.deviceNonce, apNonce: Buffer.from(apNonce, 'base64url') });
      if (own.toString('base64url') !== psk) throw new Error(`this is not the key of ${uuid}`);
    }
    load.add(asked.at);
    received = '';
    ask();
  });
  socket.on('error', (error) => {
    throw error;
  });
  return new Promise((resolve) => socket.on('connect', () => { ask(); resolve(socket); }));
}

let over = !options.staysAwake;
const stayAwake = () => over || setImmediate(stayAwake);
stayAwake();

const sockets = await Promise.all(Array.from({ length: options.connections }, open));
const result = await load.measure(options);
over = true;
for (const socket of sockets) {
  socket.destroy();
}
console.log(JSON.stringify(result));
