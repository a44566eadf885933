import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { routes } from '../../src/api/routes.ts';
import { HttpClient, type HttpClientOptions } from '../../src/client/http-client.ts';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { Authority, type Certificate } from './certificates.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

/** A server that answers as it is told, one answer after the other and the last for ever. */
async function serve(answers: Answer[], tls?: Certificate): Promise<{ port: number; seen: IncomingMessage[] }> {
  const seen: IncomingMessage[] = [];
  const onRequest: Answer = (request, response) => {
    seen.push(request);
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
    request.resume().on('end', () => answer(request, response));
  };
  const server: Server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({ close: () => { server.closeAllConnections(); server.close(); } });
  return { port: (server.address() as AddressInfo).port, seen };
}

function client(port: number, options: Partial<HttpClientOptions> = {}): HttpClient {
  const made = new HttpClient({ url: `http://127.0.0.1:${port}`, timeoutMs: 5_000, ...options });
  open.push(made);
  return made;
}

async function failure(work: Promise<unknown>): Promise<LatchkeyError> {
  return work.then(
    () => expect.fail('it worked'),
    (error: unknown) => (error instanceof LatchkeyError ? error : expect.fail(String(error))),
  );
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => (_request, response) =>
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body));
const problem = (status: number, code: string, headers: Record<string, string> = {}): Answer =>
  json(status, { type: `urn:latchkey:error:${code}`, title: 't', status, code, detail: 'words' }, { 'content-type': 'application/problem+json', ...headers });
const self = json(200, { ap_id: 'ap_1', name: 'hall' });
const reset: Answer = (request) => request.socket.resetAndDestroy();

describe('what cannot be reached', () => {
  test('refuses, and is tried again only for a moment', async () => {
    const { port } = await serve([self]);
    await open.pop()!.close();
    const startedAt = performance.now();
    const refused = failure(client(port, { timeoutMs: 60_000 }).call(routes.showSelf, {}));
    expect(await refused).toMatchObject({ code: 'remote_unreachable', exit: 6 });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  test('a name that nobody has', async () => {
    const http = client(0, { url: 'https://latchkey.invalid' });
    expect((await failure(http.call(routes.showSelf, {}))).code).toBe('remote_unreachable');
  });

  test('a connection that breaks is made again', async () => {
    const { port, seen } = await serve([reset, reset, self]);
    expect(await client(port).call(routes.showSelf, {})).toEqual({ ap_id: 'ap_1', name: 'hall' });
    expect(seen).toHaveLength(3);
  });

  test('no answer in time', async () => {
    const { port } = await serve([() => {}]);
    expect(await failure(client(port, { timeoutMs: 200 }).call(routes.showSelf, {}))).toMatchObject({ code: 'timed_out', exit: 8 });
  });

  test('a body that stops half-way', async () => {
    const { port } = await serve([(_request, response) => response.writeHead(200, { 'content-length': '100' }).write('{')]);
    expect((await failure(client(port, { timeoutMs: 200 }).call(routes.showSelf, {}))).code).toBe('timed_out');
  });

  test('who is called off stops at once', async () => {
    const { port, seen } = await serve([() => {}]);
    const call = new AbortController();
    const failed = failure(client(port).call(routes.listChanges, { query: { revision: 0 }, signal: call.signal }));
    await expect.poll(() => seen.length).toBe(1);
    call.abort();
    expect((await failed).code).toBe('interrupted');
  });
});

test('who closes the client ends its calls', async () => {
  const { port, seen } = await serve([() => {}]);
  const http = client(port);
  const failed = failure(http.call(routes.listChanges, { query: { revision: 0 } }));
  await expect.poll(() => seen.length).toBe(1);
  await http.close();
  expect((await failed).code).toBe('interrupted');
});

describe('certificates', () => {
  const authority = new Authority();
  const attempt = async (tls: Certificate, options: Partial<HttpClientOptions>) => {
    const { port } = await serve([self], tls);
    return client(port, { url: `https://127.0.0.1:${port}`, ...options }).call(routes.showSelf, {});
  };

  test('of the named authority are good', async () => {
    expect(await attempt(authority.server(), { ca: authority.cert })).toEqual({ ap_id: 'ap_1', name: 'hall' });
  });

  test.each([
    ['of an authority that nobody named', () => attempt(authority.server(), {})],
    ['of another authority', () => attempt(authority.server(), { ca: new Authority().cert })],
    ['for another name', () => attempt(authority.server({ names: ['latchkey.example'] }), { ca: authority.cert })],
    ['past their time', () => attempt(authority.server({ from: -20, until: -10 }), { ca: authority.cert })],
    ['before their time', () => attempt(authority.server({ from: 10, until: 20 }), { ca: authority.cert })],
  ])('%s are refused, once', async (_name, work) => {
    expect(await failure(work())).toMatchObject({ code: 'certificate_invalid', exit: 6 });
  });

  test('a plain server where there should be TLS speaks another protocol', async () => {
    const { port } = await serve([self]);
    const http = client(port, { url: `https://127.0.0.1:${port}` });
    expect((await failure(http.call(routes.showSelf, {}))).code).toBe('bad_reply');
  });
});

describe('refusals', () => {
  test('come back as the error that they were', async () => {
    const { port } = await serve([problem(409, 'already_decided')]);
    const error = await failure(client(port).call(routes.showGrant, { params: { id: 'grt_1' } }));
    expect(error).toMatchObject({ code: 'already_decided', message: 'words', exit: 5 });
  });

  test('who says "at once" again and again is not asked any faster', async () => {
    const { port, seen } = await serve([problem(503, 'server_unavailable', { 'retry-after': '0' })]);
    const error = await failure(client(port, { timeoutMs: 1_000 }).call(routes.showSelf, {}));
    expect(error).toMatchObject({ code: 'server_unavailable' });
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.length).toBeLessThan(10);
  });

  test('with a time to come again are waited for, as long as there is time', async () => {
    const { port, seen } = await serve([problem(503, 'storage_locked', { 'retry-after': '0' }), problem(429, 'rate_limited', { 'retry-after': '0' }), self]);
    expect(await client(port).call(routes.showSelf, {})).toMatchObject({ name: 'hall' });
    expect(seen).toHaveLength(3);
    const slow = await serve([problem(503, 'server_unavailable', { 'retry-after': '60' })]);
    const error = await failure(client(slow.port).call(routes.showSelf, {}));
    expect(error).toMatchObject({ code: 'server_unavailable', retryAfter: 60 });
    expect(slow.seen).toHaveLength(1);
  });

  test('of something before the server are told from its own', async () => {
    const { port } = await serve([json(503, '<html>', { 'content-type': 'text/html' }), json(404, '<html>', { 'content-type': 'text/html' })]);
    const http = client(port);
    expect((await failure(http.call(routes.showSelf, {}))).code).toBe('server_unavailable');
    expect((await failure(http.call(routes.showSelf, {}))).code).toBe('bad_reply');
  });
});

describe('replies that make no sense', () => {
  test.each<[string, Answer]>([
    ['no JSON', json(200, '{')],
    ['another shape', json(200, { ap_id: 7 })],
    ['another media type', json(200, { ap_id: 'ap_1', name: 'x' }, { 'content-type': 'text/html' })],
    ['another success', json(201, { ap_id: 'ap_1', name: 'x' })],
    ['a redirection', json(302, '', { location: 'http://127.0.0.1:1/' })],
    ['a problem without its members', json(400, {}, { 'content-type': 'application/problem+json' })],
    ['a code that nobody knows', problem(418, 'teapot')],
    ['a code of the prototype', problem(400, 'toString')],
    ['no HTTP', (request) => request.socket.end('220 smtp.example ESMTP\r\n')],
  ])('%s', async (_name, answer) => {
    const { port } = await serve([answer]);
    expect(await failure(client(port).call(routes.showSelf, {}))).toMatchObject({ code: 'bad_reply', exit: 6 });
  });

  test('what a newer server says more is passed over', async () => {
    const { port } = await serve([json(200, { ap_id: 'ap_1', name: 'hall', mood: 'good' })]);
    expect(await client(port).call(routes.showSelf, {})).toMatchObject({ name: 'hall' });
  });

  test('what it says is not repeated in the error', async () => {
    const { port } = await serve([json(200, { ap_id: 'hunter2 hunter2', name: 'x' })]);
    expect((await failure(client(port).call(routes.showSelf, {}))).message).not.toContain('hunter2');
  });
});

describe('repeats', () => {
  test('carry the same key, made if none is given, and others another', async () => {
    const { port, seen } = await serve([reset, json(204, '')]);
    const http = client(port, { token: 'lk_ap_x' });
    const body = { attempts: [] };
    await http.call(routes.addAttempts, { body });
    await http.call(routes.addAttempts, { body });
    await http.call(routes.addAttempts, { body, idempotencyKey: 'mine' });
    const [first, second, third, fourth] = seen.map(({ headers }) => headers['idempotency-key']);
    expect(first).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
    expect(fourth).toBe('mine');
    expect(seen.every(({ headers }) => headers.authorization === 'Bearer lk_ap_x')).toBe(true);
  });

  test('reads have no key', async () => {
    const { port, seen } = await serve([self]);
    await client(port).call(routes.showSelf, {});
    expect(seen[0]?.headers['idempotency-key']).toBeUndefined();
  });
});

test('parameters are written so that nothing in them leads elsewhere', async () => {
  const { port, seen } = await serve([problem(404, 'grant_not_found')]);
  await failure(client(port, { url: `http://127.0.0.1:${port}/latchkey/` }).call(routes.showGrant, { params: { id: '../tokens?a=b#c' } }));
  expect(seen[0]?.url).toBe('/latchkey/v1/grants/..%2Ftokens%3Fa%3Db%23c');
});

test('tokens go over plain http to this machine alone', () => {
  const make = (url: string, allowInsecureHttp = false) => () => new HttpClient({ url, allowInsecureHttp });
  for (const url of ['http://192.0.2.1', 'http://latchkey.example', 'ftp://127.0.0.1', 'nonsense', 'https://user:pass@x.example', 'https://x.example?a=b']) {
    expect(make(url)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  }
  for (const url of ['http://localhost:8420', 'http://[::1]:8420', 'https://latchkey.example/prefix']) {
    expect(make(url)).not.toThrow();
  }
  expect(make('http://10.0.0.5:8420', true)).not.toThrow();
});

test('the clock of the server is compared with this machine’s, as far as the second in a Date and the way there and back let it', async () => {
  const ahead = async (date: string | undefined) => {
    const heard: number[] = [];
    const dated: Answer = (request, response) => {
      response.sendDate = false;
      if (date !== undefined) response.setHeader('date', date);
      self(request, response);
    };
    const { port } = await serve([dated]);
    await client(port, { onClock: (aheadMs) => heard.push(aheadMs) }).call(routes.showSelf, {});
    return heard;
  };
  const at = (ms: number) => new Date(Date.now() + ms).toUTCString();
  expect([await ahead(at(0)), await ahead(undefined), await ahead('noon')]).toEqual([[0], [0], [0]]);
  const [[behind = 0], [before = 0]] = [await ahead(at(-600_000)), await ahead(at(600_000))];
  expect([Math.abs(behind - 600_000) < 5_000, Math.abs(before + 600_000) < 5_000]).toEqual([true, true]);
});
