import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DeviceListener } from '../../src/agent/device-listener.ts';
import { createServerRelay, relayTargetOf, type RelayLimits } from '../../src/agent/server-relay.ts';
import { routes } from '../../src/api/routes.ts';
import { HttpClient, type HttpClientOptions } from '../../src/client/http-client.ts';
import { Authority } from '../server/certificates.ts';
import { startServer } from '../server/running-server.ts';
import { Site } from './site.ts';

const open: (() => unknown)[] = [];
let logged: { level: string; message: string; error: unknown }[];
beforeEach(() => {
  logged = [];
});
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) {
    await close();
  }
});

async function relayTo(target: { host: string; port: number }, limits: Partial<RelayLimits> = {}): Promise<number> {
  const relay: DeviceListener = createServerRelay({
    target, limits, log: (level, message, detail) => logged.push({ level, message, error: detail?.['error'] }),
  });
  const port = await relay.listen(0, '127.0.0.1');
  open.push(relay.close);
  return port;
}

interface Peer {
  readonly port: number;
  readonly sockets: Socket[];
  /** Resolves with the nth connection. */
  nth(n: number): Promise<Socket>;
}

/** What stands for the server: does with each connection as it is told. */
async function peer(onConnection: (socket: Socket) => void = () => {}): Promise<Peer> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(() => {
    sockets.forEach((socket) => socket.destroy());
    server.close();
  });
  const nth = async (n: number) => {
    while (sockets.length < n) await once(server, 'connection');
    return sockets[n - 1]!;
  };
  return { port: (server.address() as AddressInfo).port, sockets, nth };
}

/** A guest's connection. */
async function guest(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => {});
  open.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Of one that nobody reads any more: its end is behind what is unread. */
const closed = (socket: Socket) => (socket.destroyed ? Promise.resolve() : new Promise((resolve) => socket.resume().once('close', resolve)));
const isAlive = async (port: number, localAddress?: string) => {
  const socket = await guest(port, localAddress);
  socket.write('hello');
  const [answer] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [unknown];
  socket.destroy();
  return String(answer) === 'hello';
};

test('where a server is follows from its address, with the port of its scheme', () => {
  expect([
    relayTargetOf('https://latchkey.example'), relayTargetOf('http://localhost'), relayTargetOf('https://[2001:db8::1]:8420/prefix'),
  ]).toEqual([
    { host: 'latchkey.example', port: 443 }, { host: 'localhost', port: 80 }, { host: '2001:db8::1', port: 8420 },
  ]);
});

describe('what is passed on', () => {
  test('bytes both ways, much of them and to the last, with each half closed by itself', async () => {
    const { port, nth } = await peer((socket) => socket.pipe(socket));
    const socket = await guest(await relayTo({ host: '127.0.0.1', port }));
    const sent = randomBytes(5_000_000);
    const received = socket.toArray() as Promise<Buffer[]>;
    socket.end(sent);
    expect(Buffer.concat(await received).equals(sent)).toBe(true);
    await closed(await nth(1));
  });

  test('nothing, and no connection, until the guest says something', async () => {
    const { port, sockets, nth } = await peer();
    const relay = await relayTo({ host: '127.0.0.1', port });
    const silent = await guest(relay);
    const speaking = await guest(relay);
    speaking.write('x');
    await nth(1);
    expect(sockets).toHaveLength(1);
    silent.end();
    await closed(silent);
    expect(sockets).toHaveLength(1);
  });

  test('of what one side does not take no more is held than a little', async () => {
    const { port, nth } = await peer((socket) => socket.pause());
    const socket = await guest(await relayTo({ host: '127.0.0.1', port }));
    const before = process.memoryUsage().arrayBuffers;
    let written = 0;
    const chunk = Buffer.alloc(1 << 20);
    // What the kernels of both connections hold is taken, and then no more.
    for (let isFull = false; !isFull && written < 64; written += 1) {
      isFull = !(await Promise.race([
        new Promise<boolean>((resolve) => socket.write(chunk, () => resolve(true))),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 300)),
      ]));
    }
    expect(written).toBeLessThan(40);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8_000_000);
    await nth(1);
  });

  test('when the server goes, so does the guest; and the other way round', async () => {
    const { port, nth } = await peer();
    const relay = await relayTo({ host: '127.0.0.1', port });
    const first = await guest(relay);
    first.write('x');
    (await nth(1)).resetAndDestroy();
    await closed(first);
    const second = await guest(relay);
    second.write('x');
    const other = await nth(2);
    second.resetAndDestroy();
    await closed(other);
  });
});

describe('where it leads', () => {
  test('nowhere, if the name of a server elsewhere is turned to this machine', async () => {
    const { port, sockets } = await peer();
    // By RFC 6761, 6.3, and by this machine’s own resolver.
    const socket = await guest(await relayTo({ host: 'somewhere.localhost', port }));
    socket.write('x');
    await closed(socket);
    expect(sockets).toEqual([]);
    expect(logged.map(({ message }) => message)).toEqual(['A guest could not be passed on to the server.']);
  });

  test('nowhere, while nobody is there, and the guest is told by the end of its connection', async () => {
    const { port } = await peer();
    await open.pop()!();
    const socket = await guest(await relayTo({ host: '127.0.0.1', port }));
    socket.write('x');
    await closed(socket);
    expect(logged).toMatchObject([{ level: 'debug', error: { code: 'ECONNREFUSED' } }]);
  });
});

describe('hostile guests', () => {
  const echo = () => peer((socket) => socket.pipe(socket));

  test('who say nothing are gone soon, and who fall silent later', async () => {
    const { port } = await echo();
    const relay = await relayTo({ host: '127.0.0.1', port }, { firstMs: 100, idleMs: 200 });
    const silent = await guest(relay);
    await closed(silent);
    const startedAt = performance.now();
    const later = await guest(relay);
    later.write('x');
    await once(later, 'data');
    await closed(later);
    expect(performance.now() - startedAt).toBeGreaterThan(190);
  });

  test('have so many connections of one address, and are in nobody’s way', async () => {
    const { port, sockets } = await echo();
    const relay = await relayTo({ host: '127.0.0.1', port }, { connectionsPerAddress: 3, connections: 6 });
    const held = await Promise.all(Array.from({ length: 20 }, () => guest(relay)));
    held.forEach((socket) => socket.write('x'));
    await expect.poll(() => held.filter(({ destroyed, closed: isClosed }) => destroyed || isClosed).length).toBe(17);
    await expect.poll(() => sockets.length).toBe(3);
    expect(await isAlive(relay, '127.0.0.2')).toBe(true);
  });

  test('from many addresses take places from each other before they take one from a newcomer', async () => {
    const { port } = await echo();
    const relay = await relayTo({ host: '127.0.0.1', port }, { connectionsPerAddress: 3, connections: 6 });
    for (const address of ['127.0.0.2', '127.0.0.3']) {
      for (let count = 0; count < 3; count += 1) await guest(relay, address);
    }
    expect(await isAlive(relay, '127.0.0.9')).toBe(true);
  });

  test('are passed on whatever they send: what is no TLS is the server’s to refuse', async () => {
    const authority = new Authority();
    const server = await startServer({ tls: authority.server() });
    open.push(() => server.stop());
    const relay = await relayTo({ host: '127.0.0.1', port: server.port });
    for (const garbage of ['GET / HTTP/1.1\r\nhost: x\r\n\r\n', randomBytes(70_000), '\u0016\u0003\u0001']) {
      const socket = await guest(relay);
      socket.resume();
      socket.write(garbage);
      socket.end();
      await closed(socket);
    }
    const http = new HttpClient({ url: `https://127.0.0.1:${server.port}`, ca: authority.cert, via: { host: '127.0.0.1', port: relay } });
    open.push(() => http.close());
    await expect(http.call(routes.showSelf, {})).rejects.toMatchObject({ code: 'unauthorized' });
  });
});

describe('a guest’s client', () => {
  async function guestOf(names: string[], url: (port: number) => string, options: Partial<HttpClientOptions> = {}) {
    const authority = new Authority();
    const server = await startServer({ tls: authority.server({ names }) });
    open.push(() => server.stop());
    const relay = await relayTo({ host: '127.0.0.1', port: server.port });
    const { secret } = await server.enroll('ap');
    const http = new HttpClient({ url: url(server.port), ca: authority.cert, token: secret, via: { host: '127.0.0.1', port: relay }, ...options });
    open.push(() => http.close());
    return http;
  }

  test('reaches the server by its name, which nobody has resolved for it', async () => {
    const http = await guestOf(['latchkey.example'], () => 'https://latchkey.example');
    expect(await http.call(routes.showSelf, {})).toMatchObject({ ap_id: expect.any(String) });
  });

  test('reaches one that has an address alone', async () => {
    const http = await guestOf(['192.0.2.7'], () => 'https://192.0.2.7:8420');
    expect(await http.call(routes.showSelf, {})).toMatchObject({ ap_id: expect.any(String) });
  });

  test.each([
    ['the gateway’s', ['127.0.0.1', 'localhost']],
    ['somebody else’s', ['other.example']],
  ])('refuses a certificate that is %s and not the server’s', async (_whose, names) => {
    const http = await guestOf(names, () => 'https://latchkey.example');
    await expect(http.call(routes.showSelf, {})).rejects.toMatchObject({ code: 'certificate_invalid' });
  });

  test('refuses an authority that it does not trust', async () => {
    const http = await guestOf(['latchkey.example'], () => 'https://latchkey.example', { ca: new Authority('Another').cert });
    await expect(http.call(routes.showSelf, {})).rejects.toMatchObject({ code: 'certificate_invalid' });
  });

  test('says by way of whom it did not get there', async () => {
    const http = await guestOf(['latchkey.example'], () => 'https://latchkey.example', { via: { host: '127.0.0.1', port: 9 }, retries: 0 });
    await expect(http.call(routes.showSelf, {})).rejects.toMatchObject({ code: 'remote_unreachable', message: expect.stringContaining('latchkey.example by way of 127.0.0.1:9') });
  });

  test('sends nothing in the clear to a gateway elsewhere, also for a server on its own machine', () => {
    expect(() => new HttpClient({ url: 'http://127.0.0.1:8420', via: { host: '192.0.2.1', port: 8432 } })).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });
});

describe('the agent', () => {
  async function agentWith(options: Parameters<typeof Site.open>[0]): Promise<Site> {
    const site = await Site.open(options);
    open.push(() => site.close());
    return site;
  }

  test('relays to its server and says where, and ends that with itself', async () => {
    const { port } = await peer((socket) => socket.pipe(socket));
    const { agent } = await agentWith({ serverUrl: `http://127.0.0.1:${port}`, relay: { port: 0 } });
    const { relayPort } = await agent.service.status();
    expect(await isAlive(relayPort!)).toBe(true);
    const last = await guest(relayPort!);
    await agent.close();
    await closed(last);
  });

  test.each([
    ['has no server', { relay: { port: 0 } }],
    ['is told not to', { serverUrl: 'http://127.0.0.1:8420' }],
  ])('does not where it %s', async (_why, options) => {
    const { agent } = await agentWith(options);
    expect((await agent.service.status()).relayPort).toBeUndefined();
  });

  test('serves devices although another has the usual port, but not where one was asked for', async () => {
    const taken = createServer();
    taken.listen(8432, '127.0.0.1').on('error', () => {});
    open.push(() => taken.close());
    const site = await agentWith({ serverUrl: 'http://127.0.0.1:8420', relay: { port: undefined } });
    expect(site.agent.relayPort).toBeUndefined();
    expect(site.log.filter(({ level }) => level === 'warn').map(({ message }) => message)).toContainEqual(expect.stringContaining('--relay-port'));
    await site.stop();
    await expect(site.start({ relay: { port: 8432 } })).rejects.toMatchObject({ code: 'address_in_use' });
  });
});
