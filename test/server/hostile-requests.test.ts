import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/domain/errors.ts';
import { expectProblem } from './problem-document.ts';
import { ask, RawConnection, requestBytes, send } from './raw-http.ts';
import { startServer, type RunningServer } from './running-server.ts';

const nonce = () => randomBytes(32).toString('base64url');
const hello = () => ({ uuid: randomUUID(), device_nonce: nonce() });

let running: RunningServer;
let port: number;
let factory: string;
let ap: string;

beforeAll(async () => {
  running = await startServer({ limits: { headersMs: 300, requestMs: 600, guesses: { perSecond: 0, burst: 0 } } });
  port = running.port;
  factory = (await running.enroll('factory')).secret;
  ap = (await running.enroll('ap')).secret;
});
afterAll(() => running.stop());

const verify = (body: string | Uint8Array, headers = {}) => ask(port, 'POST', '/v1/verifications', { token: ap, body, headers });
const reserve = (body: unknown) => ask(port, 'POST', '/v1/devices', { token: factory, body: JSON.stringify(body) });

describe('bodies', () => {
  test.each<[string, string | Uint8Array, ErrorCode, string]>([
    ['nothing', '', 'invalid_input', ''],
    ['no JSON', '{', 'invalid_input', 'The body is not JSON.'],
    ['JSON and more', '{} {}', 'invalid_input', 'The body is not JSON.'],
    ['another kind of value', '[]', 'invalid_input', ''],
    ['null', 'null', 'invalid_input', ''],
    ['bytes that are no text', Buffer.from('7b22ff227d', 'hex'), 'invalid_input', 'The body is not UTF-8.'],
    ['deep nesting', '{"a":'.repeat(5000) + '1' + '}'.repeat(5000), 'invalid_input', 'The body nests deeper than 16 levels.'],
    ['deep lists', '['.repeat(30_000) + ']'.repeat(30_000), 'invalid_input', 'The body nests deeper than 16 levels.'],
    ['a prototype', JSON.stringify(hello()).replace('{', '{"__proto__":{"role":"admin"},'), 'invalid_input', 'A member is named __proto__.'],
    ['too much', JSON.stringify({ ...hello(), filler: 'x'.repeat(70_000) }), 'payload_too_large', ''],
  ])('%s', async (_name, body, code, detail) => {
    const problem = expectProblem(await verify(body), code);
    if (detail !== '') {
      expect(problem.detail).toBe(detail);
    }
  });

  test('wrong types and unknown members are named one by one, and never repeated', async () => {
    const secret = 'hunter2hunter2hunter2';
    const problem = expectProblem(await reserve({ ssid: 7, pass_tmp: ['x', secret], model: '', uuid: secret, colour: secret }), 'invalid_input');
    expect(problem.errors?.map(({ pointer }) => pointer).sort()).toEqual(['/colour', '/model', '/pass_tmp', '/ssid', '/uuid']);
    expect(JSON.stringify(problem)).not.toContain(secret);
  });

  test('values that only look right are refused', async () => {
    for (const bad of [{ device_nonce: `${nonce()}=` }, { device_nonce: nonce().slice(1) }, { uuid: randomUUID().toUpperCase() }, { device_nonce: `${nonce().slice(0, 42)}B` }]) {
      const problem = expectProblem(await verify(JSON.stringify({ ...hello(), ...bad })), 'invalid_input');
      expect(problem.errors).toHaveLength(1);
    }
  });

  test('control characters reach nothing that is kept', async () => {
    for (const bad of ['a\u0000b', 'a\nb', '\u001b[2J', '\ud800']) {
      expectProblem(await reserve({ ssid: 'setup', label: bad }), 'invalid_input');
      expectProblem(await reserve({ ssid: 'setup', pass_tmp: `${bad}xxxxxxxxxxxxxxxx` }), 'invalid_input');
    }
    const attempt = { attempt_id: 'a1', at: '2026-11-25T08:00:00.000Z', from: '192.0.2.1', outcome: 'asked' };
    for (const bad of [{ detail: 'a\u0000' }, { from: '\u0000' }, { at: '2026-02-30T08:00:00.000Z' }, { at: 'now' }, { outcome: 'won' }]) {
      expectProblem(await ask(port, 'POST', '/v1/attempts', { token: ap, body: JSON.stringify({ attempts: [{ ...attempt, ...bad }] }) }), 'invalid_input');
    }
  });

  test('only JSON as it is, is taken', async () => {
    const body = JSON.stringify(hello());
    for (const headers of [{ 'Content-Type': 'text/plain' }, { 'Content-Type': 'application/jsonx' }, { 'Content-Type': '' }, { 'Content-Encoding': 'gzip' }]) {
      expectProblem(await verify(body, headers), 'unsupported_media_type');
    }
    expect((await verify(body, { 'Content-Type': 'Application/JSON; charset=utf-8' })).status).toBe(200);
  });

  test('a batch has its own, larger measure, and its own end', async () => {
    const attempts = (count: number, filler = '') => JSON.stringify({
      attempts: Array.from({ length: count }, (_, index) => ({
        attempt_id: `b${index}`, at: '2026-11-25T08:00:00.000Z', from: '192.0.2.1', outcome: 'asked', detail: `x${filler}`,
      })),
    });
    const post = (body: string) => ask(port, 'POST', '/v1/attempts', { token: ap, body });
    expect((await post(attempts(1000, 'y'.repeat(50)))).status).toBe(204);
    expectProblem(await post(attempts(1001)), 'invalid_input');
    expectProblem(await post(attempts(1000, 'y'.repeat(1200))), 'payload_too_large');
  });
});

describe('slow and endless requests', () => {
  test('headers that do not end are cut off', async () => {
    const connection = await RawConnection.open(port);
    connection.send('POST /v1/verifications HTTP/1.1\r\nHost: x\r\n');
    expect(await connection.reply()).toBeUndefined();
  });

  test('a body that does not come is cut off', async () => {
    const connection = await RawConnection.open(port);
    connection.send(requestBytes('POST', '/v1/verifications', { token: ap, headers: { 'Content-Type': 'application/json', 'Content-Length': '400' } }));
    connection.send('{"uuid":');
    expect(await connection.reply()).toBeUndefined();
  });

  test('a body of no stated length is read no further than the limit', async () => {
    const connection = await RawConnection.open(port);
    connection.send(requestBytes('POST', '/v1/verifications', { token: ap, headers: { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' } }));
    const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`;
    connection.send(chunk.repeat(8));
    expectProblem(await connection.reply(), 'payload_too_large');
    // And who goes on nevertheless is cut off.
    const pump = () => { while (connection.socket.writable && connection.socket.write(chunk)); };
    connection.socket.on('drain', pump);
    pump();
    await connection.closed();
  });

  test('a caller that goes away mid-way leaves nothing behind', async () => {
    const connection = await RawConnection.open(port);
    connection.send(requestBytes('POST', '/v1/devices', { token: factory, headers: { 'Content-Type': 'application/json', 'Content-Length': '400' } }));
    connection.socket.destroy();
    await connection.closed();
    expect((await verify(JSON.stringify(hello()))).status).toBe(200);
  });
});

describe('requests that are none', () => {
  test.each<[string, string]>([
    ['noise', '\u0000\u0001\u0002\r\n\r\n'],
    ['TLS to a plain server', '\u0016\u0003\u0001\u0000\u00a5\u0001'],
    ['an unknown method', 'BREW /coffee HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['two lengths', 'POST /v1/devices HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n{}'],
    ['a length and chunks', 'POST /v1/devices HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ])('%s', async (_name, bytes) => {
    expectProblem(await send(port, Buffer.from(bytes, 'latin1')), 'invalid_input');
  });

  test('headers without end', async () => {
    expectProblem(await send(port, `GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`), 'payload_too_large');
  });

  test('wrong methods say which are right', async () => {
    for (const [method, path, allow] of [
      ['GET', '/v1/verifications', 'POST'], ['DELETE', '/v1/devices', 'POST, GET, HEAD'], ['POST', '/healthz', 'GET, HEAD'],
      ['PATCH', `/v1/devices/${randomUUID()}`, 'GET, HEAD'], ['OPTIONS', '/v1/grants', 'GET, HEAD'],
    ] as const) {
      const reply = await ask(port, method, path, { token: factory });
      expectProblem(reply, 'method_not_allowed');
      expect(reply.headers.get('allow')).toBe(allow);
    }
  });

  test('unknown places are not found', async () => {
    for (const path of ['/', '/v1', '/v1/devices/', '/v1/devices//x', '/v2/devices', '//v1/devices', '/v1/devices/../tokens', 'http://localhost/v1/devices', '*', '/__proto__', '/constructor']) {
      expectProblem(await ask(port, 'GET', path, { token: factory }), 'route_not_found');
    }
  });

  test('parameters in path and query are checked', async () => {
    expectProblem(await ask(port, 'GET', '/v1/devices/%zz', { token: factory }), 'invalid_input');
    expectProblem(await ask(port, 'GET', '/v1/devices/nonsense', { token: factory }), 'invalid_input');
    for (const query of ['limit=0', 'limit=1001', 'limit=1e3', 'limit=', 'limit=1&limit=2', 'colour=red', 'state=lost', 'after=%00', 'after=nonsense', '__proto__=1', 'model=%0a']) {
      expectProblem(await ask(port, 'GET', `/v1/devices?${query}`, { token: factory }), 'invalid_input');
    }
    expect((await ask(port, 'GET', '/v1/devices?limit=10&model=a%20b', { token: factory })).status).toBe(200);
  });
});

describe('tokens', () => {
  test('without a good one nothing is read or told', async () => {
    const body = JSON.stringify({ ssid: 'setup' });
    const basic = { Authorization: `Basic ${Buffer.from('a:b').toString('base64')}` };
    for (const parts of [{}, { token: '' }, { token: 'lk_factory_x' }, { token: `lk_factory_${randomBytes(16).toString('base64url')}` }, { token: `${factory}x` }, { headers: basic }]) {
      expectProblem(await ask(port, 'POST', '/v1/devices', { ...parts, body }), 'unauthorized');
    }
    expectProblem(await ask(port, 'POST', '/v1/devices', { body: '{' }), 'unauthorized');
  });

  test('a role may ask only what is its', async () => {
    for (const [token, method, path] of [
      [ap, 'GET', '/v1/devices'], [ap, 'POST', '/v1/devices'], [factory, 'POST', '/v1/verifications'], [factory, 'GET', '/v1/audit'],
      [factory, 'POST', '/v1/enroll-codes'], [factory, 'GET', '/v1/tokens'], [factory, 'GET', '/v1/grants'], [ap, 'POST', '/v1/grants/x/revoke'],
    ] as const) {
      expectProblem(await ask(port, method, path, { token }), 'forbidden');
    }
  });

  test('a revoked one is refused from the next request on, on a kept connection too', async () => {
    const { secret, token } = await running.enroll('factory');
    const admin = (await running.enroll('admin')).secret;
    const connection = await RawConnection.open(port);
    const whoami = requestBytes('GET', '/v1/whoami', { token: secret });
    expect((await connection.send(whoami).reply())?.status).toBe(200);
    expect((await ask(port, 'POST', `/v1/tokens/${token.id}/revoke`, { token: admin })).status).toBe(200);
    expectProblem(await connection.send(whoami).reply(), 'unauthorized');
    connection.socket.destroy();
  });

  test('the scheme is written in any case', async () => {
    expect((await ask(port, 'GET', '/v1/whoami', { headers: { Authorization: `bearer ${ap}` } })).status).toBe(200);
  });
});

test('an answer to HEAD is that to GET without its body', async () => {
  const connection = await RawConnection.open(port);
  const head = await connection.send(requestBytes('HEAD', '/healthz')).reply({ toHead: true });
  const get = await connection.send(requestBytes('GET', '/healthz')).reply();
  connection.socket.destroy();
  expect(head).toMatchObject({ status: 200, body: '' });
  expect(get).toMatchObject({ status: 200, body: '{"status":"ok"}' });
  expect(head?.headers.get('content-length')).toBe(get?.headers.get('content-length'));
});

test('every answer names its request', async () => {
  const ids = await Promise.all(Array.from({ length: 5 }, async () => (await ask(port, 'GET', '/nowhere')).headers.get('x-request-id')));
  expect(new Set(ids).size).toBe(5);
  const refused = await ask(port, 'GET', '/nowhere');
  expect(JSON.parse(refused.body)).toMatchObject({ instance: `urn:latchkey:request:${refused.headers.get('x-request-id')}` });
});
