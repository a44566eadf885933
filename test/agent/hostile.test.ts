import { createConnection, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askAs, getStatus, plainCall, sayHello, secureCall, type RawHello } from './raw-device.ts';
import { onboardingSsid, password, Site } from './site.ts';

let site: Site;
beforeAll(async () => {
  site = await Site.open({ allowPlain: true, autoApprove: { models: ['lamp'] } });
});
afterAll(async () => {
  // Whatever came before, a good device gets on.
  const hello = await sayHello(site.agent, await site.device());
  expect((await getStatus(hello, await askAs(hello), 20)).body).toMatchObject({ password });
  expect(site.log.filter(({ level }) => level === 'error')).toEqual([]);
  await site.close();
});

const nonce = 'A'.repeat(43);
const good = { uuid: '00000000-0000-4000-8000-000000000000', onboarding_ssid: onboardingSsid, device_nonce: nonce };

describe('bodies on the hello port', () => {
  test.each<[name: string, body: unknown, pointer?: string]>([
    ['nothing', ''],
    ['not JSON', '{"uuid": '],
    ['two values', '{} {}'],
    ['a string', '"hello"'],
    ['null', 'null'],
    ['a list', '[]'],
    ['nesting', '['.repeat(2000)],
    ['nested objects', '{"a":'.repeat(600)],
    ['members missing', '{}'],
    ['a number as uuid', { ...good, uuid: 7 }, '/uuid'],
    ['an upper-case uuid', { ...good, uuid: 'F9F1C7A5-6F0B-4F43-9D0E-1D2F8A0B1C2D' }, '/uuid'],
    ['a uuid with a line break', { ...good, uuid: `${good.uuid}\n` }, '/uuid'],
    ['an object as SSID', { ...good, onboarding_ssid: {} }, '/onboarding_ssid'],
    ['an SSID too long', { ...good, onboarding_ssid: 'x'.repeat(33) }, '/onboarding_ssid'],
    ['an empty nonce', { ...good, device_nonce: '' }, '/device_nonce'],
    ['a nonce of 31 bytes', { ...good, device_nonce: 'A'.repeat(42) }, '/device_nonce'],
    ['a nonce that no encoder writes', { ...good, device_nonce: `${'A'.repeat(42)}B` }, '/device_nonce'],
    ['a nonce with padding', { ...good, device_nonce: `${nonce}=` }, '/device_nonce'],
    ['a member that nobody knows', { ...good, admin: true }, '/admin'],
    ['a prototype', `{"__proto__": {"uuid": "x"}, "uuid": "${good.uuid}", "onboarding_ssid": "${onboardingSsid}", "device_nonce": "${nonce}"}`],
  ])('%s', async (_name, body, pointer) => {
    const { status, headers, body: problem } = await plainCall(site.agent.helloPort, { path: '/v1/hello', body });
    expect(status).toBe(400);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(problem).toMatchObject({ type: 'urn:latchkey:error:invalid_input', code: 'invalid_input', status: 400, title: expect.any(String) });
    if (pointer !== undefined) {
      expect(problem.errors).toContainEqual({ pointer, detail: expect.any(String) });
    }
  });

  test('bytes that are not UTF-8', async () => {
    const text = await raw(`POST /v1/hello HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\r\n"`, Buffer.from([0xff, 0xfe, 0x22]));
    expect(text).toMatch(/^HTTP\/1\.1 400 [^]*"invalid_input"/);
  });

  test('too large, said beforehand and not', async () => {
    const large = JSON.stringify({ ...good, padding: 'x'.repeat(5000) });
    expect(await plainCall(site.agent.helloPort, { path: '/v1/hello', body: large })).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
    const chunked = await raw(`POST /v1/hello HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`, Buffer.from(`1400\r\n${'x'.repeat(5120)}\r\n`));
    expect(chunked).toMatch(/^HTTP\/1\.1 413 /);
    expect(chunked).toMatch(/connection: close/);
  });

  test('another media type', async () => {
    const reply = plainCall(site.agent.helloPort, { path: '/v1/hello', body: good, headers: { 'content-type': 'text/plain' } });
    expect(await reply).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
  });
});

describe('paths and methods', () => {
  test.each(['/', '/v1/hello/', '//v1/hello', '/v1/access-requests/../hello', '/v1/access-requests/req_1', '/metrics', '/%00', '*'])(
    '%s is nothing',
    async (path) => {
      expect(await plainCall(site.agent.helloPort, { path, body: good })).toMatchObject({ status: 404, body: { code: 'route_not_found' } });
    },
  );

  test('a path of great length is nothing', async () => {
    const path = `/${'x'.repeat(3000)}`;
    expect(await plainCall(site.agent.helloPort, { path, body: good })).toMatchObject({ status: 404, body: { code: 'route_not_found' } });
  });

  test.each(['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('%s is not for hello', async (method) => {
    expect(await plainCall(site.agent.helloPort, { method, path: '/v1/hello' })).toMatchObject({
      status: 405,
      headers: { allow: 'POST' },
      body: { code: 'method_not_allowed' },
    });
  });
});

describe('what is hardly HTTP', () => {
  test.each<[name: string, text: string]>([
    ['noise', '\u0000\u0001\u0002\r\n\r\n'],
    ['a TLS greeting', '\u0016\u0003\u0001\u0000\u00f1\u0001\u0000\u0000\u00ed\u0003\u0003'],
    ['two lengths', `POST /v1/hello HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}`],
    ['length and chunks', `POST /v1/hello HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a negative length', `POST /v1/hello HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n`],
    ['no host', `POST /v1/hello HTTP/1.1\r\n\r\n`],
    ['headers too large', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(6000)}\r\n\r\n`],
    ['bad chunks', `POST /v1/hello HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`],
    ['a folded header', `GET / HTTP/1.1\r\nhost: x\r\nx: a\r\n b\r\n\r\n`],
    ['HTTP/2', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`],
    ['a tunnel', `CONNECT evil.example:443 HTTP/1.1\r\nhost: x\r\n\r\n`],
  ])('%s gets a problem document or a closed connection', async (_name, text) => {
    const reply = await raw(text);
    if (reply !== '') {
      expect(reply).toMatch(/^HTTP\/1\.1 4\d\d /);
    }
  });

  test('an upgrade is passed over', async () => {
    const text = await raw(`GET /v1/hello HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`);
    expect(text).not.toMatch(/^HTTP\/1\.1 101/);
  });
});

test('headers, bodies and handshakes that never come to an end are cut off', async () => {
  const impatient = await Site.open({ connectionLimits: { requestMs: 300 } });
  try {
    const { helloPort, securePort } = impatient.agent;
    const starts: [port: number, start: string][] = [
      [helloPort, ''],
      [helloPort, 'POST /v1/hello HTTP/1.1\r\nhost: x\r\n'],
      [helloPort, 'POST /v1/hello HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{'],
      [securePort, ''],
      [securePort, '\u0016\u0003\u0001'],
    ];
    await Promise.all(starts.map(([port, start]) => {
      const socket = createConnection(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(start);
      return new Promise((resolve) => socket.resume().once('close', resolve));
    }));
  } finally {
    await impatient.close();
  }
});

test('one connection is good for so many requests, and then ends whatever its client does', async () => {
  const socket = createConnection(site.agent.helloPort, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString())).on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  for (let asked = 1; asked <= 17; asked++) {
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    if (asked <= 16) {
      await expect.poll(() => text.match(/HTTP\/1\.1 404 /g)?.length, { interval: 5 }).toBe(asked);
    }
  }
  await closed;
  expect(text.match(/^connection: close/gim)).toHaveLength(1);
});

describe('on the secure port', () => {
  test('bodies are as strictly read', async () => {
    const hello = await sayHello(site.agent, await site.device());
    const call = (body: unknown) => secureCall(hello.securePort, hello, { path: '/v1/access-requests', body });
    const right = { uuid: hello.uuid, device_proof: hello.proof, shows_code: false };
    for (const wrong of ['[', { ...right, shows_code: 'yes' }, { ...right, label: 'x'.repeat(65) }, { ...right, label: 'a\u0007b' }, { ...right, psk: nonce }]) {
      expect(await call(wrong)).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
    }
    expect(await call(JSON.stringify({ ...right, label: 'x'.repeat(5000) }))).toMatchObject({ status: 413 });
    expect((await call(right)).status).toBe(201);
  });

  test.each(['31', '-1', '1.5', '1e1', 'x', '', '00', '0x1'])('wait=%s is refused', async (wait) => {
    const hello = await sayHello(site.agent, await site.device());
    const reply = await secureCall(hello.securePort, hello, { method: 'GET', path: `/v1/access-requests/req_x?wait=${wait}` });
    expect(reply).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
  });

  test('noise in the place of a handshake, and in the middle of one, is a closed connection', async () => {
    for (const noise of [Buffer.alloc(300, 0x41), Buffer.from('16030100f1010000ed0303', 'hex'), Buffer.from('GET / HTTP/1.1\r\n\r\n')]) {
      const socket = createConnection(site.agent.securePort, '127.0.0.1');
      socket.on('error', () => {});
      socket.end(noise);
      await new Promise((resolve) => socket.resume().once('close', resolve));
    }
  });

  test('many that wait at once on one connection end it', async () => {
    const hello = await sayHello(site.agent, await site.device({ model: 'camera' }));
    const requestId = await askAs(hello);
    const socket = await tlsConnection(hello);
    socket.write(`GET /v1/access-requests/${requestId}?wait=30 HTTP/1.1\r\nhost: x\r\n\r\n`.repeat(5));
    await new Promise((resolve) => socket.resume().once('close', resolve));
  });

  test('a device that vanishes while it waits leaves nothing behind', async () => {
    const hello = await sayHello(site.agent, await site.device({ model: 'camera' }));
    const requestId = await askAs(hello);
    const socket = await tlsConnection(hello);
    socket.write(`GET /v1/access-requests/${requestId}?wait=30 HTTP/1.1\r\nhost: x\r\n\r\n`);
    socket.destroy();
    expect((await getStatus(hello, requestId)).body).toMatchObject({ status: 'pending' });
  });
});

test('a client address has its share of the connections, and no more; who has many makes room for who has none', async () => {
  const crowded = await Site.open({ connectionLimits: { connectionsPerAddress: 3, connections: 5 } });
  try {
    const port = crowded.agent.helloPort;
    const sockets: Socket[] = [];
    const open = (localAddress: string) =>
      new Promise<'open' | 'closed'>((resolve) => {
        const socket = createConnection({ port, host: '127.0.0.1', localAddress });
        sockets.push(socket);
        socket.on('error', () => resolve('closed')).once('close', () => resolve('closed'));
        // Whoever is let in is answered.
        socket.once('data', () => resolve('open'));
        socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
      });
    const outcomes = [];
    for (const last of [7, 7, 7, 7, 8, 9, 9, 10, 11, 12]) {
      outcomes.push(`${last} ${await open(`127.0.0.${last}`)}`);
    }
    expect(outcomes).toEqual([
      '7 open', '7 open', '7 open', '7 closed', '8 open', '9 open',
      // All five are taken: who has more gives one up for who would still have fewer, until all have the same.
      '9 open', '10 open', '11 open', '12 closed',
    ]);
    sockets.forEach((socket) => socket.destroy());
    await expect.poll(() => open('127.0.0.7')).toBe('open');
    sockets.forEach((socket) => socket.destroy());
  } finally {
    await crowded.close();
  }
});

function tlsConnection({ helloId, psk, securePort }: RawHello): Promise<TLSSocket> {
  const socket = connectTls({
    host: '127.0.0.1', port: securePort, ciphers: 'TLS_AES_128_GCM_SHA256', checkServerIdentity: () => undefined,
    pskCallback: () => ({ identity: helloId, psk }),
  });
  socket.on('error', () => {});
  return new Promise((resolve) => socket.once('secureConnect', () => resolve(socket)));
}

/** What comes back for these bytes until the other side closes, or has answered. */
function raw(...parts: (string | Buffer)[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection(site.agent.helloPort, '127.0.0.1');
    let text = '';
    const done = () => {
      socket.destroy();
      resolve(text);
    };
    socket.on('data', (chunk) => {
      text += chunk.toString();
      if (text.includes('\r\n\r\n') && /\}$/.test(text)) {
        done();
      }
    });
    socket.on('error', done).on('close', done);
    for (const part of parts) {
      socket.write(part);
    }
  });
}
