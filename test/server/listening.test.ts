import { connect } from 'node:tls';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { isLoopback } from '../../src/api/loopback.ts';
import { routes } from '../../src/api/routes.ts';
import { HttpClient } from '../../src/client/http-client.ts';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { createServer } from '../../src/server/create-server.ts';
import { listen, requireSafeAddress } from '../../src/server/listen.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { testSealer } from '../storage/sealer.ts';
import { Authority } from './certificates.ts';
import { RawConnection } from './raw-http.ts';
import { startServer, systemClock, systemRandom, type RunningServer } from './running-server.ts';

let running: RunningServer | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

test('plain HTTP goes no further than this machine unless somebody says so', () => {
  const code = (options: Parameters<typeof requireSafeAddress>[0]) => {
    try {
      requireSafeAddress(options);
      return undefined;
    } catch (error) {
      return error instanceof LatchkeyError ? error.code : String(error);
    }
  };
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost', undefined]) {
    expect(code({ host, tls: false })).toBeUndefined();
  }
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'latchkey.example', '127.0.0.1.example']) {
    expect(code({ host, tls: false })).toBe('missing_input');
    expect(code({ host, tls: true })).toBeUndefined();
    expect(code({ host, tls: false, insecureHttp: true })).toBeUndefined();
  }
});

test.each([['::ffff:127.0.0.1', true], ['[::1]', true], ['127.0.0.1:80', false], ['localhost.example', false], ['', false], ['::2', false]])(
  'loopback: %s is %s', (host, expected) => expect(isLoopback(host)).toBe(expected),
);

test('a port that is taken is a conflict, an address that is not here is bad input', async () => {
  running = await startServer();
  const store = await openMemoryStore(testSealer());
  const server = createServer({ store, clock: systemClock, random: systemRandom });
  await expect(listen(server, { port: running.port, tls: false })).rejects.toMatchObject({ code: 'address_in_use' });
  await expect(listen(server, { host: '192.0.2.1', port: 0, tls: true })).rejects.toMatchObject({ code: 'invalid_input' });
  await server.stop();
  await store.close();
});

test('a certificate or key that is none is bad input', async () => {
  const store = await openMemoryStore(testSealer());
  const { cert, key } = new Authority().server();
  for (const tls of [{ cert: 'nonsense', key }, { cert, key: 'nonsense' }, { cert, key: new Authority().server().key }]) {
    expect(() => createServer({ store, clock: systemClock, random: systemRandom, tls })).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  }
  await store.close();
});

test('TLS is 1.2 at least', async () => {
  const authority = new Authority();
  running = await startServer({ tls: authority.server() });
  const handshake = async (maxVersion: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') => {
    const socket = connect({ port: running!.port, host: '127.0.0.1', ca: authority.cert, minVersion: 'TLSv1', maxVersion, ciphers: 'DEFAULT@SECLEVEL=0' });
    try {
      await once(socket, 'secureConnect');
      return socket.getProtocol();
    } catch {
      return undefined;
    } finally {
      socket.destroy();
    }
  };
  expect(await handshake('TLSv1.1')).toBeUndefined();
  expect(await handshake('TLSv1.2')).toBe('TLSv1.2');
  expect(await handshake('TLSv1.3')).toBe('TLSv1.3');
});

test('who does not speak TLS is cut off, and nobody else notices', async () => {
  const authority = new Authority();
  running = await startServer({ tls: authority.server() });
  for (const bytes of ['GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n', '\u0000\u0001\u0002', '\u0016\u0003\u0001\u0000\u0005xxxxx', '']) {
    const connection = await RawConnection.open(running.port);
    connection.send(bytes).socket.end();
    await connection.closed();
  }
  const { secret } = await running.enroll('factory');
  const http = new HttpClient({ url: running.url, token: secret, ca: authority.cert });
  expect(await http.call(routes.whoami, {})).toMatchObject({ role: 'factory' });
  await http.close();
});
