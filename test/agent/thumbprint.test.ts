import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DeviceListener } from '../../src/agent/device-listener.ts';
import { createThumbprintListener } from '../../src/agent/thumbprint-listener.ts';
import { askThumbprint } from '../../src/client/thumbprint-client.ts';
import { base64url } from '../../src/protocol/encoding.ts';
import { jwkThumbprint, newAccessKey } from '../../src/protocol/access-code.ts';
import { answerProof, questionProof, thumbprintKey } from '../../src/protocol/thumbprint-proof.ts';
import type { SealedCode } from '../../src/roles/sharer/ports.ts';
import { ThumbprintDesk } from '../../src/roles/sharer/thumbprint-desk.ts';
import { plainCall } from './raw-device.ts';

const code = { ssid: 'Home', password: 'only-for-this-guest', security: 'wpa2-psk' as const };
const requestId = 'shr_guest';

let listener: DeviceListener;
let port: number;
let sealed: Map<string, SealedCode>;
let isOnAir: boolean;
let logged: unknown[];
const sockets: Socket[] = [];

beforeEach(async () => {
  sealed = new Map();
  isOnAir = true;
  logged = [];
  const desk = new ThumbprintDesk({
    accessPoint: { credential: async (grantId) => (isOnAir && grantId === 'grt_guest' ? code : undefined) },
    sealed: { find: (id) => sealed.get(id) },
  });
  listener = createThumbprintListener({ desk, limits: { requestMs: 500 }, log: (...line) => logged.push(line) });
  port = await listener.listen(0, '127.0.0.1');
});
afterEach(async () => {
  sockets.splice(0).forEach((socket) => socket.destroy());
  await listener.close();
  expect(logged).toEqual([]);
});

const at = () => ({ host: '127.0.0.1', port });

async function sealedTo(thumbprint: string): Promise<void> {
  sealed.set(requestId, { grantId: 'grt_guest', thumbprint });
}

async function question({ password = code.password, id = requestId } = {}) {
  const nonce = randomBytes(32);
  const key = await thumbprintKey({ ...code, password });
  return { request_id: id, nonce: base64url(nonce), proof: base64url(questionProof(key, { requestId: id, nonce })) };
}

const ask = (body: unknown, localAddress = '127.0.0.1') => plainCall(port, { path: '/v1/thumbprint', body, localAddress });

test('a guest learns to which key its code was sealed: its own, or that of a server that cheats', async () => {
  const own = await jwkThumbprint(newAccessKey());
  await sealedTo(own);
  expect(await askThumbprint(at(), requestId, code)).toBe(own);
  const cheat = await jwkThumbprint(newAccessKey());
  await sealedTo(cheat);
  expect(await askThumbprint(at(), requestId, code)).toBe(cheat);
});

describe('who was not let in with that request', () => {
  test.each([
    ['another password', { password: 'of-another-guest' }, true],
    ['another request', { id: 'shr_other' }, true],
    ['a grant that is over', {}, false],
  ])('learns nothing, and not why: %s', async (_why, asked, on) => {
    await sealedTo(await jwkThumbprint(newAccessKey()));
    isOnAir = on;
    const { status, body } = await ask(await question(asked));
    expect([status, body['code'], Object.keys(body).toSorted()]).toEqual([404, 'share_request_not_found', ['code', 'hint', 'status', 'title', 'type'].filter((name) => name in body)]);
  });

  test('cannot use the proof of a guest for another question', async () => {
    await sealedTo(await jwkThumbprint(newAccessKey()));
    const asked = await question();
    expect((await ask({ ...asked, nonce: base64url(randomBytes(32)) })).status).toBe(404);
    expect((await ask(asked)).status).toBe(200);
  });

  test('guesses slowly, and holds up no other', async () => {
    await sealedTo(await jwkThumbprint(newAccessKey()));
    const guesses = await Promise.all(Array.from({ length: 4 }, async () => {
      const codes: number[] = [];
      for (let count = 0; count < 10; count += 1) codes.push((await ask(await question({ password: 'a-guess-of-mine' }))).status);
      return codes;
    }));
    expect(guesses.flat().filter((status) => status === 429).length).toBeGreaterThan(25);
    expect((await ask(await question(), '127.0.0.2')).status).toBe(200);
  });
});

test('what answers without knowing the password says nothing, whichever it names', async () => {
  const key = await thumbprintKey({ ...code, password: 'not that of the guest' });
  const own = await jwkThumbprint(newAccessKey());
  const impostor = createServer((request, response) => {
    void request.toArray().then((chunks) => {
      const { nonce } = JSON.parse(Buffer.concat(chunks).toString()) as { nonce: string };
      const proof = base64url(answerProof(key, { requestId, nonce: Buffer.from(nonce, 'base64url') }, own));
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ thumbprint: own, proof }));
    });
  });
  impostor.listen(0, '127.0.0.1');
  await once(impostor, 'listening');
  try {
    await expect(askThumbprint({ host: '127.0.0.1', port: (impostor.address() as AddressInfo).port }, requestId, code)).rejects.toMatchObject({ code: 'bad_reply' });
  } finally {
    impostor.close();
  }
});

test('what answers nothing in time is said to be late, and who is interrupted is not', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  try {
    const { port: there } = silent.address() as AddressInfo;
    const asking = (signal: AbortSignal) => askThumbprint({ host: '127.0.0.1', port: there }, requestId, code, signal);
    await expect(asking(AbortSignal.timeout(20))).rejects.toMatchObject({ code: 'timed_out', message: '127.0.0.1 did not answer in time.' });
    await expect(asking(AbortSignal.abort())).rejects.toMatchObject({ code: 'interrupted' });
  } finally {
    silent.closeAllConnections();
    silent.close();
  }
});

describe('hostile clients', () => {
  async function open(bytes: string | Buffer, localAddress?: string): Promise<Socket> {
    const socket = connect({ port, host: '127.0.0.1', ...(localAddress === undefined ? {} : { localAddress }) }).on('error', () => {});
    sockets.push(socket);
    await once(socket, 'connect');
    socket.write(bytes);
    return socket;
  }
  const closed = (socket: Socket) => (socket.destroyed ? Promise.resolve() : new Promise((resolve) => socket.resume().once('close', resolve)));
  const head = 'POST /v1/thumbprint HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';

  test.each<[string, unknown]>([
    ['nothing', ''],
    ['not JSON', '{"request_id": '],
    ['a list', '[]'],
    ['members missing', '{}'],
    ['a member too many', { request_id: requestId, nonce: 'A'.repeat(43), proof: 'A'.repeat(43), thumbprint: 'A'.repeat(43) }],
    ['a nonce too short', { request_id: requestId, nonce: 'A'.repeat(42), proof: 'A'.repeat(43) }],
    ['nesting', '['.repeat(2000)],
    ['an id that is none', { request_id: '../x', nonce: 'A'.repeat(43), proof: 'A'.repeat(43) }],
  ])('%s is refused', async (_what, body) => {
    expect((await ask(body)).status).toBe(400);
  });

  test('too much is refused', async () => {
    expect((await ask({ padding: 'x'.repeat(100_000) })).status).toBe(413);
  });

  test('slow ones, silent ones and garbage are closed, and a guest is answered meanwhile', async () => {
    await sealedTo(await jwkThumbprint(newAccessKey()));
    const others = [
      await open('', '127.0.0.2'), await open(head, '127.0.0.3'), await open(`${head}content-length: 100\r\n\r\n{"req`, '127.0.0.4'),
      await open(randomBytes(9000), '127.0.0.5'), await open(`GET /${'x'.repeat(1 << 20)} HTTP/1.1\r\n\r\n`, '127.0.0.6'),
    ];
    expect((await ask(await question())).status).toBe(200);
    await Promise.all(others.map(closed));
  });

  test('many of one address are few, and a guest gets through', async () => {
    await sealedTo(await jwkThumbprint(newAccessKey()));
    const many = await Promise.all(Array.from({ length: 60 }, () => open('', '127.0.0.2')));
    await expect.poll(() => many.filter(({ destroyed, closed: isClosed }) => destroyed || isClosed).length).toBeGreaterThanOrEqual(56);
    expect((await ask(await question())).status).toBe(200);
  });
});
