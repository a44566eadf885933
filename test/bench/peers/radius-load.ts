/** Asks a RADIUS server for PAP (RFC 2865), as `verification/load.ts` asks ours. `radius-load.ts '{"port": …, …}'`. */
import { Buffer } from 'node:buffer';
import { hash, randomFillSync } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { benchDevice } from '../bench-device.ts';
import { LoadWindow } from '../load-window.ts';
import type { LoadOptions } from '../verification/load.ts';
import { sharedSecret } from './freeradius.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as Omit<LoadOptions, 'token' | 'apId'>;
const secret = Buffer.from(sharedSecret);
const accessRequest = 1;
const accessAccept = 2;
/** Lost datagrams are asked again after this. */
const patienceMs = 1000;

const load = new LoadWindow();

/** User-Name and User-Password (RFC 2865 sections 5.1 and 5.2; 26 characters make two blocks). */
function packet(identifier: number): Buffer {
  const { uuid, passTmp } = benchDevice(Math.floor(Math.random() * options.devices));
  const bytes = Buffer.alloc(20 + 2 + 36 + 2 + 32);
  bytes.writeUInt8(accessRequest, 0);
  bytes.writeUInt8(identifier, 1);
  bytes.writeUInt16BE(bytes.length, 2);
  const authenticator = randomFillSync(bytes.subarray(4, 20));
  bytes.writeUInt8(1, 20);
  bytes.writeUInt8(38, 21);
  bytes.write(uuid, 22, 'latin1');
  bytes.writeUInt8(2, 58);
  bytes.writeUInt8(34, 59);
  bytes.write(passTmp, 60, 'latin1');
  let previous = authenticator;
  for (let block = 60; block < 92; block += 16) {
    const mask = hash('md5', Buffer.concat([secret, previous]), 'buffer');
    for (let at = 0; at < 16; at += 1) {
      bytes[block + at]! ^= mask[at]!;
    }
    previous = bytes.subarray(block, block + 16);
  }
  return bytes;
}

/** One question at a time, each from a port of its own, so that an identifier needs no table. */
async function open(): Promise<() => void> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.connect(options.port, '127.0.0.1', resolve));
  let identifier = 0;
  let askedAt = 0;
  const ask = () => {
    identifier = (identifier + 1) & 255;
    askedAt = performance.now();
    socket.send(packet(identifier));
  };
  socket.on('message', (message) => {
    if (message[1] !== identifier) return;
    if (message[0] !== accessAccept) throw new Error(`RADIUS answered ${message[0]}`);
    load.add(askedAt);
    ask();
  });
  // Refused while the server is not listening yet: asked again like what was lost.
  socket.on('error', () => {});
  const again = setInterval(() => {
    if (performance.now() - askedAt > patienceMs) ask();
  }, patienceMs);
  ask();
  return () => {
    clearInterval(again);
    socket.close();
  };
}

const closers = await Promise.all(Array.from({ length: options.connections }, open));
const result = await load.measure(options);
for (const close of closers) {
  close();
}
console.log(JSON.stringify(result));
