import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { Limits } from '../../src/server/limits.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { newEvent } from '../storage/samples.ts';
import { testSealer } from '../storage/sealer.ts';
import { withFault } from './faulty-store.ts';
import { expectProblem } from './problem-document.ts';
import { ask, RawConnection, requestBytes, type RequestParts } from './raw-http.ts';
import { startServer, type RunningServer } from './running-server.ts';

let running: RunningServer;
afterEach(() => running.stop());

async function start(limits: Partial<Limits> = {}): Promise<{ token: string; id: string }> {
  running = await startServer({ limits });
  return enroll();
}

async function enroll(): Promise<{ token: string; id: string }> {
  const { secret, token } = await running.enroll('terminal');
  return { token: secret, id: token.id };
}

function tell(id: string, count = 1, detail: Record<string, string> = {}): Promise<void> {
  return running.store.events.append(Array.from({ length: count }, () => newEvent(id, { at: new Date(), detail })));
}

/** A connection on which a stream was asked for, and what comes over it. */
class Listening {
  readonly connection: RawConnection;
  text = '';
  isClosed = false;
  #look = () => {};

  constructor(connection: RawConnection) {
    this.connection = connection;
    connection.socket.on('data', (text: string) => {
      this.text += text;
      this.#look();
    });
    connection.socket.on('close', () => {
      this.isClosed = true;
      this.#look();
    });
  }

  static async open(parts: RequestParts): Promise<Listening> {
    const listening = new Listening(await RawConnection.open(running.port));
    listening.connection.send(requestBytes('GET', '/v1/events', parts));
    return listening;
  }

  async until(isSo: (text: string) => boolean): Promise<void> {
    while (!isSo(this.text)) {
      expect(this.isClosed, this.text.slice(-300)).toBe(false);
      await new Promise<void>((resolve) => { this.#look = resolve; });
    }
  }

  async closed(): Promise<void> {
    while (!this.isClosed) {
      await new Promise<void>((resolve) => { this.#look = resolve; });
    }
  }

  begun(): Promise<void> {
    return this.until((text) => text.includes('id: '));
  }

  get ids(): number[] {
    // A line that was cut off is none.
    return [...this.text.matchAll(/^id: (\d+)\n/gm)].map(([, id]) => Number(id));
  }
}

/** How many the server says are open. */
async function openStreams(): Promise<number> {
  const { body } = await ask(running.port, 'GET', '/metrics');
  return Number(/^latchkey_event_streams (\d+)$/m.exec(body)?.[1]);
}

/** Until what nobody is told of has happened. */
async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await delay(10);
}

test('a stream is as the standard has it', async () => {
  const { token, id } = await start();
  await tell(id, 2);
  const listening = await Listening.open({ token, headers: { 'Last-Event-ID': '1' } });
  await listening.until((text) => text.includes('id: 2'));
  const [head = '', body = ''] = listening.text.split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1.1 200 OK\r\nX-Request-Id: /);
  expect(head).toContain('\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n');
  const blocks = body.replaceAll(/\r\n|^[0-9a-f]+$/gm, '').split('\n\n').map((block) => block.trim());
  expect(blocks[0]).toMatch(/^retry: [12][0-9]{3}$/);
  const [idLine, kindLine, dataLine = ''] = blocks[1]!.split('\n');
  expect([idLine, kindLine]).toEqual(['id: 2', 'event: fee.set']);
  expect(JSON.parse(dataLine.slice('data: '.length))).toMatchObject({ number: 2, kind: 'fee.set', detail: {} });
  listening.connection.socket.destroy();
  await eventually(async () => (await openStreams()) === 0);
});

test('what is no number is no Last-Event-ID, an empty one is none', async () => {
  const { token, id } = await start();
  for (const lastEventId of ['x', '-1', '1.5', '01', '9007199254740993', '1e3']) {
    expectProblem(await ask(running.port, 'GET', '/v1/events', { token, headers: { 'Last-Event-ID': lastEventId } }), 'invalid_input');
  }
  await tell(id, 3);
  const listening = await Listening.open({ token, headers: { 'Last-Event-ID': '' } });
  await listening.begun();
  expect(listening.ids).toEqual([3]);
  listening.connection.socket.destroy();
});

test('a token is needed, and one of a terminal', async () => {
  await start();
  expectProblem(await ask(running.port, 'GET', '/v1/events'), 'unauthorized');
  expectProblem(await ask(running.port, 'GET', '/v1/events', { token: (await running.enroll('owner')).secret }), 'forbidden');
});

test('who asks for the head alone gets that', async () => {
  const { token } = await start();
  const connection = await RawConnection.open(running.port);
  const reply = await connection.send(requestBytes('HEAD', '/v1/events', { token })).reply({ toHead: true });
  expect(reply?.status).toBe(200);
  expect(await openStreams()).toBe(0);
  connection.socket.destroy();
});

test('while nothing happens it shows that it lives, for longer than a connection may be silent', async () => {
  const { token, id } = await start({ heartbeatMs: 20, silenceMs: 100 });
  const listening = await Listening.open({ token });
  await listening.until((text) => text.split('\n:\n\n').length > 10);
  await tell(id);
  await listening.until((text) => text.includes('event: fee.set'));
  listening.connection.socket.destroy();
});

test('a stop ends streams at once, with all that was sent before', async () => {
  const { token, id } = await start();
  const listening = await Promise.all(Array.from({ length: 10 }, () => Listening.open({ token, headers: { 'Last-Event-ID': '0' } })));
  await tell(id, 5);
  await Promise.all(listening.map((each) => each.until((text) => text.includes('id: 5\n'))));
  const before = performance.now();
  await running.server.stop(60_000);
  await Promise.all(listening.map((each) => each.closed()));
  expect(performance.now() - before).toBeLessThan(5_000);
  for (const each of listening) {
    expect(each.ids.filter((number) => number > 0)).toEqual([1, 2, 3, 4, 5]);
    // The end of chunked coding (RFC 9112, 7.1): ended, not cut.
    expect(each.text.endsWith('0\r\n\r\n')).toBe(true);
  }
});

test('a token of which the revocation is known is told nothing more', async () => {
  const [{ token, id }, other] = [await start(), await enroll()];
  const [listening, staying] = [await Listening.open({ token }), await Listening.open({ token: other.token })];
  await Promise.all([listening.begun(), staying.begun()]);
  await running.store.tokens.revoke(id, new Date());
  await listening.closed();
  await tell(id);
  await tell(other.id);
  await staying.until((text) => text.includes('event: fee.set'));
  expect(listening.text).not.toContain('event: ');
  expectProblem(await ask(running.port, 'GET', '/v1/events', { token }), 'unauthorized');
  staying.connection.socket.destroy();
});

test('one too many of a token waits, and so does one too many of all', async () => {
  const [{ token }, other, third] = [await start({ streamsPerToken: 2, streams: 3 }), await enroll(), await enroll()];
  const open = await Promise.all([token, token, other.token].map((each) => Listening.open({ token: each })));
  await Promise.all(open.map((each) => each.begun()));
  const refused = await ask(running.port, 'GET', '/v1/events', { token });
  expectProblem(refused, 'rate_limited');
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  const full = await ask(running.port, 'GET', '/v1/events', { token: third.token });
  expectProblem(full, 'server_unavailable');
  expect(Number(full.headers.get('retry-after'))).toBeGreaterThan(0);
  open[0]!.connection.socket.destroy();
  await eventually(async () => (await openStreams()) === 2);
  const later = await Listening.open({ token });
  await later.begun();
  [...open, later].forEach(({ connection }) => connection.socket.destroy());
});

test('who reads slowly is not read ahead for, and is cut off in the end', async () => {
  const store = await openMemoryStore(testSealer());
  let reads = 0;
  const watched = withFault(store, 'events', 'after', (read) => {
    reads += 1;
    return read();
  });
  running = await startServer({ store: watched, limits: { slowReaderMs: 300, heartbeatMs: 20 } });
  const { token, id } = await enroll();
  const pages = 400;
  for (let page = 0; page < pages; page++) await tell(id, 100, { padding: 'x'.repeat(400) });
  const listening = await Listening.open({ token, headers: { 'Last-Event-ID': '0' } });
  await listening.until((text) => text.includes('id: 1\n'));
  listening.connection.socket.pause();
  await eventually(async () => (await openStreams()) === 0);
  expect(reads).toBeLessThan(pages / 2);
  listening.connection.socket.resume();
  await listening.closed();
  const { ids } = listening;
  expect(ids).toEqual(Array.from({ length: ids.length }, (_, index) => index + 1));
}, 60_000);

test('who reads slowly and goes on in time gets all', async () => {
  const { token, id } = await start({ slowReaderMs: 60_000 });
  for (let page = 0; page < 200; page++) await tell(id, 100, { padding: 'x'.repeat(400) });
  const listening = await Listening.open({ token, headers: { 'Last-Event-ID': '0' } });
  await listening.until((text) => text.includes('id: 1\n'));
  listening.connection.socket.pause();
  await delay(100);
  listening.connection.socket.resume();
  await listening.until((text) => text.includes('id: 20000\n'));
  listening.connection.socket.destroy();
}, 60_000);

test('a database that fails before the stream begins is a problem, and later it cuts the stream off', async () => {
  const store = await openMemoryStore(testSealer());
  let isBroken = true;
  const broken = (read: () => Promise<unknown>) => (isBroken ? Promise.reject(new Error('gone')) : read());
  running = await startServer({ store: withFault(withFault(store, 'events', 'range', broken), 'events', 'after', broken) });
  const { token, id } = await enroll();
  expectProblem(await ask(running.port, 'GET', '/v1/events', { token }), 'internal');
  expect(await openStreams()).toBe(0);
  isBroken = false;
  const listening = await Listening.open({ token });
  await listening.begun();
  expect(await openStreams()).toBe(1);
  isBroken = true;
  await tell(id);
  await listening.closed();
  expect(listening.text.endsWith('0\r\n\r\n')).toBe(false);
  expect(await openStreams()).toBe(0);
});
