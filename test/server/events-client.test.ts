import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { EventsClient } from '../../src/client/events-client.ts';
import { HttpClient } from '../../src/client/http-client.ts';
import { LatchkeyError } from '../../src/domain/errors.ts';
import type { LiveEvents } from '../../src/roles/events/ports.ts';
import { Authority, type Certificate } from './certificates.ts';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

/** A server that answers as it is told, one answer after the other and the last for ever; what each was asked to go on after. */
async function serve(answers: Answer[], tls?: Certificate): Promise<{ port: number; asked: (string | undefined)[] }> {
  const asked: (string | undefined)[] = [];
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    asked.push(request.headers['last-event-id'] as string | undefined);
    (answers.length > 1 ? answers.shift()! : answers[0]!)(response, request);
  };
  const server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({ close: () => { server.closeAllConnections(); server.close(); } });
  return { port: (server.address() as AddressInfo).port, asked };
}

function client(port: number, idleMs?: number, scheme = 'http'): EventsClient {
  const http = new HttpClient({ url: `${scheme}://127.0.0.1:${port}`, timeoutMs: 5_000 });
  open.push(http);
  return new EventsClient(http, idleMs);
}

const begin = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
const block = (number: number, kind = 'fee.set') =>
  `id: ${number}\nevent: ${kind}\ndata: ${JSON.stringify({ number, kind, at: '2026-11-25T08:00:00.123Z', detail: { request_id: 'req_1' } })}\n\n`;
/** The first retry is soon, for the tests' sake. */
const says = (...texts: string[]): Answer => (response) => void begin(response).write(`retry: 5\n\n${texts.join('')}`);
const ends = (...texts: string[]): Answer => (response) => void begin(response).end(`retry: 5\n\n${texts.join('')}`);
const problem = (status: number, code: string, headers: Record<string, string> = {}): Answer => (response) =>
  void response.writeHead(status, { 'content-type': 'application/problem+json', ...headers }).end(JSON.stringify({ type: `urn:latchkey:error:${code}`, title: 't', status, code, detail: 'words' }));

/** What is heard until the event with that number. */
async function hear(from: EventsClient, until: number, after?: number): Promise<LiveEvents[]> {
  const leaving = new AbortController();
  const steps: LiveEvents[] = [];
  for await (const found of from.follow(after, leaving.signal)) {
    steps.push(found);
    if (found.last >= until) leaving.abort();
  }
  return steps;
}

const numbers = (steps: readonly LiveEvents[]) => steps.flatMap(({ events }) => events.map(({ number }) => number));

test('it goes on after the last that it heard, however the connection was lost', async () => {
  const { port, asked } = await serve([
    ends('id: 6\n\n'),
    ends(block(7), block(8)),
    (response) => void begin(response).write(`${block(9)}id: 10\nevent: fee.set\nda`, () => response.destroy()),
    // Said to be over by the connection alone.
    (response) => void begin(response).write(block(10).slice(0, 20), () => response.socket!.end()),
    problem(503, 'server_unavailable', { 'retry-after': '0' }),
    (_response, request) => void request.socket.resetAndDestroy(),
    problem(503, 'storage_unavailable'),
    says('id: 9\n\n', block(10), block(11)),
  ]);
  expect(numbers(await hear(client(port), 11))).toEqual([7, 8, 9, 10, 11]);
  expect(asked).toEqual([undefined, '6', '8', '9', '9', '9', '9', '9']);
}, 60_000);

test('a connection on which nothing comes any more is given up', async () => {
  const { port, asked } = await serve([says(block(1)), says(block(2))]);
  expect(numbers(await hear(client(port, 200), 2, 0))).toEqual([1, 2]);
  expect(asked).toEqual(['0', '1']);
});

test('one that shows that it lives is not', async () => {
  const { port, asked } = await serve([(response) => {
    says(block(1))(response, undefined as never);
    let beats = 0;
    const beating = setInterval(() => {
      beats += 1;
      response.write(beats < 40 ? ':\n\n' : block(2));
      if (beats === 40) clearInterval(beating);
    }, 50);
  }]);
  expect(numbers(await hear(client(port, 1_500), 2, 0))).toEqual([1, 2]);
  expect(asked).toEqual(['0']);
});

test('a gap is told, and kinds that a later version has are passed over', async () => {
  const { port } = await serve([says('id: 3\nevent: gap\ndata: {"last":3}\n\n', block(4, 'later.kind'), block(5))]);
  expect((await hear(client(port), 5, 1)).map(({ events, last, isGap }) => [events.length, last, isGap])).toEqual([[0, 3, true], [1, 5, false]]);
});

test.each<[string, Answer, string]>([
  ['a token that is none any more', problem(401, 'unauthorized'), 'unauthorized'],
  ['a role that may not', problem(403, 'forbidden'), 'forbidden'],
  ['a portal’s page', (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'), 'bad_reply'],
  ['an id that is no number', ends('id: x\n\n'), 'bad_reply'],
  ['data that is no event', ends('id: 1\nevent: fee.set\ndata: {}\n\n'), 'bad_reply'],
  ['a block without end', (response) => void begin(response).end('data: x\n'.repeat(300_000)), 'bad_reply'],
])('%s ends it', async (_what, answer, code) => {
  const { port, asked } = await serve([answer]);
  await expect(hear(client(port), 1, 0)).rejects.toMatchObject({ code });
  expect(asked).toHaveLength(1);
});

test('a certificate that is not trusted ends it', async () => {
  const { port } = await serve([says(block(1))], new Authority().server());
  await expect(hear(client(port, undefined, 'https'), 1)).rejects.toBeInstanceOf(LatchkeyError);
  await expect(hear(client(port, undefined, 'https'), 1)).rejects.toMatchObject({ code: 'certificate_invalid' });
});

test('it ends with its signal while it waits, be it for the server or for the next try', async () => {
  const { port, asked } = await serve([says('id: 1\n\n'), problem(503, 'server_unavailable', { 'retry-after': '3600' })]);
  for (let count = 0; count < 2; count += 1) {
    const leaving = new AbortController();
    const left = (async () => {
      for await (const _found of client(port).follow(1, leaving.signal)) leaving.abort();
    })();
    while (asked.length <= count) await new Promise((resolve) => setImmediate(resolve));
    leaving.abort();
    await left;
  }
});

test('asked once, it says what there is, or what comes while it waits', async () => {
  const { port } = await serve([says('id: 4\n\n'), says('id: 4\n\n'), says('id: 4\n\n', block(5)), problem(503, 'server_unavailable')]);
  const from = client(port);
  expect(await from.events(undefined, 0)).toEqual({ events: [], last: 4, isGap: false });
  expect(await from.events(4, 20)).toEqual({ events: [], last: 4, isGap: false });
  expect(numbers([await from.events(4, 60_000)])).toEqual([5]);
  await expect(from.events(4, 0)).rejects.toMatchObject({ code: 'server_unavailable' });
});
